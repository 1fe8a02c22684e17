"""Which cases a transaction touched, noted in that transaction: the figures are made anew from their rows."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import datetime
from uuid import UUID

from sqlalchemy import Connection, insert

from dispatcher import tables
from dispatcher.ids import new_id

WIDTH = 16


def note_touched(connection: Connection, case_ids: Iterable[UUID], *, now: datetime) -> None:
    """One row for the whole transaction, whatever the number of its cases. Nothing where there is none."""
    if told := written(case_ids):
        connection.execute(insert(tables.figures_changes), {"id": new_id(), "at": now, "cases": told})


def read_touched(told: bytes) -> Iterator[UUID]:
    """The ids of one such row."""
    return (UUID(bytes=bytes(told[start : start + WIDTH])) for start in range(0, len(told), WIDTH))


def written(case_ids: Iterable[UUID]) -> bytes:
    """Ids as such a row holds them."""
    return b"".join(case_id.bytes for case_id in case_ids)
