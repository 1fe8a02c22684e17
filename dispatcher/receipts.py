"""News from carriers: stored first, as it came; applied after, once; never backwards.

keep(…)   commits the raw news, so that the carrier may forget it
apply(…)  finds the try it tells of and moves its dispatch; what cannot be placed yet waits and is tried again
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy import Connection, Integer, Uuid, bindparam, case, insert, or_, select, update

from dispatcher import tables
from dispatcher.bells import Bell, bells_of
from dispatcher.carriers import outcome_of
from dispatcher.casebook import CaseBook
from dispatcher.draft import Row
from dispatcher.ids import new_id
from dispatcher.judge import News
from dispatcher.move import Happened, move
from dispatcher.news import Told
from dispatcher.outcomes import OF_MEANS, WORTH
from dispatcher.store import Store, is_postgres
from dispatcher.words import DispatchState, Means, Outcome

PATIENCE = timedelta(days=3)
"""How long news of an unknown reference is kept waiting; no carrier reports later than 72 h."""

FIRST_PAUSE_S, LONGEST_PAUSE_S = 1.0, 600.0


@dataclass(frozen=True, slots=True)
class Applied:
    """How many receipts found their try, how many wait on, and what may be rung."""

    placed: int
    waiting: int
    bells: list[Bell]


def keep(store: Store, carrier: str, news: Sequence[Told], *, now: datetime) -> list[UUID]:
    """Store news whole and sealed. Commits. Returns the receipts' ids, in order."""
    if not news:
        return []
    rows: list[Row] = []
    for told in news:
        receipt_id = new_id()
        rows.append(
            {
                "id": receipt_id,
                "carrier": carrier,
                "reference": told.reference[:64],
                "code": told.code[:64],
                "happened_at": told.at,
                "received_at": now,
                "state": "waiting",
                "tries": 0,
                "again_at": now,
                "applied_at": None,
                "sealed": store.keys.seal(told.raw, "receipts", receipt_id),
                "key_id": store.keys.current,
            }
        )
    with store.write() as connection:
        connection.execute(insert(tables.receipts), rows)
    return [row["id"] for row in rows]


def apply(store: Store, *, now: datetime, ids: Sequence[UUID] | None = None, limit: int = 500) -> Applied:
    """Apply waiting receipts: those of `ids`, or the `limit` that are due. Commits. Safe to run in several places."""
    with store.write() as connection:
        book = CaseBook(connection, now=now, actor="news")
        receipts = _waiting(connection, ids, limit, now)
        if not receipts:
            return Applied(0, 0, [])
        tries = _tries(connection, [row["reference"] for row in receipts])
        if is_postgres(connection):
            # people before receipts, as everywhere; what was read before they were ours is read again
            book.lock_people({attempt["dispatch_id"] for attempt in tries.values()})
            receipts = _waiting(connection, [row["id"] for row in receipts], limit, now, lock=True)
            if not receipts:
                return Applied(0, 0, [])  # another worker has applied them
            tries = _tries(connection, [row["reference"] for row in receipts])
        placed = [row for row in receipts if _can_be_placed(row, tries)]
        happenings, outcomes = [], []
        for row in placed:
            attempt, outcome = tries[row["reference"]], outcome_of(row["carrier"], row["code"])
            if outcome is None or outcome == attempt["outcome"] or not _fits(row, attempt, outcome):
                row["changes"] = False  # not final, told before, or no such news can be of this try
                continue
            attempt["outcome"] = outcome
            latest = attempt["number"] == attempt["attempts"]
            # a carrier whose clock is wrong tells of no time before its try
            happened_at = min(max(row["happened_at"], attempt["begun_at"]), now)
            happenings.append(Happened(attempt["dispatch_id"], News(outcome, latest), happened_at, row["carrier"]))
            outcomes.append(_outcome_row(attempt, row, outcome, happened_at))
        moved = move(book, happenings)
        told = [row for row in placed if row.get("changes", True)]
        for row, result in zip(told, moved, strict=True):
            row["changes"] = result.moved
        _note_outcomes(connection, outcomes)
        _mark(connection, placed, [row for row in receipts if row not in placed], now)
        rows = [book.dispatches[happened.dispatch_id] for happened in happenings]
        bells = bells_of([*rows, *book.draft.rows(tables.dispatches)], now)
        book.flush()
    return Applied(len(placed), len(receipts) - len(placed), bells)


