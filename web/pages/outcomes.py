"""Outcomes: from the alert to the person dissuaded, by channel, level, place, type, hour; late and missed; money."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Any

from fastapi.responses import Response
from sqlalchemy import Connection, select

from dispatcher import tables
from dispatcher.figures import count, count_each, lag
from dispatcher.figures.scope import Scope
from dispatcher.figures.table import Key, Kpi
from dispatcher.figures.windows import Window, change, year_before
from dispatcher.plan import LOCAL
from web.pages import latency, report
from web.pages.asking import Asking
from web.pages.charts import Bar, columns, lines
from web.pages.filters import CHOICES, Chosen, chosen
from web.pages.rendering import html, region_name, regions
from web.pages.showing import Shown, shown
from web.pages.words import called, say

HEAD = ("alerts", "persons", "coverage", "dissuaded_provisional", "kept_from_fraud", "money_dissuaded")
FUNNEL = ("persons", "coverage", "dissuaded_provisional", "sms_delivered", "call_answered", "met")
LATE: tuple[str, ...] = (
    *("pushed_on_time", "sign_in_on_time", "sign_in_late", "sign_in_missed", "feedback_on_time", "met_on_time"),
    *("missed_contact", "late_on_arrival"),
)
MONEY = ("money_defrauded", "money_dissuaded", "money_stopped")
BY_ROW = ("alerts", "coverage", "dissuaded_provisional", "missed_contact")
WHOLE = tuple(dict.fromkeys(HEAD + FUNNEL + LATE + MONEY))
PLACES = ("prefecture", "county")
MONTHS_FROM = timedelta(days=62)
"""A longer window is drawn by months."""

Counts = Mapping[Key, Mapping[str, Kpi]]


@dataclass(frozen=True, slots=True)
class Row:
    """One value of a dimension; `down` leads into it.

    `listed`: the filters can name exactly what it counts. What lies in a region and in none below it cannot be named.
    """

    name: str
    down: str | None
    cells: list[Shown]
    part: float
    listed: bool


def show(asking: Asking) -> Response:
    """The page, for the window and filters of its address; it asks for response times when it is there."""
    with asking.house.store.read() as connection:
        wanted = chosen(asking, connection)
        scope, now = wanted.asked.scope, asking.now
        window = wanted.asked.window
        assert window is not None  # `chosen` always names one
        year = replace(scope, since=year_before(window).since, until=year_before(window).until)
        whole = count(connection, scope, kpis=WHOLE, now=now).whole
        before = count(connection, year, kpis=HEAD, now=now).whole
        below = _below(scope)
        places = count(connection, scope, kpis=BY_ROW, by=(below,), now=now).rows
        each = count_each(connection, scope, kpis=BY_ROW, dimensions=("level", "type"), now=now)
        hours = count(connection, scope, kpis=("alerts",), by=("hour",), now=now).rows  # no persons: sums alone
        told: dict[str, Any] = {
            "levels": _rows(asking, connection, wanted, "level", each["level"]),
            "places": _rows(asking, connection, wanted, below, places),
            "types": _rows(asking, connection, wanted, "type", each["type"]),
            "hours": _hours(asking, hours),
            "years": _years(asking, connection, scope, year, window),
            "lag": lag(connection, now).behind.total_seconds(),
        }
    cells = {name: shown(name, cell, asking.lang, wanted) for name, cell in whole.items()}
    return html(
        asking,
        "outcomes.html",
        chosen=wanted,
        window=window,
        choices=CHOICES,
        trail=_trail(asking, wanted),
        head=[(cells[name], _growth(whole[name], before[name], cells[name].is_share)) for name in HEAD],
        funnel=cells,
        late=[cells[name] for name in LATE],
        money=[cells[name] for name in MONEY],
        parts=_parts(whole),
        latency=wanted.link(latency.ADDRESS),
        report=_report(wanted),
        **told,
    )


def _report(wanted: Chosen) -> str | None:
    """The press's page of the same; none where more than a window and a place was chosen, of which it cannot tell."""
    return wanted.link("report") if set(wanted.given) <= set(report.TOLD_OF) else None


def _parts(whole: Mapping[str, Kpi]) -> dict[str, float | None]:
    """How much of all persons each step of the funnel still holds."""
    everybody = whole["persons"].numerator
    steps = {
        "called": whole["call_answered"].denominator,
        "reached": whole["coverage"].numerator,
        "dissuaded": whole["dissuaded_provisional"].numerator,
    }
    return {name: number / everybody if everybody else None for name, number in steps.items()}


