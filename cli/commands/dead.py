"""`dead list|show|replay`: what was refused, why, and a second chance for it."""

from __future__ import annotations

import json
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

AT_ONCE = 250
"""Letters that are replayed in one transaction."""

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
    mended: Annotated[
        Path | None,
        typer.Option(
            "--mended", help='Many, mended: lines of {"dead_letter": ID, "alert": {…}}.', exists=True, dir_okay=False
        ),
    ] = None,
) -> None:
    """Offer refused alerts to intake again: as they were, or mended. Exit code 1 if any is refused again.

    Example: quanzu dead replay 0190… --file mended.json
    """
    set_up_logs("WARNING")
    chosen = sum((letter is not None, everything, mended is not None))
    if chosen != 1 or (file is not None and letter is None):
        raise fail("give the id of one dead letter (with --file if it was mended), or --mended FILE, or --all")
    with plainly():
        home = prepare(existing(load_settings()))
        if letter is not None:
            letters = [(letter, file.read_bytes() if file is not None else None)]
        else:
            letters = _mended(mended) if mended is not None else [(one, None) for one in _kept(home)]
        _must_be_known(home, [one for one, _ in letters])
        refused = _replay(home, letters)
    raise typer.Exit(1 if refused else 0)


def _replay(home: Home, letters: list[tuple[UUID, bytes | None]]) -> int:
    """Offer them, many in one transaction, and tell what came of each. Returns how many were refused again."""
    relay = Relay(make_celery(home.settings), chunk=home.settings.chunk).start()
    intake = make_intake(home.settings, home.store)
    refused = 0
    for start in range(0, len(letters), AT_ONCE):
        part = letters[start : start + AT_ONCE]
        results, bells = dead_letters.replay(intake, part, now=datetime.now(UTC))
        relay.ring(bells)
        for (one, _), result in zip(part, results, strict=True):
            refused += result.status is Status.REFUSED
            out.print(f"{one}: {result.status}" + (f" alert {result.alert_id}" if result.alert_id else ""))
            for fault in result.faults:
                out.print(f"    {fault.field}: {fault.message}", markup=False)
    relay.stop()
    return refused


def _mended(path: Path) -> list[tuple[UUID, bytes | None]]:
    """What each letter is to be instead. Raises: typer.Exit: every line that cannot be read was told."""
    letters: dict[UUID, bytes | None] = {}
    faults = []
    for number, line in enumerate(path.read_bytes().splitlines(), 1):
        try:
            told = json.loads(line)
            letters[UUID(told["dead_letter"])] = json.dumps(told["alert"], ensure_ascii=False).encode()
        except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
            faults.append(f'line {number}: must be {{"dead_letter": ID, "alert": {{…}}}}')
    if faults:
        raise fail(*faults)
    return list(letters.items())


def _must_be_known(home: Home, letters: list[UUID]) -> None:
    with home.store.read() as connection:
        known = dead_letters.known(connection, letters)
    if strange := [one for one in letters if one not in known]:
        raise fail(*(f"{one}: no such dead letter; `quanzu dead list` shows them" for one in strange))


def _kept(home: Home) -> list[UUID]:
    with home.store.read() as connection:
        return [letter.id for letter in dead_letters.newest(connection, limit=1_000_000)]
