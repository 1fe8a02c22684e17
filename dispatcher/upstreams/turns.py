"""One publisher at a time: a turn is taken by compare-and-set, kept by working, and runs out when its holder dies."""

from __future__ import annotations

from datetime import datetime, timedelta

from sqlalchemy import Connection, insert, select, update
from sqlalchemy.exc import IntegrityError

from dispatcher import tables
from dispatcher.store import Store, clock_of
from dispatcher.ticking import counts


def take(store: Store, duty: str, *, by: str, length: timedelta, now: datetime) -> bool:
    """True when the turn is now `by`'s, for `length` from `now`: it was free, had run out, or was its own. Commits.

    With a server its clock counts, and not `now`: hosts that differ would take the turn from one another without end.
    """
    table = tables.ticks
    with store.read() as connection:
        last = connection.execute(select(table.c.ticked_at, table.c.by).where(table.c.duty == duty)).first()
        now = clock_of(connection, now)
    if last is not None and last.by != by and counts(last.ticked_at, length, now=now):
        return False
    with store.write() as connection:
        if last is None:
            try:
                with connection.begin_nested():
                    connection.execute(insert(table).values(duty=duty, ticked_at=now, by=by))
                return True
            except IntegrityError:
                return False
        seen = (table.c.duty == duty, table.c.by == last.by, table.c.ticked_at == last.ticked_at)
        return bool(connection.execute(update(table).where(*seen).values(ticked_at=now, by=by)).rowcount == 1)


def keep(connection: Connection, duty: str, *, by: str, now: datetime) -> bool:
    """Prolong the turn inside the caller's transaction. False: somebody else has it, and the caller must not go on."""
    table = tables.ticks
    mine = update(table).where(table.c.duty == duty, table.c.by == by)
    return bool(connection.execute(mine.values(ticked_at=clock_of(connection, now))).rowcount == 1)