def _below(scope: Scope) -> str:
    """The dimension one step below the scope's region."""
    region = scope.region
    if region is None or region.endswith("0000"):
        return "prefecture"
    return "county" if region.endswith("00") else "unit"


def _rows(asking: Asking, connection: Connection, wanted: Chosen, by: str, counted: Counts) -> list[Row]:
    rows = list(counted.items())
    if by != "level":  # levels stand in their own order
        rows.sort(key=lambda item: -item[1]["alerts"].numerator)
    most = max((cells["alerts"].numerator for _, cells in rows), default=0)
    found = []
    for (value,), cells in rows:
        if value is None:  # nobody's work yet
            continue
        narrowed = {"region" if by in PLACES else by: value}
        listed = _can_be_named(connection, by, value)
        down = wanted.link("outcomes", **narrowed) if listed and by != "unit" else None
        cells_shown = [shown(name, cells[name], asking.lang, wanted, **narrowed) for name in BY_ROW]
        part = cells["alerts"].numerator / most if most else 0.0
        found.append(Row(_called(asking, by, value, listed), down, cells_shown, part, listed))
    return found


def _can_be_named(connection: Connection, by: str, value: str) -> bool:
    """False for a row of what is nearer than its name: a filter by that name would count all below it too."""
    if by in PLACES:
        return not value.endswith("0000" if by == "prefecture" else "00")
    if by == "unit":
        unit, below = tables.units, tables.units.alias("below")
        query = select(below.c.id).join(unit, below.c.parent_id == unit.c.id).where(unit.c.code == value)
        return connection.execute(query.limit(1)).first() is None
    return True


def _called(asking: Asking, by: str, value: str, listed: bool) -> str:
    if by in PLACES:
        name = region_name(value, asking.lang)
        return name if listed else say(asking.lang, "outcomes.itself", name=name)
    if by == "level":
        return f"{value} {called(asking.lang, 'risk', value)}"
    return called(asking.lang, by, value)


def _hours(asking: Asking, counted: Counts) -> Any:
    found = {key[0]: cells for key, cells in counted.items()}
    bars = []
    for hour in range(24):
        number = found[hour]["alerts"].numerator if hour in found else 0
        told = say(asking.lang, "outcomes.hour_each", at=f"{hour:02}:00", count=f"{number:,}")
        bars.append(Bar(f"{hour}", number, told))
    return columns(bars, name=say(asking.lang, "outcomes.hours"), width=600, every=3)


def _years(asking: Asking, connection: Connection, scope: Scope, year: Scope, window: Window) -> Any:
    """Alerts by day (or month) of the window, over the same of the year before."""
    monthly = window.until - window.since > MONTHS_FROM
    series = []
    for one, key in ((scope, "outcomes.this_year"), (year, "outcomes.last_year")):
        assert one.since is not None and one.until is not None
        rows = count(connection, one, kpis=("alerts",), by=("day",), now=asking.now).rows
        first, last = one.since.astimezone(LOCAL).date(), (one.until - timedelta(microseconds=1)).astimezone(LOCAL)
        days = [first + timedelta(days=step) for step in range((last.date() - first).days + 1)]
        amounts: dict[str, int] = {}
        for at in days:
            label = f"{at:%Y-%m}" if monthly else f"{at:%m-%d}"
            cells = rows.get((at,))
            amounts[label] = amounts.get(label, 0) + (cells["alerts"].numerator if cells else 0)
        series.append((say(asking.lang, key), amounts))
    labels = list(series[0][1])
    every = max(1, len(labels) // 8)
    told = [label if at % every == 0 else "" for at, label in enumerate(labels)]
    drawn = [(name, list(amounts.values())[: len(labels)]) for name, amounts in series]
    return lines(drawn, told, name=say(asking.lang, "outcomes.years"))


def _growth(now: Kpi, before: Kpi, is_rate: bool) -> Any:
    return change(now.value, before.value, is_rate=is_rate)


def _trail(asking: Asking, wanted: Chosen) -> list[tuple[str, str]]:
    """From the visitor's own region down to the one that is shown."""
    here = wanted.asked.scope.region
    if here is None or here == asking.region:
        return []
    names = regions()
    above = [code for code in reversed(names.ancestors(here)) if code.startswith(_stem(asking.region))]
    return [(region_name(code, asking.lang), wanted.link("outcomes", region=code)) for code in above]


def _stem(region: str) -> str:
    while region.endswith("00"):
        region = region[:-2]
    return region
