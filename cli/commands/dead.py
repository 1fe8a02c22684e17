"""`dead list|show|replay`: what was refused, why, and a second chance for it."""

from __future__ import annotations

import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated
from uuid import UUID

import typer

from cli.commands.data import existing
from cli.home import Home, open_store, prepare
from cli.logs import set_up_logs
from cli.say import as_json, fail, out, plainly
from config.settings import load_settings
from dispatcher import dead_letters
from dispatcher.intake import Status
from workers.app import make_celery
from workers.engine import make_intake
from workers.relay import Relay

app = typer.Typer(help="Refused alerts, kept whole.", no_args_is_help=True)


@app.command("list")
def list_(
    limit: Annotated[int, typer.Option(help="The most to list.", min=1)] = 50,
    everything: Annotated[bool, typer.Option("--all", help="Replayed ones too.")] = False,
    json_: Annotated[bool, typer.Option("--json", help="As JSON.")] = False,
) -> None:
    """Refused alerts, newest first, with every reason; nothing of their contents.

    Example: quanzu dead list --limit 20
    """
    set_up_logs("WARNING")
    with plainly():
        store = open_store(existing(load_settings()))
        with store.read() as connection:
            letters = dead_letters.newest(connection, limit=limit, replayed=everything)
    if json_:
        as_json([letter.as_json() for letter in letters])
        return
    for letter in letters:
        out.print(
            f"{letter.id}  {letter.received_at:%Y-%m-%d %H:%M:%S}Z  {letter.door}  ×{letter.times}  {letter.state}"
        )
        for fault in letter.faults:
            out.print(f"    {fault['field']}: {fault['message']}", markup=False)
    out.print(f"{len(letters)} listed")


@app.command()
def show(
    letter: Annotated[UUID, typer.Argument(help="The dead letter's id.")],
    raw: Annotated[bool, typer.Option("--raw", help="Its contents as they came: personal data.")] = False,
) -> None:
    """One refused alert. --raw writes its contents to standard output, to be mended.

    Example: quanzu dead show 0190… --raw > mended.json
    """
    set_up_logs("WARNING")
    with plainly():
        store = open_store(existing(load_settings()))
        with store.read() as connection:
            found = dead_letters.one(connection, letter)
            if found is None:
                raise fail("no such dead letter; `quanzu dead list` shows them")
            body = dead_letters.body(connection, store.keys, letter)
    if raw:
        sys.stdout.buffer.write(body)
        return
    as_json(found.as_json() | {"bytes": len(body)})


@app.command()
def replay(
    letter: Annotated[UUID | None, typer.Argument(help="The dead letter's id; without it, --all.")] = None,
    file: Annotated[
        Path | None, typer.Option("--file", help="Its mended contents.", exists=True, dir_okay=False)
    ] = None,
    everything: Annotated[bool, typer.Option("--all", help="Every letter that is kept.")] = False,
) -> None:
    """Offer refused alerts to intake again: as they were, or mended. Exit code 1 if any is refused again.

    Example: quanzu dead replay 0190… --file mended.json
    """
    set_up_logs("WARNING")
    if (letter is None) == (not everything) or (file is not None and letter is None):
        raise fail("give the id of one dead letter (with --file if it was mended), or --all")
    with plainly():
        home = prepare(existing(load_settings()))
        relay = Relay(make_celery(home.settings), chunk=home.settings.chunk).start()
        letters = [letter] if letter is not None else _kept(home)
        intake = make_intake(home.settings, home.store)
        refused = 0
        for one in letters:
            mended = file.read_bytes() if file is not None else None
            result, bells = dead_letters.replay(intake, one, mended=mended, now=datetime.now(UTC))
            relay.ring(bells)
            refused += result.status is Status.REFUSED
            out.print(f"{one}: {result.status}" + (f" alert {result.alert_id}" if result.alert_id else ""))
            for fault in result.faults:
                out.print(f"    {fault.field}: {fault.message}", markup=False)
        relay.stop()
    raise typer.Exit(1 if refused else 0)


def _kept(home: Home) -> list[UUID]:
    with home.store.read() as connection:
        return [letter.id for letter in dead_letters.newest(connection, limit=1_000_000)]
