"""`doctor`: is everything there and well, in one line each."""

from __future__ import annotations

from typing import Annotated

import typer

from cli.doctor import Check, State, examine
from cli.logs import set_up_logs
from cli.say import as_json, out
from config.faults import ConfigurationFault
from config.settings import load_settings

STYLE = {State.OK: "green", State.WARN: "yellow", State.FAIL: "red"}


def doctor(json_: Annotated[bool, typer.Option("--json", help="As JSON.")] = False) -> None:
    """Look at everything: settings, database, keys, broker, workers, clock, carriers, and who would be contacted.

    Changes nothing. Exit code 0 if all is well, warnings allowed; 1 if anything fails.

    Example: quanzu doctor
    """
    set_up_logs("ERROR")
    checks: list[Check] = []
    try:
        for check in examine(load_settings()):
            checks.append(check)
            if not json_:
                _say(check)
    except ConfigurationFault as fault:
        for line in fault.faults:
            checks.append(Check("settings", State.FAIL, line, "mend this variable"))
            if not json_:
                _say(checks[-1])
    well = all(check.state is not State.FAIL for check in checks)
    if json_:
        as_json({"ok": well, "checks": [check.as_json() for check in checks]})
    raise typer.Exit(0 if well else 1)


def _say(check: Check) -> None:
    todo = f" → {check.todo}" if check.todo else ""
    out.print(f"{check.state:<4}", style=STYLE[check.state], end="  ")
    out.print(f"{check.name:<13}{check.says}{todo}", markup=False, soft_wrap=True)


def add_to(app: typer.Typer) -> None:
    """This verb."""
    app.command()(doctor)