def _waiting(
    connection: Connection, ids: Sequence[UUID] | None, limit: int, now: datetime, *, lock: bool = False
) -> list[Row]:
    table = tables.receipts
    query = select(table).where(table.c.state == "waiting").order_by(table.c.id)
    due = table.c.again_at <= now
    query = query.where(due).limit(limit) if ids is None else query.where(table.c.id.in_(ids))
    query = query.with_for_update(skip_locked=True) if lock else query
    return [dict(row) for row in connection.execute(query).mappings()]


def _tries(connection: Connection, references: Iterable[str]) -> dict[str, Row]:
    attempt, dispatch = tables.attempts, tables.dispatches
    query = (
        select(
            attempt.c.id,
            attempt.c.reference,
            attempt.c.dispatch_id,
            attempt.c.number,
            attempt.c.begun_at,
            attempt.c.answer,
            attempt.c.carrier,
            dispatch.c.means,
            attempt.c.outcome,
            dispatch.c.state,
            dispatch.c.attempts,
        )
        .select_from(attempt)
        .join(dispatch, attempt.c.dispatch_id == dispatch.c.id)
        .where(attempt.c.reference.in_(sorted(set(references))))
    )
    return {row["reference"]: dict(row) for row in connection.execute(query).mappings()}


def _can_be_placed(receipt: Row, tries: dict[str, Row]) -> bool:
    """Its try is known and answered, and no worker holds the dispatch."""
    attempt = tries.get(receipt["reference"])
    return attempt is not None and attempt["answer"] is not None and attempt["state"] != DispatchState.UNDERWAY


def _fits(receipt: Row, attempt: Row, outcome: Outcome) -> bool:
    """News is of its own carrier's tries, and of their kind: nobody hears a text, and no robot meets anybody."""
    told_by = receipt["carrier"] == attempt["carrier"]
    return bool(told_by and (outcome is Outcome.UNKNOWN or outcome in OF_MEANS.get(Means(attempt["means"]), ())))


def _outcome_row(attempt: Row, receipt: Row, outcome: Outcome, at: datetime) -> Row:
    return {
        "row_id": attempt["id"],
        "outcome": outcome.value,
        "outcome_code": receipt["code"],
        "outcome_at": at,
        "worth": WORTH.get(outcome, 0),
    }


def _note_outcomes(connection: Connection, outcomes: list[Row]) -> None:
    """On the try: a first outcome, or a better one; a good one is never undone. News proves the hand-over, too."""
    table = tables.attempts
    known_worth = case(WORTH, value=table.c.outcome, else_=0)
    better = or_(table.c.outcome.is_(None), known_worth < bindparam("worth", type_=Integer()))
    query = (
        update(table)
        .where(table.c.id == bindparam("row_id", type_=Uuid()), better)
        .values(
            outcome=bindparam("outcome"),
            outcome_code=bindparam("outcome_code"),
            outcome_at=bindparam("outcome_at"),
            answer="accepted",
            ask_at=None,
        )
    )
    known = [row for row in outcomes if row["outcome"] != Outcome.UNKNOWN]
    if known:
        connection.execute(query, known)


def _mark(connection: Connection, placed: list[Row], early: list[Row], now: datetime) -> None:
    table = tables.receipts
    changes = [
        {"row_id": row["id"], "s": "applied" if row["changes"] else "noted", "t": row["tries"] + 1, "a": now, "g": now}
        for row in placed
    ]
    for row in early:
        over = now - row["received_at"] > PATIENCE
        pause = timedelta(seconds=min(FIRST_PAUSE_S * 2 ** min(row["tries"], 20), LONGEST_PAUSE_S))
        changes.append(
            {
                "row_id": row["id"],
                "s": "orphan" if over else "waiting",
                "t": row["tries"] + 1,
                "a": now if over else None,
                "g": now + pause,
            }
        )
    query = update(table).where(table.c.id == bindparam("row_id", type_=Uuid()))
    connection.execute(
        query.values(state=bindparam("s"), tries=bindparam("t"), applied_at=bindparam("a"), again_at=bindparam("g")),
        changes,
    )
