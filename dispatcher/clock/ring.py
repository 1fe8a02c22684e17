"""Ring (again) for what is due and was not claimed: a lost message costs a few seconds and nothing else."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime
from typing import Any

from sqlalchemy import or_, select

from dispatcher import tables
from dispatcher.bells import Bell, ring_pause
from dispatcher.bulk import also, among, change
from dispatcher.store import Store
from dispatcher.words import DispatchState

LIMITS = {"urgent": 1000, "routine": 2000}
"""The most dispatches that one sweep rings for, by lane."""


def ring_due(store: Store, *, now: datetime, crowded: Collection[tuple[str, str]] = ()) -> list[Bell]:
    """The bells of waiting dispatches whose ring is due, urgent first; each is put off to its next ring. Commits.

    `crowded`: channels and lanes whose queues are deep: there only first bells are rung. One that was lost is rung
    again once the queue is not, and would have had to wait its turn anyway.
    """
    table = tables.dispatches
    columns = (table.c.id, table.c.channel, table.c.lane, table.c.rings)
    found: list[Any] = []
    with store.read() as connection:
        for lane, limit in LIMITS.items():
            query = select(*columns).where(
                table.c.state == DispatchState.WAITING,
                table.c.held_by.is_(None),
                table.c.lane == lane,
                table.c.ring_at <= now,
            )
            if deep := sorted(channel for channel, its_lane in crowded if its_lane == lane):
                query = query.where(or_(table.c.rings == 0, table.c.channel.not_in(deep)))
            found += connection.execute(query.order_by(table.c.ring_at).limit(limit)).all()
    if not found:
        return []
    with store.write() as connection:
        # what another transaction holds is being moved: this one waits for nobody
        waiting = among(connection, table.c.id, [row.id for row in found]), also(table.c.state == DispatchState.WAITING)
        query = select(table.c.id).where(*waiting).with_for_update(skip_locked=True)
        free = set(connection.execute(query).scalars())
        rung = [row for row in found if row.id in free]
        again = [{"row_id": row.id, "ring_at": now + ring_pause(row.rings), "rings": row.rings + 1} for row in rung]
        change(connection, table, again)
    return [Bell(row.channel, row.lane, row.id) for row in rung]
