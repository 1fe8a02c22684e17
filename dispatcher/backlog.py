"""A bell that lay long in its queue: what it was rung for may be done, and much else may wait behind it.

After an outage a queue holds a message for nearly every dispatch. One claim for each would take a backlog of minutes to
work off; a claim takes a hundred as cheaply as one.
"""

from __future__ import annotations

import random
from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from sqlalchemy import select

from dispatcher import tables
from dispatcher.bulk import also, among
from dispatcher.store import Store
from dispatcher.words import Channel, DispatchState

SPREAD = 4
"""So many times more are looked at than are taken: workers that look at once hardly take the same."""


def waiting_now(
    store: Store, channel: Channel, lane: str, ids: Sequence[UUID], *, most: int, now: datetime
) -> list[UUID]:
    """Those of `ids` that still wait and are due, and others of the same channel and lane, `most` of them together.

    Reads only: whoever claims them finds out which are still free. In the order of their ids, as they are locked.
    """
    table = tables.dispatches
    due = (table.c.state == DispatchState.WAITING, table.c.held_by.is_(None), table.c.due_at <= now)
    with store.read() as connection:
        mine = select(table.c.id).where(among(connection, table.c.id, ids), also(*due))
        found = set(connection.execute(mine).scalars())
        if (room := most - len(found)) > 0:
            here = select(table.c.id).where(table.c.lane == lane, table.c.channel == channel, *due)
            others = here.order_by(table.c.ring_at).limit(room * SPREAD)
            more = sorted(set(connection.execute(others).scalars()) - found)
            found.update(random.sample(more, min(room, len(more))))
    return sorted(found)
