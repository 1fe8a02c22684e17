"""News from carriers: stored first, as it came; applied after, once; never backwards.

keep(…)   commits the raw news, so that the carrier may forget it
apply(…)  finds the try it tells of and moves its dispatch; what cannot be placed yet waits and is tried again
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, Connection, case, or_, select, update

from dispatcher import naming, tables
from dispatcher.bells import Bell, bells_of
from dispatcher.bulk import New, also, among, among_these, change, put, rows_of
from dispatcher.casebook import CaseBook
from dispatcher.draft import Row
from dispatcher.happenings import News, OnItsWay
from dispatcher.ids import new_id
from dispatcher.move import Happened, move
from dispatcher.news import Told
from dispatcher.outcomes import NEXT_CARRIER, OF_MEANS, WORTH
from dispatcher.routing.network import SIMULATED, Network
from dispatcher.store import Store
from dispatcher.waiting_news import PATIENCE, put_off
from dispatcher.words import Answer, DispatchState, Means, Outcome

__all__ = ["PATIENCE", "Applied", "apply", "keep"]


@dataclass(frozen=True, slots=True)
class Applied:
    """How many receipts found their try, how many wait on, and what may be rung."""

    placed: int
    waiting: int
    bells: list[Bell]


def keep(
    store: Store, carrier: str, news: Sequence[Told], *, now: datetime, own_for: timedelta = timedelta(0)
) -> list[UUID]:
    """Store news whole and sealed. Commits. Returns the receipts' ids, in order.

    `own_for`: the caller is about to apply them himself; others leave alone for so long what has a reference.

    `carrier` is the carrier's name in the carriers file (`simulator` where there is none), which need not be known
    here. News whose `reference` is empty is found by `carrier_ref`, the carrier's name for the try, now or as soon as
    the carrier's answer has told it. What a code means is decided by `apply`, so that the code is kept as it came.
    """
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
                "carrier_ref": None if told.carrier_ref is None else told.carrier_ref[:64],
                "code": told.code[:64],
                "happened_at": told.at,
                "received_at": now,
                "state": "waiting",
                "tries": 0,
                "again_at": now + own_for,
                "applied_at": None,
                "sealed": store.keys.seal(told.raw, "receipts", receipt_id),
                "key_id": store.keys.current,
            }
        )
    unnamed = [row for row in rows if not row["reference"]]
    with store.write() as connection:
        if unnamed:
            refs = {row["carrier_ref"] for row in unnamed if row["carrier_ref"]}
            ours = naming.known(connection, carrier, refs)
            for row in unnamed:
                row["reference"] = ours.get(row["carrier_ref"], "")
                if not row["reference"]:  # nobody can apply it before the clock has found its name
                    row["again_at"] = now
        put(connection, tables.receipts, rows)
    return [row["id"] for row in rows]


def apply(
    store: Store,
    *,
    now: datetime,
    ids: Sequence[UUID] | None = None,
    limit: int = 500,
    network: Network = SIMULATED,
) -> Applied:
    """Apply waiting receipts: those of `ids`, or the `limit` that are due. Commits. Safe to run in several places.

    `network` says what a code means: decided here and not when news is kept, since a table that was mended meanwhile
    is right for all that waits.
    """
    with store.write() as connection:
        book = CaseBook(connection, now=now, actor="news")
        found = _due(connection, ids, limit, now)
        if not found:
            return Applied(0, 0, [])
        # people before receipts, as everywhere
        book.load_dispatches((row.dispatch_id for row in found if row.dispatch_id is not None), whole=True)
        receipts = _waiting(connection, [row.id for row in found])
        if not receipts:
            return Applied(0, 0, [])  # another worker has applied them
        tries = {row["reference"]: row for row in receipts if row["dispatch_id"] in book.dispatches}
        placed: list[Row] = []
        early: list[Row] = []
        for row in receipts:
            (placed if _can_be_placed(book, tries.get(row["reference"])) else early).append(row)
        happenings: list[tuple[Row, Happened]] = []
        outcomes: list[Row] = []
        taken: list[Row] = []
        for row in placed:
            attempt, outcome = tries[row["reference"]], network.meaning(row["carrier"], row["code"])
            dispatch = book.dispatches[attempt["dispatch_id"]]
            latest = attempt["number"] == dispatch["attempts"]
            row["changes"] = False
            if outcome is None or outcome is Outcome.UNKNOWN:
                # it has not ended, or in words that nobody knows: in both cases its carrier has had it
                if _settles_unsure(row, attempt):
                    attempt["answer"] = Answer.ACCEPTED
                    taken.append({"row_id": attempt["attempt_id"], "answer": "accepted", "ask_at": None})
                    row["changes"] = True
                    if latest:
                        happenings.append((row, Happened(attempt["dispatch_id"], OnItsWay(), now, row["carrier"])))
                continue
            if outcome == attempt["outcome"] or not _fits(row, dispatch, outcome):
                continue  # told before, or no such news can be of this try
            attempt["outcome"] = outcome
            # a carrier whose clock is wrong tells of no time before its try
            happened_at = min(max(row["happened_at"], attempt["begun_at"]), now)
            what = _news(network, dispatch, row, outcome, latest)
            happenings.append((row, Happened(attempt["dispatch_id"], what, happened_at, row["carrier"])))
            outcomes.append(_outcome_row(attempt, row, outcome, happened_at))
        moved = move(book, [happened for _, happened in happenings])
        for (row, _), result in zip(happenings, moved, strict=True):
            row["changes"] = row["changes"] or result.moved
        change(connection, tables.attempts, taken, guard=_unsure)
        _note_outcomes(connection, outcomes)
        _mark(connection, placed, early, now)
        rows = [book.dispatches[happened.dispatch_id] for _, happened in happenings]
        bells = bells_of([*rows, *book.draft.rows(tables.dispatches)], now)
        book.flush()
    return Applied(len(placed), len(receipts) - len(placed), bells)


def _due(connection: Connection, ids: Sequence[UUID] | None, limit: int, now: datetime) -> Sequence[Any]:
    """Which receipts are to be applied, and the dispatches that they tell of, None where no try has that reference.

    All that waits of the same tries comes with them: what was told first must not be overtaken by what came after.
    """
    receipt, attempt, mine = tables.receipts, tables.attempts, tables.receipts.alias("mine")
    told_of = select(mine.c.reference)
    if ids is None:
        due = (mine.c.state == "waiting", mine.c.again_at <= now, mine.c.reference != "")
        told_of = told_of.where(*due).order_by(mine.c.again_at).limit(limit)  # in the order of its index
    else:
        told_of = told_of.where(
            among(connection, mine.c.id, ids), also(mine.c.state == "waiting", mine.c.reference != "")
        )
    # each looked up by its reference: as a join, a table that has just been made is read whole
    dispatch_id = select(attempt.c.dispatch_id).where(attempt.c.reference == receipt.c.reference).scalar_subquery()
    query = select(receipt.c.id, dispatch_id.label("dispatch_id")).where(
        among_these(connection, receipt.c.reference, told_of), also(receipt.c.state == "waiting")
    )
    return connection.execute(query).all()


def _waiting(connection: Connection, ids: Sequence[UUID]) -> list[Row]:
    """Those of the receipts that wait, locked, in the order in which they came; each with the try that it tells of."""
    receipt, attempt = tables.receipts, tables.attempts
    query = (
        select(
            receipt.c.id,
            receipt.c.carrier,
            receipt.c.reference,
            receipt.c.code,
            receipt.c.happened_at,
            receipt.c.received_at,
            receipt.c.tries,
            attempt.c.id.label("attempt_id"),
            attempt.c.dispatch_id,
            attempt.c.number,
            attempt.c.begun_at,
            attempt.c.answer,
            attempt.c.carrier.label("tried_by"),
            attempt.c.outcome,
        )
        .select_from(receipt)
        .outerjoin(attempt, attempt.c.reference == receipt.c.reference)
        .where(among(connection, receipt.c.id, ids), also(receipt.c.state == "waiting"))
        .order_by(receipt.c.id)
        .with_for_update(of=receipt, skip_locked=True)
    )
    return rows_of(connection.execute(query))


def _can_be_placed(book: CaseBook, attempt: Row | None) -> bool:
    """Its try is known and answered, and no worker holds the dispatch."""
    if attempt is None or attempt["answer"] is None:
        return False
    return bool(book.dispatches[attempt["dispatch_id"]]["state"] != DispatchState.UNDERWAY)


def _fits(receipt: Row, dispatch: Row, outcome: Outcome) -> bool:
    """News is of its own carrier's tries, and of their kind: nobody hears a text, and no robot meets anybody."""
    return bool(receipt["carrier"] == receipt["tried_by"] and outcome in OF_MEANS.get(Means(dispatch["means"]), ()))


