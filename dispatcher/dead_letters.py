"""Refused alerts: listed without their contents, shown to who asks, offered to intake again."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Connection, Uuid, bindparam, select, update

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


def replay(
    intake: Intake, letters: Sequence[tuple[UUID, bytes | None]], *, now: datetime
) -> tuple[list[Result], list[Bell]]:
    """Offer letters to intake again, each as it was (None) or with its mended contents. Commits.

    Returns a result for each, in order. What is accepted is marked as replayed.
    Raises: NoSuchLetter: one of them is not there; nothing was offered.
    """
    bodies = dict(letters)
    as_they_were = [letter for letter, mended in letters if mended is None]
    with intake.store.read() as connection:
        bodies |= {letter: body(connection, intake.store.keys, letter) for letter in as_they_were}
    accepted = intake.accept([Incoming(raw=bodies[letter]) for letter, _ in letters], door="replay", now=now)
    table = tables.dead_letters
    done = [
        {"row_id": letter, "accepted_as": result.alert_id}
        for (letter, _), result in zip(letters, accepted.results, strict=True)
        if result.status is not Status.REFUSED
    ]
    if done:
        query = update(table).where(table.c.id == bindparam("row_id", type_=Uuid()))
        with intake.store.write() as connection:
            connection.execute(query.values(state="replayed", alert_id=bindparam("accepted_as")), done)
    return accepted.results, accepted.bells


def known(connection: Connection, letters: Collection[UUID]) -> set[UUID]:
    """Those of them that there are."""
    ids = tables.dead_letters.c.id
    return set(connection.execute(select(ids).where(ids.in_(letters))).scalars())
