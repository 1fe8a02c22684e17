"""News that did not come in time: the dispatch ends as unknown, or goes on as rule 11 says."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import and_, select, update

from dispatcher import tables
from dispatcher.bells import Bell, bells_of
from dispatcher.casebook import CaseBook
from dispatcher.draft import Row
from dispatcher.happenings import NoNews
from dispatcher.judge import news_s
from dispatcher.move import Happened, move
from dispatcher.store import Store
from dispatcher.words import DispatchState, Means

LIMIT = 500
PATIENCE = timedelta(seconds=2)
ASKS = 12
"""A carrier that does not answer is asked every 5 s: this is a minute in which it could have said a word.
Source: rule 11 lets a text at L1 and L2 wait a minute; the count is our own proposal."""


def close_news(store: Store, *, now: datetime) -> tuple[int, list[Bell]]:
    """Decide up to 500 dispatches whose news deadline passed. Commits. Returns how many, and bells of what is due.

    While a carrier is still to be asked for an unsure try, its deadline waits: asking beats guessing, until news would
    have been awaited that long and the carrier has been asked `ASKS` times without a word. News that came and is not
    yet applied goes first.
    """
    table, attempt, receipt = tables.dispatches, tables.attempts, tables.receipts
    unread = select(receipt.c.id).where(receipt.c.reference == attempt.c.reference, receipt.c.state == "waiting")
    told = (attempt.c.answer, attempt.c.ask_at, attempt.c.asks, attempt.c.begun_at, attempt.c.id.label("attempt_id"))
    query = (
        select(table.c.id, *told, unread.exists().label("unread"))
        .select_from(table)
        .outerjoin(attempt, and_(attempt.c.dispatch_id == table.c.id, attempt.c.number == table.c.attempts))
        .where(table.c.state == DispatchState.HANDED_OVER, table.c.news_due_at <= now)
        .order_by(table.c.news_due_at)
        .limit(LIMIT)
    )
    with store.read() as connection:
        ids = [row.id for row in connection.execute(query)]
    if not ids:
        return 0, []
    with store.write() as connection:
        book = CaseBook(connection, now=now, actor="clock")
        book.lock_people(ids)
        silent = connection.execute(query.where(table.c.id.in_(ids))).all()
        book.load_dispatches(row.id for row in silent)
        over = []
        for row in silent:
            dispatch = book.dispatches[row.id]
            asking = row.ask_at is not None and row.answer == "unsure"
            if row.unread or (asking and _may_still_tell(row, book, dispatch, now)):
                dispatch["news_due_at"] = now + PATIENCE
                book.touch(dispatch)
            else:
                over.append(row)
        unasked = [row.attempt_id for row in over if row.ask_at is not None]
        if unasked:
            connection.execute(update(attempt).where(attempt.c.id.in_(unasked)).values(ask_at=None))
        move(book, [Happened(row.id, NoNews(row.answer == "unsure"), now) for row in over])
        rows = [book.dispatches[row.id] for row in over]
        bells = bells_of([*rows, *book.draft.rows(tables.dispatches)], now)
        book.flush()
    return len(over), bells


def _may_still_tell(row: Any, book: CaseBook, dispatch: Row, now: datetime) -> bool:
    return bool(row.asks < ASKS or now < row.begun_at + _patience(book, dispatch))


def _patience(book: CaseBook, dispatch: Row) -> timedelta:
    policy = book.policy_of(book.cases[dispatch["case_id"]])
    return timedelta(seconds=news_s(Means(dispatch["means"]), policy.level(dispatch["risk"])))
