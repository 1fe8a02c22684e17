"""`figures verify`: whether the roll-ups are what the rows say."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Annotated

import typer

from cli.commands.data import existing
from cli.home import open_store
from cli.logs import set_up_logs
from cli.say import as_json, out, plainly
from config.policy import load_policy
from config.settings import load_settings
from dispatcher import figures

app = typer.Typer(no_args_is_help=True, help="The figures at rest.")


@app.callback()
def the_figures() -> None:
    """The figures at rest: whether they are what the rows say."""


@app.command("verify")
def verify(
    repair: Annotated[bool, typer.Option("--repair", help="Have what drifted made anew.")] = False,
    json_: Annotated[bool, typer.Option("--json", help="As JSON.")] = False,
) -> None:
    """Make every roll-up again from its rows and compare. Exit code 0: all agree (with --repair: they do now); 1: not.

    Example: quanzu figures verify --repair
    """
    set_up_logs("WARNING")
    with plainly():
        settings = load_settings()
        store = open_store(existing(settings))
        push_s = load_policy(settings.policy).on_time_push_s
        found = figures.verify(store, now=datetime.now(UTC), on_time_push_s=push_s)
        drifted, cells = len(found.drifted), len(found.cells)
        days = len(found.days)
        if repair and not found.agrees:
            figures.repair(store, found, now=datetime.now(UTC))
            while figures.fold(store, now=datetime.now(UTC), on_time_push_s=push_s):
                pass
            found = figures.verify(store, now=datetime.now(UTC), on_time_push_s=push_s)
    told = {
        "compared": found.compared,
        "waiting": found.waiting,
        "drifted": drifted,
        "drifted_days": cells,
        "drifted_days_at_rest": days,
        "agrees": found.agrees,
        "cases": [str(case_id) for case_id in found.drifted],
    }
    if json_:
        as_json(told)
    else:
        out.print(
            f"{found.compared} cases compared, {found.waiting} wait for the next fold; "
            f"{drifted} had drifted, and {cells} sums of a day and county, "
            f"and {days} days by level, type, hour or source"
        )
        for case_id in found.drifted[:20]:
            out.print(f"  case {case_id}: its figures are not what its rows say")
    raise typer.Exit(0 if found.agrees else 1)
