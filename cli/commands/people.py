"""`keys` and `units`: who may come in, and whom to wake."""

from __future__ import annotations

import sys
from datetime import UTC, datetime
from typing import Annotated

import typer
from sqlalchemy import select

from cli.commands.data import existing
from cli.home import open_store
from cli.logs import set_up_logs
from cli.say import fail, out, plainly
from config.settings import load_settings
from dispatcher import tables
from dispatcher.access import make_key
from dispatcher.alert.phone import e164
from dispatcher.alert.unencrypted import NO_PERSON_WANTED, is_persons_number
from dispatcher.units import set_duty_phone
from dispatcher.words import SOURCES, Role

keys = typer.Typer(help="API keys.", no_args_is_help=True)
units = typer.Typer(help="Units and their duty phones.", no_args_is_help=True)


@keys.command()
def make(
    role: Annotated[Role, typer.Option(help="What the key may do.")],
    label: Annotated[str, typer.Option(help="Whose key it is, for the timeline; no person's name.")],
    unit: Annotated[str, typer.Option(help="The unit's code; the key sees it and all below.")] = "140000",
    source: Annotated[str | None, typer.Option(help="For upstreams: the one source it speaks for.")] = None,
) -> None:
    """Make a key and tell it once; only its digest is kept.

    Example: quanzu keys make --role upstream --label "bank A" --source bank
    """
    set_up_logs("WARNING")
    with plainly():
        settings = existing(load_settings())
        if is_persons_number(label):
            raise fail(f"--label {NO_PERSON_WANTED}")
        if source is not None and source not in (*SOURCES, *settings.sources):
            raise fail(f"--source must be one of: {', '.join((*SOURCES, *settings.sources))}")
        store = open_store(settings)
        table = tables.units
        with store.write() as connection:
            unit_id = connection.execute(select(table.c.id).where(table.c.code == unit)).scalar()
            if unit_id is None:
                raise fail("--unit must be the code of a unit, such as 140000 or 140105")
            key = make_key(
                connection, role=role, unit_id=unit_id, label=label[:64], now=datetime.now(UTC), source=source
            )
    typer.echo(key)


@keys.command()
def revoke(prefix: Annotated[str, typer.Argument(help="The 8 letters after qz_.")]) -> None:
    """Make a key useless from now on.

    Example: quanzu keys revoke a1b2c3d4
    """
    set_up_logs("WARNING")
    with plainly():
        table = tables.api_keys
        with open_store(existing(load_settings())).write() as connection:
            mine = table.c.prefix == prefix.removeprefix("qz_").partition(".")[0]
            done = connection.execute(table.update().where(mine).values(revoked_at=datetime.now(UTC)))
        if done.rowcount == 0:
            raise fail("no key begins with this")
    out.print("revoked")


@units.command("duty-phone")
def duty_phone(
    unit: Annotated[str, typer.Argument(help="The unit's code, such as 140105.")],
    forget: Annotated[bool, typer.Option("--forget", help="Forget the number.")] = False,
) -> None:
    """Set the duty phone of a unit; the number is read from standard input, so that no shell history keeps it.

    Example: quanzu units duty-phone 140105
    """
    set_up_logs("WARNING")
    with plainly():
        phone = None if forget else e164(sys.stdin.readline().strip())
        if phone is None and not forget:
            raise fail("standard input must hold a phone number, such as +86 and 11 digits")
        store = open_store(existing(load_settings()))
        with store.write() as connection:
            if not set_duty_phone(connection, store.keys, unit, phone):
                raise fail("there is no unit of this code")
    out.print("forgotten" if forget else "kept")
