"""Cases whose closing time has come end by rule, once they are at rest."""

from __future__ import annotations

from datetime import datetime, timedelta

from sqlalchemy import select

from dispatcher import tables
from dispatcher.casebook import OPEN, CaseBook
from dispatcher.move import conclude_all
from dispatcher.store import Store

LIMIT = 500
LOOK_AGAIN = timedelta(seconds=2)
"""A case that is not at rest at its closing time is looked at again this soon."""


def close_due(store: Store, *, now: datetime) -> int:
    """Conclude up to 500 open cases whose closing time has come. Commits. Returns how many were looked at."""
    table = tables.cases
    query = select(table.c.id).where(table.c.state == OPEN, table.c.closes_itself_at <= now).limit(LIMIT)
    with store.read() as connection:
        found = list(connection.execute(query).scalars())
    if not found:
        return 0
    with store.write() as connection:
        book = CaseBook(connection, now=now, actor="clock")
        book.lock_families(found)
        ids = list(connection.execute(query.where(table.c.id.in_(found))).scalars())
        book.load_whole(ids)
        book.unrest.update(ids)
        conclude_all(book)
        for case in (book.cases[case_id] for case_id in ids):
            if case["state"] == OPEN:
                case["closes_itself_at"] = None if case["close_code"] is not None else now + LOOK_AGAIN
                book.touch_case(case)
        book.flush()
    return len(ids)
