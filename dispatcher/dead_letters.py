"""Refused alerts: listed without their contents, shown to who asks, offered to intake again."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Connection, select, update

from dispatcher import tables
from dispatcher.bells import Bell
from dispatcher.intake import Incoming, Intake, Result, Status
from dispatcher.keys import Keyring


class NoSuchLetter(ValueError):
    """There is no dead letter of this id."""


@dataclass(frozen=True, slots=True)
class DeadLetter:
    """One refused alert without its contents; `faults` are {"field", "message"}."""

    id: UUID
    received_at: datetime
    door: str
    source: str | None
    source_ref: str | None
    times: int
    state: str
    faults: list[dict[str, str]]
    alert_id: UUID | None

    def as_json(self) -> dict[str, Any]:
        """For programs."""
        return {name: getattr(self, name) for name in self.__slots__}


def newest(connection: Connection, *, limit: int, replayed: bool = False) -> list[DeadLetter]:
    """Up to `limit` letters, newest first; only those that still wait for help unless `replayed`."""
    table = tables.dead_letters
    query = select(*_columns()).order_by(table.c.id.desc()).limit(limit)
    if not replayed:
        query = query.where(table.c.state == "kept")
    return [DeadLetter(*row) for row in connection.execute(query)]


def one(connection: Connection, letter: UUID) -> DeadLetter | None:
    """The letter, or None."""
    row = connection.execute(select(*_columns()).where(tables.dead_letters.c.id == letter)).first()
    return None if row is None else DeadLetter(*row)


def _columns() -> list[Any]:
    return [tables.dead_letters.c[name] for name in DeadLetter.__slots__]


def body(connection: Connection, keys: Keyring, letter: UUID) -> bytes:
    """Its contents as they came. Raises: NoSuchLetter."""
    table = tables.dead_letters
    row = connection.execute(select(table.c.sealed, table.c.key_id).where(table.c.id == letter)).first()
    if row is None:
        raise NoSuchLetter("no such dead letter")
    return keys.open(row.sealed, row.key_id, "dead_letters", letter)


def replay(intake: Intake, letter: UUID, *, mended: bytes | None, now: datetime) -> tuple[Result, list[Bell]]:
    """Offer the letter, or its mended contents, to intake. Commits. An accepted one is marked as replayed.

    Raises: NoSuchLetter.
    """
    with intake.store.read() as connection:
        raw = mended if mended is not None else body(connection, intake.store.keys, letter)
    accepted = intake.accept([Incoming(raw=raw)], door="replay", now=now)
    result = accepted.results[0]
    if result.status is not Status.REFUSED:
        table = tables.dead_letters
        with intake.store.write() as connection:
            done = update(table).where(table.c.id == letter)
            connection.execute(done.values(state="replayed", alert_id=result.alert_id))
    return result, accepted.bells
