"""`stats`, `report`: the figures for whoever asks."""

from __future__ import annotations

from contextlib import closing
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import typer
from sqlalchemy import Connection

from cli.commands.data import existing
from cli.figures_page import CORE, print_alerts, print_by, print_compared, print_kpis, print_latency
from cli.home import open_store
from cli.logs import set_up_logs
from cli.say import as_json, fail, out, plainly
from config.policy import load_policy
from config.regions import Regions
from config.settings import Settings, load_settings
from dispatcher import figures
from dispatcher.alert import Fault
from dispatcher.assign import units_of
from dispatcher.figures import DOZEN, answers
from dispatcher.figures.filters import Asked, FiltersWrong, Reader, read
from dispatcher.figures.wording import Lang
from dispatcher.words import SOURCES
from web.figures.as_csv import Answer, as_csv
from web.figures.as_xlsx import as_xlsx
from web.figures.sheets import sheets
from web.report import file_name, press_page

CALLED = {
    "from": "--from",
    "to": "--to",
    "window": "--window",
    "region": "--region",
    "unit": "--unit",
    "source": "--source",
    "type": "--type",
    "actual_type": "--actual-type",
    "level": "--risk",
    "final_level": "--final-risk",
    "channel": "--channel",
    "kpi": "--kpi",
}
"""Filters to the options that mean them."""

Text = str | None
Many = list[str] | None


@dataclass(frozen=True, slots=True)
class Shape:
    """What of the figures is wanted, at most one: by a dimension, compared, response times by a dimension."""

    by: str | None
    compare: bool
    latency: str | None

    def answer(self, connection: Connection, asked: Asked, now: datetime) -> Answer:
        """Count it. Raises: FiltersWrong: in the words of the options."""
        try:
            return self._counted(connection, asked, now)
        except FiltersWrong as wrong:
            called = CALLED | {"by": "--by" if self.latency is None else "--latency"}
            raise FiltersWrong([Fault(called[one.field], one.message) for one in wrong.faults]) from wrong

    def _counted(self, connection: Connection, asked: Asked, now: datetime) -> Answer:
        if self.compare:
            return answers.compared(connection, asked, now=now)
        if self.latency is not None:
            return answers.latency(connection, asked, self.latency, now=now)
        if self.by is not None:
            return answers.by(connection, asked, self.by, now=now)
        return answers.summary(connection, asked, now=now)


def stats(
    from_: Annotated[Text, typer.Option("--from", help="From this day or instant (ISO 8601).")] = None,
    to: Annotated[Text, typer.Option("--to", help="Up to, and without, this day or instant.")] = None,
    window: Annotated[Text, typer.Option(help="Instead: today, month, ytd, since_last_year.")] = None,
    region: Annotated[Text, typer.Option(help="A region's code; all below it counts.")] = None,
    unit: Annotated[Text, typer.Option(help="A unit's code; all below it counts.")] = None,
    source: Annotated[Many, typer.Option(help="Only this source; may be repeated.")] = None,
    type_: Annotated[Many, typer.Option("--type", help="Only this fraud type; may be repeated.")] = None,
    actual_type: Annotated[Many, typer.Option(help="Only this type, as found; may be repeated.")] = None,
    risk: Annotated[Many, typer.Option(help="Only this level, L1 to L4; may be repeated.")] = None,
    final_risk: Annotated[Many, typer.Option(help="Only this level, as it stands; may be repeated.")] = None,
    channel: Annotated[Many, typer.Option(help="Only cases warned by sms, call or visit; may be repeated.")] = None,
    kpi: Annotated[Many, typer.Option(help="Only this figure; may be repeated.")] = None,
    all_: Annotated[bool, typer.Option("--all", help="Every figure, not the dozen alone.")] = False,
    test: Annotated[bool, typer.Option("--test", help="Test alerts alone; they never count beside others.")] = False,
    by: Annotated[Text, typer.Option(help="A row for each county, type, level, day, ….")] = None,
    compare: Annotated[bool, typer.Option("--compare", help="Beside a year earlier, and just before.")] = False,
    latency: Annotated[Text, typer.Option(help="Response times, by level, source, ….")] = None,
    lang: Annotated[Lang, typer.Option(help="The language of names and numbers.")] = Lang.ZH,
    json_: Annotated[bool, typer.Option("--json", help="As JSON.")] = False,
    csv: Annotated[bool, typer.Option("--csv", help="As CSV.")] = False,
    bom: Annotated[bool, typer.Option("--bom", help="Begin CSV so that Excel reads Chinese.")] = False,
    xlsx: Annotated[Path | None, typer.Option(help="Write an Excel workbook, ready to print.")] = None,
) -> None:
    """Outcome figures: alerts, dispatches by channel and state, and the KPIs with numerator and denominator.

    Example: quanzu stats --from 2026-01-01 --region 1401 --by county --xlsx counties.xlsx
    """
    set_up_logs("WARNING")
    one = {"from": from_, "to": to, "window": window, "region": region, "unit": unit}
    many = {"source": source, "type": type_, "actual_type": actual_type, "level": risk}
    many |= {"final_level": final_risk, "channel": channel, "kpi": kpi or (None if all_ else list(DOZEN))}
    given = {name: [text] for name, text in one.items() if text is not None}
    given |= {name: texts for name, texts in many.items() if texts}
    if test:
        given["test"] = ["true"]
    if sum((by is not None, compare, latency is not None)) > 1:
        raise fail("--by, --compare and --latency are three answers: ask for one")
    if by is not None and not kpi and not (all_ or json_ or csv or xlsx):
        given["kpi"] = ["alerts", *CORE]
    shape = Shape(by, compare, latency)
    with plainly():
        settings = load_settings()
        now = datetime.now(UTC)
        with closing(open_store(existing(settings))) as store, store.read() as connection:
            asked = read(given, reader(connection, settings, now))
            answer = shape.answer(connection, asked, now)
            whole = _whole(connection, asked, settings, now) if isinstance(answer, answers.Summary) else None
        if xlsx is not None:
            xlsx.write_bytes(as_xlsx(sheets(answer, lang), made_at=now))
            out.print(f"written: {xlsx}", markup=False)
        elif json_:
            as_json(_json(answer, whole))
        elif csv:
            typer.echo(as_csv(answer, lang, bom=bom), nl=False)
        else:
            _print(answer, whole, asked, lang)