def _settles_unsure(receipt: Row, attempt: Row) -> bool:
    """What its carrier tells of, it has: who was unsure knows now, and nothing is sent or asked for a second time."""
    return bool(attempt["answer"] == Answer.UNSURE and receipt["carrier"] == attempt["tried_by"])


def _unsure(_new: New) -> list[ColumnElement[bool]]:
    return [tables.attempts.c.answer == Answer.UNSURE.value]


def _news(network: Network, dispatch: Row, receipt: Row, outcome: Outcome, latest: bool) -> News:
    passed_over = network.passed_over(dispatch, receipt["carrier"]) if outcome in NEXT_CARRIER else None
    return News(outcome, latest, passed_over)


def _outcome_row(attempt: Row, receipt: Row, outcome: Outcome, at: datetime) -> Row:
    return {
        "row_id": attempt["attempt_id"],
        "outcome": outcome.value,
        "outcome_code": receipt["code"],
        "outcome_at": at,
        "answer": "accepted",
        "ask_at": None,
        "worth": WORTH.get(outcome, 0),
    }


def _note_outcomes(connection: Connection, outcomes: list[Row]) -> None:
    """On the try: a first outcome, or a better one; a good one is never undone. News proves the hand-over, too."""
    best: dict[UUID, Row] = {}
    for row in outcomes:
        before = best.get(row["row_id"])
        if before is None or before["worth"] < row["worth"]:
            best[row["row_id"]] = row
    change(connection, tables.attempts, list(best.values()), guard=_better, like=(("worth", "number"),))


def _better(new: New) -> list[ColumnElement[bool]]:
    known = tables.attempts.c.outcome
    return [or_(known.is_(None), case(WORTH, value=known, else_=0) < new("worth"))]


def _mark(connection: Connection, placed: list[Row], early: list[Row], now: datetime) -> None:
    """What was placed is done with; what came too early waits longer each time, until it is nobody's."""
    table = tables.receipts
    for state, changes in (("applied", True), ("noted", False)):
        ids = [row["id"] for row in placed if row["changes"] is changes]
        if ids:
            done = update(table).where(among(connection, table.c.id, ids))
            connection.execute(done.values(state=state, tries=table.c.tries + 1, applied_at=now, again_at=now))
    change(connection, table, [put_off(row, now) for row in early])
