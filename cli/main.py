"""The command `quanzu`: one verb a command, each with an example."""

from __future__ import annotations

import sys

import typer

from cli.commands import (
    accounts,
    audit,
    carriers,
    data,
    dead,
    doctor,
    doors,
    engine,
    figures,
    history,
    operating,
    people,
    running,
    telling,
    upstreams,
    why,
)

app = typer.Typer(
    name="quanzu",
    help="Quanzu 劝阻: every potential victim warned by text, by phone and at the door, in time, once.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
)
for group in (running, doors, telling, data, audit, engine, doctor, operating, history, why):
    group.add_to(app)
app.add_typer(carriers.app, name="carriers")
app.add_typer(dead.app, name="dead")
app.add_typer(figures.app, name="figures")
app.add_typer(people.keys, name="keys")
app.add_typer(people.units, name="units")
app.add_typer(accounts.app, name="people")
app.add_typer(upstreams.app, name="upstreams")


def main() -> None:
    """Entry point."""
    try:
        app()
    except KeyboardInterrupt:
        sys.exit(130)
    except BrokenPipeError:
        sys.exit(141)
