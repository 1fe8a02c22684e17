"""`submit`: alerts from a file or a pipe, with a result for each line."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, BinaryIO

import typer
from sqlalchemy.exc import SQLAlchemyError

from cli.alert_files import Line, read_alert_file
from cli.home import make_folders, prepare
from cli.logs import set_up_logs
from cli.publish import Publisher
from cli.say import err, fail, plainly, why
from config.settings import load_settings
from dispatcher.intake import Incoming, Intake, Result, Status
from workers.app import make_celery
from workers.engine import make_intake
from workers.relay import Relay

PAGE = 500


def submit(
    file: Annotated[str, typer.Argument(help="A file of alerts (JSON Lines or CSV), or - for standard input.")],
    queue: Annotated[bool, typer.Option("--queue", help="Publish onto the queue instead of accepting here.")] = False,
    json_: Annotated[bool, typer.Option("--json", help="A result as JSON for each line.")] = False,
) -> None:
    """Submit alerts, with a result for each line. Exit code 0 if all were accepted, 1 if any was refused.

    Example: quanzu submit today.csv
    """
    set_up_logs("WARNING")
    with plainly():
        if queue:
            # as any upstream: the broker is enough, the database may be away
            settings = load_settings()
            make_folders(settings)
            publisher = Publisher(settings)
            sent = sum(1 for _ in publisher.send(_body(line) for line in _lines(file)))
            typer.echo(f"{sent} published; acceptance or refusal follows, see `quanzu stats` and `quanzu dead list`")
            return
        home = prepare(load_settings())
        relay = Relay(make_celery(home.settings), chunk=home.settings.chunk).start()
        refused = total = 0
        try:
            for line, result in _accepted(make_intake(home.settings, home.store), relay, _lines(file)):
                total += 1
                refused += result.status is Status.REFUSED
                typer.echo(_as_json(line, result) if json_ else _as_text(line, result))
        except SQLAlchemyError as fault:
            raise fail(
                f"stopped after {total} lines: {why(fault)}",
                "what was told above is kept, nothing after it is; the whole file may be submitted again",
            ) from fault
        finally:
            relay.stop()
        err.print(f"{total - refused} accepted or repeated, {refused} refused")
    raise typer.Exit(1 if refused else 0)


def _lines(file: str) -> Iterator[Line]:
    if file == "-":
        yield from read_alert_file(sys.stdin.buffer, None)
        return
    path = Path(file)
    if not path.is_file():
        raise fail(f"{path}: no such file")
    stream: BinaryIO
    with path.open("rb") as stream:
        yield from read_alert_file(stream, path.name)


def _accepted(intake: Intake, relay: Relay, lines: Iterator[Line]) -> Iterator[tuple[Line, Result]]:
    page: list[Line] = []
    for line in lines:
        page.append(line)
        if len(page) == PAGE:
            yield from _take(intake, relay, page)
            page = []
    if page:
        yield from _take(intake, relay, page)


def _take(intake: Intake, relay: Relay, page: list[Line]) -> Iterator[tuple[Line, Result]]:
    batch = [Incoming(raw=line.raw, value=line.value, faults=line.faults) for line in page]
    accepted = intake.accept(batch, door="file", now=datetime.now(UTC))
    relay.ring(accepted.bells)
    yield from zip(page, accepted.results, strict=True)


def _body(line: Line) -> bytes:
    if line.raw is not None:
        return line.raw
    return json_bytes(line.value)


def json_bytes(value: object) -> bytes:
    """A value as the JSON of a message."""
    return json.dumps(value, ensure_ascii=False, default=str).encode("utf-8", "surrogatepass")


def _as_text(line: Line, result: Result) -> str:
    told = f"line {line.number}: {result.status}"
    if result.alert_id is not None:
        told += f" alert {result.alert_id} case {result.case_id}" + (" (joined)" if result.merged else "")
    for fault in result.faults:
        told += f"\n  {fault.field}: {fault.message}"
    if result.dead_letter is not None:
        told += f"\n  kept as dead letter {result.dead_letter}"
    return told


def _as_json(line: Line, result: Result) -> str:
    return json_bytes(
        {
            "line": line.number,
            "status": result.status.value,
            "alert": result.alert_id,
            "case": result.case_id,
            "merged": result.merged,
            "errors": [{"field": fault.field, "message": fault.message} for fault in result.faults],
            "dead_letter": result.dead_letter,
        }
    ).decode()


def add_to(app: typer.Typer) -> None:
    """This verb."""
    app.command()(submit)
