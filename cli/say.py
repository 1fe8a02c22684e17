"""How the command speaks: to people on a terminal, to programs as JSON, and plainly when something is wrong."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import typer
from rich.console import Console
from sqlalchemy.exc import DatabaseError, OperationalError, SQLAlchemyError

from cli.supervise import CannotStart
from config.faults import ConfigurationFault
from dispatcher.keys import KeyMissing, SealBroken

out = Console(highlight=False, width=None if sys.stdout.isatty() else 120)
err = Console(stderr=True, highlight=False)

WRONG = 2


def as_json(value: object) -> None:
    """One JSON document on stdout."""
    typer.echo(json.dumps(value, ensure_ascii=False, indent=2, default=str))


def fail(*lines: str, code: int = WRONG) -> typer.Exit:
    """Say what is wrong on stderr; raise what this returns."""
    for line in lines:
        err.print(line, style="red", markup=False)
    return typer.Exit(code)


@contextmanager
def plainly() -> Iterator[None]:
    """Expected faults end the command with sentences and exit code 2, not with a traceback."""
    try:
        yield
    except ConfigurationFault as fault:
        raise fail("the configuration cannot be used:", *(f"  {line}" for line in fault.faults)) from fault
    except (CannotStart, KeyMissing, SealBroken, PermissionError, FileNotFoundError, ValueError) as fault:
        raise fail(str(fault)) from fault
    except DatabaseError as fault:
        if type(fault) not in (DatabaseError, OperationalError):  # a statement that is wrong is a fault of ours
            raise
        raise fail(f"the database cannot be used: {why(fault)}") from fault


WHY = {
    "SQLITE_NOTADB": "its file is damaged, or is no database; put it back from a backup",
    "SQLITE_CORRUPT": "its file is damaged; put it back from a backup",
    "SQLITE_BUSY": "another program holds it locked; nothing was kept, try again",
    "SQLITE_FULL": "the disk is full; nothing was kept, make room and try again",
    "SQLITE_READONLY": "it may not be written; see to its permissions",
    "SQLITE_IOERR": "the disk fails; nothing was kept",
    "SQLITE_CANTOPEN": "its file cannot be opened; is QUANZU_HOME right?",
}


def why(fault: SQLAlchemyError) -> str:
    """What a database's refusal means to whoever sits before it; without any value of a statement."""
    name = str(getattr(getattr(fault, "orig", None), "sqlite_errorname", ""))
    for known, sentence in WHY.items():
        if name.startswith(known):
            return sentence
    return f"{type(fault).__name__}; is it there, and prepared? `quanzu migrate` does that"


def told(value: Any) -> str:
    """A number as people read it: 5,532; a share as 12.3 %; nothing as a dash."""
    if value is None:
        return "–"
    if isinstance(value, float):
        return f"{value * 100:.1f} %"
    return f"{value:,}"