def report(
    folder: Annotated[Path, typer.Option("--out", help="The folder in which the page is written; it is made.")],
    from_: Annotated[Text, typer.Option("--from", help="From this day or instant (ISO 8601).")] = None,
    to: Annotated[Text, typer.Option("--to", help="Up to, and without, this day or instant.")] = None,
    window: Annotated[Text, typer.Option(help="Instead: today, month, ytd, since_last_year.")] = None,
    region: Annotated[Text, typer.Option(help="A region's code; all below it counts.")] = None,
    lang: Annotated[Lang, typer.Option(help="The language of the page.")] = Lang.ZH,
) -> None:
    """A page for the press: the figures of a period in prose, tables and drawings, beside those of a year before.

    One HTML file that needs nothing else; a browser prints it on A4.

    Example: quanzu report --from 2026-01-01 --to 2026-05-23 --region 14 --out reports
    """
    set_up_logs("WARNING")
    words = {"from": from_, "to": to, "window": window, "region": region}
    with plainly():
        settings = load_settings()
        now = datetime.now(UTC)
        with closing(open_store(existing(settings))) as store, store.read() as connection:
            given = {name: [text] for name, text in words.items() if text is not None}
            asked = read(given, reader(connection, settings, now))
            if asked.window is None:
                raise fail("--from must be given, or --window: a page tells of a period, and of the year before")
            page = press_page(connection, asked, lang, now=now)
        folder.mkdir(parents=True, exist_ok=True)
        path = folder / file_name(asked, lang)
        path.write_text(page, "utf-8")
    out.print(f"written: {path}", markup=False)


def reader(connection: Connection, settings: Settings, now: datetime) -> Reader:
    """What an operator's filters are read against: he sees everything."""
    units = frozenset(row["code"] for row in units_of(connection).by_id.values())
    return Reader(Regions.load(), (*SOURCES, *settings.sources), units, now, called=CALLED)


def _whole(connection: Connection, asked: Asked, settings: Settings, now: datetime) -> figures.Figures | None:
    """Alerts and dispatches besides; None where they were narrowed by what no alert itself tells."""
    scope = asked.scope
    if scope.unit or scope.actual_types or scope.final_risks or scope.channels:
        return None
    push_s = load_policy(settings.policy).on_time_push_s
    return figures.figures(connection, scope, on_time_push_s=push_s, now=now, kpis=())


def _json(answer: Answer, whole: figures.Figures | None) -> object:
    told = answer.as_json()
    if isinstance(answer, answers.Summary):
        kpis = {name: answers.kpi_json(kpi) for name, kpi in answer.figures.items()}
        beside = whole.as_json() if whole else {"alerts": None, "dispatches": None}
        return {**told, "alerts": beside["alerts"], "dispatches": beside["dispatches"], "kpi": kpis}
    return told


def _print(answer: Answer, whole: figures.Figures | None, asked: Asked, lang: Lang) -> None:
    match answer:
        case answers.Summary():
            if whole is not None:
                print_alerts(out, whole, lang)
            print_kpis(out, answer.figures, lang)
        case answers.ByDimension():
            print_by(out, answer, asked.kpis, lang)
        case answers.Compared():
            print_compared(out, answer, lang)
        case answers.Latency():
            print_latency(out, answer, lang)


def add_to(app: typer.Typer) -> None:
    """These verbs."""
    app.command()(stats)
    app.command()(report)
