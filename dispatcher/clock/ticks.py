"""Who runs a duty of the clock this time: whichever worker takes the turn first."""

from __future__ import annotations

from datetime import datetime, timedelta

from sqlalchemy import insert, select, update
from sqlalchemy.exc import IntegrityError

from dispatcher import tables
from dispatcher.store import Store
from dispatcher.ticking import DONE, counts


def take_turn(store: Store, duty: str, *, every: timedelta, by: str, now: datetime) -> bool:
    """True when `duty` was last done at least `every` ago and this caller is the one to do it now. Commits.

    A look comes first, so that workers whose turn it is not write nothing. A turn in the far future does not count.
    """
    table = tables.ticks
    with store.read() as connection:
        last = connection.execute(select(table.c.ticked_at).where(table.c.duty == duty)).scalar()
    if last is not None and counts(last, every, now=now):
        return False
    with store.write() as connection:
        if last is None:
            try:
                with connection.begin_nested():
                    connection.execute(insert(table).values(duty=duty, ticked_at=now, by=by))
                return True
            except IntegrityError:
                return False
        won = connection.execute(
            update(table).where(table.c.duty == duty, table.c.ticked_at == last).values(ticked_at=now, by=by)
        )
        return bool(won.rowcount == 1)


def note_done(store: Store, *, by: str, now: datetime) -> None:
    """A turn has ended with all of its duties done: a clock that turns and fails is told from one that works."""
    take_turn(store, DONE, every=timedelta(0), by=by, now=now)


def note_not_done(store: Store, *, by: str, now: datetime) -> None:
    """A turn has met a fault: where none was ever done, the time without one begins now."""
    take_turn(store, DONE, every=now - datetime.min.replace(tzinfo=now.tzinfo), by=by, now=now)
