"""Ring (again) for what is due and was not claimed: a lost message costs a few seconds and nothing else."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import bindparam, select, update

from dispatcher import tables
from dispatcher.bells import Bell, ring_pause
from dispatcher.store import Store
from dispatcher.words import DispatchState

LIMITS = {"urgent": 1000, "routine": 2000}
"""The most dispatches that one sweep rings for, by lane."""


def ring_due(store: Store, *, now: datetime) -> list[Bell]:
    """The bells of waiting dispatches whose ring is due, urgent first; each is put off to its next ring. Commits."""
    table = tables.dispatches
    columns = (table.c.id, table.c.channel, table.c.lane, table.c.rings)
    found: list[Any] = []
    with store.read() as connection:
        for lane, limit in LIMITS.items():
            query = select(*columns).where(
                table.c.state == DispatchState.WAITING, table.c.lane == lane, table.c.ring_at <= now
            )
            found += connection.execute(query.order_by(table.c.ring_at).limit(limit)).all()
    if not found:
        return []
    query_update = (
        update(table)
        .where(table.c.id == bindparam("row_id"), table.c.state == DispatchState.WAITING)
        .values(ring_at=bindparam("again"), rings=table.c.rings + 1)
    )
    with store.write() as connection:
        connection.execute(query_update, [{"row_id": row.id, "again": now + ring_pause(row.rings)} for row in found])
    return [Bell(row.channel, row.lane, row.id) for row in found]
