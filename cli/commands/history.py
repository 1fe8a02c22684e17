"""`import --history`, `sample-history`: earlier years, kept as they were."""

from __future__ import annotations

import sys
from datetime import UTC, date, datetime
from itertools import chain
from pathlib import Path
from typing import Annotated

import typer

from cli.home import open_store
from cli.importing import Following, Import, Shown
from cli.logs import set_up_logs
from cli.sample_history import make_history
from cli.say import err, fail, out, plainly
from config.policy import load_policy
from config.settings import load_settings
from dispatcher import figures
from dispatcher.figures import wording
from dispatcher.store import Store
from workers.engine import make_rules

SHOWN = 20
"""So many refused lines are shown; all are counted."""


def import_(
    files: Annotated[list[Path], typer.Argument(help="JSON Lines: alerts of schema v1, each with a `history`.")],
    history: Annotated[bool, typer.Option("--history", help="What is imported is the past: nobody is warned.")] = False,
) -> None:
    """Keep earlier years as they were: old times, closed cases. Plans nothing, warns nobody, tells no upstream.

    Safe to break off and to run again: what is known by its source and reference stays, and is passed over quickly.
    How far it is, stands on stderr. Exit code 1: some lines were refused.
    Example: quanzu import --history 2021.jsonl 2022.jsonl
    """
    set_up_logs("WARNING")
    with plainly():
        if not history:
            raise fail("only history is imported: add --history; new alerts go by `quanzu submit FILE`")
        missing = [str(file) for file in files if not file.is_file()]
        if missing:
            raise fail(f"no such file: {', '.join(missing)}")
        settings = load_settings()
        store = open_store(settings)
        policy = load_policy(settings.policy)
        rules = make_rules(settings)
        shown = Shown(err, sum(file.stat().st_size for file in files))
        with shown, Following(store, policy.on_time_push_s) as followed:
            going = Import(store, policy, rules, followed=followed, shown=shown)
            refused = chain.from_iterable(going.take(file) for file in files)
            for number, line in enumerate(refused):
                if number < SHOWN:
                    out.print(line, markup=False)
            going.finish()
        tally = going.tally
        out.print(f"{tally.new} alerts imported, {tally.known} were known, {tally.refused} lines refused")
        _tell_years(store)
    raise typer.Exit(1 if tally.refused else 0)


def _tell_years(store: Store) -> None:
    """The imported alerts of each year, beside the year before."""
    now = datetime.now(UTC)
    with store.read() as connection:
        table = figures.count(connection, figures.Scope(history=True), kpis=["alerts"], by=["day"], now=now)
    years: dict[int, int] = {}
    for (day,), cells in table.rows.items():
        years[day.year] = years.get(day.year, 0) + cells["alerts"].numerator
    for year, many in sorted(years.items()):
        before = years.get(year - 1)
        beside = "" if not before else f", 同比 {wording.growth((many - before) / before)}"
        out.print(f"{year}: {wording.count(many)} alerts{beside}")


def sample_history(
    from_: Annotated[str, typer.Option("--from", help="The first day.")],
    to: Annotated[str, typer.Option("--to", help="The last day.")],
    alerts: Annotated[int, typer.Option(help="How many alerts.", min=0)] = 1000,
    seed: Annotated[int, typer.Option(help="The same seed, the same alerts.")] = 1,
) -> None:
    """Made-up history as JSON Lines, for `import --history`. All persons and numbers are made up.

    Example: quanzu sample-history --alerts 785600 --from 2022-01-01 --to 2022-05-22 > 2022.jsonl
    """
    with plainly():
        try:
            first, last = date.fromisoformat(from_), date.fromisoformat(to)
        except ValueError:
            raise fail("--from and --to must be days such as 2022-01-31") from None
        for line in make_history(alerts, first=first, last=last, seed=seed, now=datetime.now(UTC)):
            sys.stdout.buffer.write(line.encode() + b"\n")


def add_to(app: typer.Typer) -> None:
    """These verbs."""
    app.command("import")(import_)
    app.command("sample-history")(sample_history)
