"""The figures on a terminal: tables, and bars where people would rather look than read."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Literal

from rich.console import Console
from rich.table import Table

from dispatcher.figures import DEFINITIONS, LATENCIES, Figures, Kpi, Quantiles, wording
from dispatcher.figures.answers import ByDimension, Compared, Latency
from dispatcher.figures.meanings import name_of
from dispatcher.figures.naming import TOTAL, label, title
from dispatcher.figures.telling import parts_of, value_of
from dispatcher.figures.windows import Window
from dispatcher.figures.wording import Lang
from dispatcher.words import DispatchState

CORE = ("persons", "sms_delivered", "call_answered", "met", "coverage", "dissuaded_provisional", "missed_contact")
"""What a table by dimension has room for beside the alerts, unless figures are named."""

WIDTH = 24
EIGHTHS = " ▏▎▍▌▋▊▉"


def bar(part: float, whole: float, width: int = WIDTH) -> str:
    """`part` of `whole` as a bar, to an eighth of a letter; whatever is more than nothing is seen."""
    if not part or not whole:
        return ""
    eighths = max(1, round(min(part / whole, 1) * width * 8))
    return "█" * (eighths // 8) + EIGHTHS[eighths % 8].strip()


def print_figures(console: Console, counted: Figures, lang: Lang = Lang.ZH) -> None:
    """Alerts, dispatches by channel and state, and the KPIs with what they were made of."""
    print_alerts(console, counted, lang)
    print_kpis(console, counted.kpi, lang)


def print_alerts(console: Console, counted: Figures, lang: Lang = Lang.ZH) -> None:
    """How many alerts, cases and dispatches, and where they stand."""
    told = {name: wording.count(number, lang) for name, number in counted.alerts.items()}
    console.print(
        f"\n[bold]alerts[/bold]  received {told['received']} · joined a case {told['merged']} · "
        f"persons {told['persons']} · refused {told['refused']}\n"
        f"[bold]cases[/bold]   closed {told['closed']} · open {told['open']} "
        f"(of these temp_unreachable 暂时找不到 {told['temp_unreachable']}) · "
        f"follow-ups due {told['follow_ups_due']}"
    )
    table = _table("dispatches", ("channel", "left"), *((state.value, "right") for state in DispatchState))
    for channel, states in counted.dispatches.items():
        table.add_row(channel, *(wording.count(states[state.value], lang) for state in DispatchState))
    console.print(table)


def print_kpis(console: Console, kpis: Mapping[str, Kpi], lang: Lang = Lang.ZH) -> None:
    """Each figure with its value, a bar where it is a share, and its parts."""
    table = _table("figures", ("id", "left"), ("", "left"), ("value", "right"), ("", "left"), ("of", "right"))
    for name, kpi in kpis.items():
        share = kpi.value if DEFINITIONS[name].kind == "share" else None
        shown = bar(share or 0, 1, 12)
        table.add_row(name, name_of(name, lang), value_of(name, kpi, lang), shown, parts_of(name, kpi, lang))
    console.print(table)


def print_by(console: Console, answer: ByDimension, names: Sequence[str], lang: Lang = Lang.ZH) -> None:
    """A row for each value, the first figure as a bar too; the total is no sum where persons are counted."""
    first, *others = names
    heads = [(title(answer.dimension, lang), "left"), (name_of(first, lang), "right"), ("", "left")]
    table = _table("figures", *heads, *((name_of(name, lang), "right") for name in others))
    most = max((cells[first].value or 0 for cells in answer.rows.values()), default=0)
    for key, cells in answer.rows.items():
        told = [value_of(name, cells[name], lang) for name in others]
        shown = bar(cells[first].value or 0, most, 16)
        table.add_row(label(answer.dimension, key, lang), value_of(first, cells[first], lang), shown, *told)
    table.add_section()
    told = [value_of(name, answer.total[name], lang) for name in others]
    table.add_row(TOTAL[lang is Lang.EN], value_of(first, answer.total[first], lang), "", *told)
    console.print(table)


def print_compared(console: Console, answer: Compared, lang: Lang = Lang.ZH) -> None:
    """Each figure beside a year earlier and the window just before; a share's change in points too."""
    found = answer.comparison
    for name, window in (
        ("now 本期", found.window),
        ("year before 去年同期", found.year),
        ("before 上期", found.before),
    ):
        console.print(f"[bold]{name}[/bold]  {_window(window)}")
    heads = ("year before", "同比", "before", "环比")
    table = _table("compared", ("", "left"), ("value", "right"), *((head, "right") for head in heads))
    for name, one in found.rows.items():
        cells = [name_of(name, lang), value_of(name, one.now, lang)]
        for beside in (one.year, one.before):
            moved = wording.growth(beside.change.growth)
            if beside.change.points is not None:
                moved += f" ({wording.points(beside.change.points, lang)})"
            cells += [value_of(name, beside.kpi, lang), moved]
        table.add_row(*cells)
    console.print(table)


def print_latency(console: Console, answer: Latency, lang: Lang = Lang.ZH) -> None:
    """Within how long half, nine in ten and 99 in 100 were answered."""
    columns = (title(answer.dimension, lang), "p50", "p90", "p99", "cases")
    table = _table("response", ("", "left"), *((name, "right") for name in columns))
    for what, rows in answer.rows.items():
        name = LATENCIES[what][0] if lang is Lang.ZH else what.removesuffix("_ms")
        for key, found in rows.items():
            table.add_row(name, label(answer.dimension, key, lang), *_times(found, lang))
        if what in answer.total:
            table.add_row(name, TOTAL[lang is Lang.EN], *_times(answer.total[what], lang), style="bold")
    console.print(table)


def _times(found: Quantiles, lang: Lang) -> Iterable[str]:
    for one in (found.p50, found.p90, found.p99):
        yield wording.seconds(None if one is None else one / 1000, lang)
    yield wording.count(found.count, lang)


def _window(window: Window) -> str:
    return f"{wording.instant(window.since)} – {wording.instant(window.until)}"


def _table(name: str, *columns: tuple[str, str]) -> Table:
    table = Table(title=name, title_justify="left")
    for head, justify in columns:
        side: Literal["left", "right"] = "right" if justify == "right" else "left"
        table.add_column(head, justify=side)
    return table
