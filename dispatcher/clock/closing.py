"""Cases whose closing time has come end by rule, once they are at rest."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import Connection, and_, not_, select, update

from dispatcher import tables
from dispatcher.casebook import OPEN, CaseBook
from dispatcher.move import conclude_all
from dispatcher.store import Store
from dispatcher.words import Channel, DispatchState

LIMIT = 500
PAGE = 5_000
"""Cases whose time has come that one look goes through; few of them are at rest where much work waits."""
LOOK_AGAIN = timedelta(seconds=2)
"""A case that is not at rest because of another's is looked at again this soon."""
AWHILE = timedelta(seconds=60)
"""A whole page whose own work goes on makes room for so long: each of them closes when its work ends, too."""


def close_due(store: Store, *, now: datetime) -> int:
    """Conclude up to 500 open cases whose closing time has come. Commits. Returns how many were looked at.

    Those with work of their own that goes on are passed over without a lock: whoever ends that work concludes them.
    """
    with store.read() as connection:
        found, crowded = _at_rest(connection, now)
    if crowded:
        _make_room(store, now)
    if not found:
        return 0
    table = tables.cases
    with store.write() as connection:
        book = CaseBook(connection, now=now, actor="clock")
        book.lock_families(found)
        still = select(table.c.id).where(table.c.id.in_(found), table.c.state == OPEN, table.c.closes_itself_at <= now)
        ids = list(connection.execute(still).scalars())
        book.load_whole(ids)
        book.unrest.update(ids)
        conclude_all(book)
        for case in (book.cases[case_id] for case_id in ids):
            if case["state"] == OPEN:
                case["closes_itself_at"] = None if case["close_code"] is not None else now + LOOK_AGAIN
                book.touch_case(case)
        book.flush()
    return len(ids)


def _due(now: datetime) -> Any:
    """The first page of open cases whose closing time has come, the longest due first."""
    table = tables.cases
    query = select(table.c.id).where(table.c.state == OPEN, table.c.closes_itself_at <= now)
    return query.order_by(table.c.closes_itself_at).limit(PAGE)


def _busy(case_id: Any) -> Any:
    """A dispatch of the case has not ended, and is more than a text that awaits its receipt."""
    dispatch = tables.dispatches
    awaits = and_(dispatch.c.channel == Channel.SMS, dispatch.c.state == DispatchState.HANDED_OVER)
    return (
        select(dispatch.c.id).where(dispatch.c.case_id == case_id, dispatch.c.ended_at.is_(None), not_(awaits)).exists()
    )


def _at_rest(connection: Connection, now: datetime) -> tuple[list[UUID], bool]:
    """Up to 500 that are due and have nothing to wait for; whether the page was full and had none of them."""
    due = _due(now).subquery()
    rows = connection.execute(select(due.c.id, _busy(due.c.id).label("busy"))).all()
    found = [row.id for row in rows if not row.busy]
    return found[:LIMIT], len(rows) == PAGE and not found


def _make_room(store: Store, now: datetime) -> None:
    """Put off a page whose work goes on. Commits. Waits for nobody."""
    table = tables.cases
    with store.write() as connection:
        due = _due(now).with_for_update(skip_locked=True, key_share=True)
        ids = [row.id for row in connection.execute(due)]
        connection.execute(
            update(table).where(table.c.id.in_(ids), _busy(table.c.id)).values(closes_itself_at=now + AWHILE)
        )
