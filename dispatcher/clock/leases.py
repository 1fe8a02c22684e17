"""Work whose worker died or hung comes back: to waiting, or as unsure when its request may be out."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import and_, select

from dispatcher import tables
from dispatcher.bells import Bell, bells_of
from dispatcher.bulk import change
from dispatcher.casebook import CaseBook
from dispatcher.happenings import LeaseRanOut
from dispatcher.move import Happened, move
from dispatcher.settle import unanswered
from dispatcher.store import Store
from dispatcher.words import DispatchState

LIMIT = 500

AskIn = Callable[[str], float | None]
"""Seconds from a lease's end to when a carrier (by name) can be asked for its try, which may be negative: whoever sent
it has not begun to later than a request's time before that end. None where it cannot be asked at all."""


def free_leases(store: Store, *, ask_in: AskIn, now: datetime) -> tuple[int, list[Bell]]:
    """End up to 500 leases that ran out. Commits. Returns how many, and the bells of what is due again."""
    table, attempt = tables.dispatches, tables.attempts
    query = (
        select(table.c.id, table.c.lease_until, attempt.c.id.label("attempt_id"), attempt.c.carrier, attempt.c.answer)
        .select_from(table)
        .outerjoin(attempt, and_(attempt.c.dispatch_id == table.c.id, attempt.c.number == table.c.attempts))
        .where(table.c.state == DispatchState.UNDERWAY, table.c.lease_until <= now)
        .order_by(table.c.lease_until)  # along its index, which forgets on the way what has ended since
        .limit(LIMIT)
    )
    with store.read() as connection:
        ids = [row.id for row in connection.execute(query)]
    if not ids:
        return 0, []
    with store.write() as connection:
        book = CaseBook(connection, now=now, actor="clock")
        book.lock_people(ids)
        lost = connection.execute(query.where(table.c.id.in_(ids))).all()
        happenings, unsure = [], []
        for row in lost:
            open_attempt = row.attempt_id is not None and row.answer is None
            ask_at, ask_in_s = _when_to_ask(row, ask_in, now) if open_attempt else (None, None)
            happenings.append(Happened(row.id, LeaseRanOut(open_attempt, ask_in_s), now))
            if open_attempt:
                told = {"answer": "unsure", "answered_at": now, "code": "lease_ran_out", "ask_at": ask_at}
                unsure.append({"row_id": row.attempt_id} | told)
        move(book, happenings)
        change(connection, attempt, unsure, guard=unanswered)
        bells = bells_of((book.dispatches[row.id] for row in lost), now)
        book.flush()
    return len(lost), bells


def _when_to_ask(row: Any, ask_in: AskIn, now: datetime) -> tuple[datetime | None, float | None]:
    """The instant, and how many seconds away it is."""
    after_s = ask_in(row.carrier)
    if after_s is None:
        return None, None
    ask_at = max(now, row.lease_until + timedelta(seconds=after_s))
    return ask_at, (ask_at - now).total_seconds()
