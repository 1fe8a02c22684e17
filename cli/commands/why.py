"""`why`: why a person has not been warned yet, or how it ended."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Annotated

import typer

from cli.commands.data import existing
from cli.home import open_store
from cli.logs import set_up_logs
from cli.say import as_json, fail, out, plainly
from config.carriers.file import load_carriers
from config.settings import load_settings
from dispatcher.meant import meant_by
from dispatcher.plan import LOCAL
from dispatcher.routing.network import network_of
from dispatcher.why import Why, why


def why_(
    name: Annotated[str, typer.Argument(metavar="ID", help="A dispatch's id, a case's, or the reference of a try.")],
    json_: Annotated[bool, typer.Option("--json", help="As JSON.")] = False,
) -> None:
    """Why dispatches stand where they stand, and until when. Nothing of a person is told.

    Example: quanzu why 6f3a9c01b2d4e5f
    """
    set_up_logs("WARNING")
    with plainly():
        settings = existing(load_settings())
        network, now = network_of(load_carriers(settings)), datetime.now(UTC)
        with open_store(settings).read() as connection:
            ids = meant_by(connection, name)
            found = [(one, told) for one in ids if (told := why(connection, one, now, network)) is not None]
    if not found:
        raise fail("there is no dispatch, case or try of this name", code=1)
    if json_:
        as_json([{"dispatch": one, **_as_json(told)} for one, told in found])
        return
    for one, told in found:
        out.print(f"{one}  {_line(told)}", markup=False, soft_wrap=True)


def _as_json(told: Why) -> dict[str, object]:
    return {"reason": told.reason.value, "says": told.says, "until": told.until, "details": dict(told.details)}


def _line(told: Why) -> str:
    common = "{channel} {means} {level} {state}".format(**told.details)
    rest = {name: value for name, value in told.details.items() if name not in ("channel", "means", "level", "state")}
    until = "" if told.until is None else f", until {told.until.astimezone(LOCAL):%Y-%m-%d %H:%M:%S}"
    details = ", ".join(f"{name} {_told(value)}" for name, value in rest.items())
    return f"{common}: {told.says}{until}" + (f" ({details})" if details else "")


def _told(value: object) -> str:
    return f"{value.astimezone(LOCAL):%H:%M:%S}" if isinstance(value, datetime) else str(value)


def add_to(app: typer.Typer) -> None:
    """This verb."""
    app.command("why")(why_)
