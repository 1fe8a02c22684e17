"""`stats`, `sample`, `why`: what there is, and something to try it with."""

from __future__ import annotations

import sys
from dataclasses import replace
from datetime import UTC, date, datetime, time
from pathlib import Path
from typing import Annotated

import typer

from cli.figures_page import print_figures
from cli.home import open_store
from cli.logs import set_up_logs
from cli.sample import make_sample
from cli.say import as_json, fail, out, plainly
from config.policy import load_policy
from config.regions import Regions
from config.settings import Settings, load_settings
from dispatcher import figures
from dispatcher.plan import LOCAL
from dispatcher.words import SOURCES, FraudType, Risk


def stats(
    from_: Annotated[str | None, typer.Option("--from", help="From this day or instant (ISO 8601).")] = None,
    to: Annotated[str | None, typer.Option("--to", help="Up to, and without, this day or instant.")] = None,
    region: Annotated[str | None, typer.Option(help="A region's code; all below it counts.")] = None,
    source: Annotated[list[str] | None, typer.Option(help="Only this source; may be repeated.")] = None,
    type_: Annotated[list[str] | None, typer.Option("--type", help="Only this fraud type; may be repeated.")] = None,
    risk: Annotated[list[str] | None, typer.Option(help="Only this level, L1 to L4; may be repeated.")] = None,
    test: Annotated[bool, typer.Option("--test", help="Test alerts alone; they never count beside others.")] = False,
    json_: Annotated[bool, typer.Option("--json", help="As JSON.")] = False,
) -> None:
    """Outcome figures: alerts, dispatches by channel and state, and the KPIs with numerator and denominator.

    Example: quanzu stats --from 2026-01-01 --region 1401 --risk L1 --risk L2 --json
    """
    set_up_logs("WARNING")
    with plainly():
        settings = load_settings()
        scope = read_scope(settings, from_, to, region, source or (), type_ or (), risk or ())
        scope = replace(scope, tests=test)
        store = open_store(existing(settings))
        policy = load_policy(settings.policy)
        with store.read() as connection:
            counted = figures.figures(connection, scope, on_time_push_s=policy.on_time_push_s, now=datetime.now(UTC))
    if json_:
        as_json(counted.as_json())
    else:
        print_figures(out, counted)


def existing(settings: Settings) -> Settings:
    """The same settings, if there is a database. Raises: Exit: nothing was ever started here."""
    if settings.database.startswith("sqlite:///") and not Path(settings.database[10:]).exists():
        raise fail("nothing has been started in this QUANZU_HOME yet; `quanzu up` or `quanzu run FILE` does that")
    return settings


def read_scope(
    settings: Settings,
    since: str | None,
    until: str | None,
    region: str | None,
    sources: tuple[str, ...] | list[str],
    types: tuple[str, ...] | list[str],
    risks: tuple[str, ...] | list[str],
) -> figures.Scope:
    """The scope these options mean. Raises: ValueError: every fault at once, each naming its option."""
    faults: list[str] = []
    start, end = _instant("--from", since, faults), _instant("--to", until, faults)
    if start and end and start >= end:
        faults.append("--from must lie before --to")
    code = None
    if region is not None:
        code = region.ljust(6, "0")
        if not Regions.load().known(code):
            faults.append("--region must be a known GB/T 2260 code, such as 140000, 1401 or 140105")
    for option, given, known in (
        ("--source", sources, (*SOURCES, *settings.sources)),
        ("--type", types, tuple(FraudType)),
        ("--risk", risks, tuple(Risk)),
    ):
        if any(value not in known for value in given):
            faults.append(f"{option} must be one of: {', '.join(known)}")
    if faults:
        raise ValueError("\n".join(faults))
    return figures.Scope(start, end, code, tuple(sources), tuple(types), tuple(risks))


def _instant(option: str, text: str | None, faults: list[str]) -> datetime | None:
    if text is None:
        return None
    try:
        if len(text) == 10:
            return datetime.combine(date.fromisoformat(text), time(), LOCAL)
        found = datetime.fromisoformat(text)
    except ValueError:
        faults.append(f"{option} must be a day (2026-01-31) or an instant (2026-01-31T08:00:00+08:00)")
        return None
    return found if found.tzinfo else found.replace(tzinfo=LOCAL)


def sample(
    alerts: Annotated[int, typer.Option(help="How many alerts.", min=0)] = 100,
    day: Annotated[str, typer.Option(help="today, or a day such as 2026-01-31.")] = "today",
    seed: Annotated[int, typer.Option(help="The same seed, the same alerts.")] = 1,
    malformed: Annotated[int, typer.Option(help="So many broken lines besides.", min=0)] = 0,
) -> None:
    """Realistic alerts as JSON Lines on standard output. All persons and numbers are made up.

    Example: quanzu sample --alerts 5532 --day today --seed 7 > today.jsonl
    """
    with plainly():
        now = datetime.now(UTC)
        try:
            chosen = now.astimezone(LOCAL).date() if day == "today" else date.fromisoformat(day)
        except ValueError:
            raise fail("--day must be today or a day such as 2026-01-31") from None
        for line in make_sample(alerts, day=chosen, seed=seed, now=now, malformed=malformed):
            sys.stdout.buffer.write(line.encode("utf-8", "surrogatepass") + b"\n")


def add_to(app: typer.Typer) -> None:
    """These verbs."""
    app.command()(stats)
    app.command()(sample)
