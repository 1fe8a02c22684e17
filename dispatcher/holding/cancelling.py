"""Waiting dispatches that an operator takes back: `cancelled` as ever, with who and why on each timeline."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import select

from dispatcher import tables
from dispatcher.access import Visitor, note_deed
from dispatcher.casebook import CaseBook
from dispatcher.holding.filters import Filter
from dispatcher.holding.holding import pages
from dispatcher.move import conclude_all
from dispatcher.store import Store

CANCELLED = "cancelled_by_operator"


def cancel(store: Store, wanted: Filter, visitor: Visitor, *, reason: str, remote: str, now: datetime) -> int:
    """Cancel what waits and matches, held or not. Commits, a page at a time. Returns how many.

    Their cases come to rest as any other: where people were promised and nobody was reached, a case stays open for a
    supervisor. What an alert says is not taken back by this: that is a withdrawal.
    """
    with store.write() as connection:
        note_deed(connection, visitor, deed="cancel", why=reason, remote=remote, now=now, case_id=wanted.case)
    done = 0
    conditions = wanted.conditions()
    for ids in pages(store, conditions):
        with store.write() as connection:
            book = CaseBook(connection, now=now, actor=visitor.label[:64])
            book.lock_people(ids)
            still = select(tables.dispatches.c.id).where(tables.dispatches.c.id.in_(ids), *conditions)
            found = sorted(connection.execute(still).scalars())
            book.load_dispatches(found)
            cases = {book.dispatches[row_id]["case_id"] for row_id in found}
            book.load_whole(cases)
            for case_id in sorted(cases):
                book.draft.event(case_id, CANCELLED, why=reason[:128])
            for row_id in found:
                book.cancel(book.dispatches[row_id], CANCELLED)
            conclude_all(book)
            book.flush()
        done += len(found)
    return done
