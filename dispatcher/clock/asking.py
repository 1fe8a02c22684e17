"""Tries that the carrier is asked for, by our reference: those of which nobody can tell, after its settling time, and
all tries of a carrier that has no callbacks, at growing pauses until their news deadline."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy import Connection, select, update

from dispatcher import tables
from dispatcher.bells import Bell, bells_of
from dispatcher.bulk import change, rows_of
from dispatcher.casebook import CaseBook
from dispatcher.happenings import Asked as WasAsked
from dispatcher.happenings import Happening, News
from dispatcher.keys import Keyring
from dispatcher.move import Happened, move
from dispatcher.phones import phone_of
from dispatcher.routing.network import SIMULATED, Network
from dispatcher.store import Store
from dispatcher.words import DispatchState, Outcome

LIMIT = 200
AGAIN = timedelta(seconds=5)
LONGEST_PAUSE = timedelta(minutes=5)
"""A try whose news is fetched is asked for after 5, 10, 20 … seconds, and at least this often."""


@dataclass(frozen=True, slots=True)
class Ask:
    """One try to ask for."""

    attempt_id: UUID
    dispatch_id: UUID
    reference: str
    carrier: str
    carrier_ref: str | None
    begun_at: datetime
    to: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class Asked:
    """What the carrier said: `found` or not; `code` when it already tells how it ended."""

    ask: Ask
    found: bool
    carrier_ref: str | None = None
    code: str | None = None
    at: datetime | None = None


def asks_due(store: Store, *, now: datetime) -> list[Ask]:
    """Up to 200 unsure tries to ask for now; each is put off a little, should this asker die. Commits."""
    table = tables.attempts
    query = select(table.c.id, table.c.dispatch_id, table.c.reference, table.c.carrier).where(table.c.ask_at <= now)
    query = query.order_by(table.c.ask_at).limit(LIMIT)
    with store.read() as connection:
        if connection.execute(query.limit(1)).first() is None:
            return []
    with store.write() as connection:
        found = connection.execute(query.with_for_update(skip_locked=True)).all()  # who is being moved is asked later
        put_off = update(table).where(table.c.id.in_([row.id for row in found]))
        connection.execute(put_off.values(ask_at=now + AGAIN, asks=table.c.asks + 1))
        return _told(connection, store.keys, [row.id for row in found])


def _told(connection: Connection, keys: Keyring, attempt_ids: Sequence[UUID]) -> list[Ask]:
    """What a carrier may have to be told of these tries; who they were for is opened."""
    attempt, dispatch, case, unit = tables.attempts, tables.dispatches, tables.cases, tables.units
    query = (
        select(
            attempt.c.id,
            attempt.c.dispatch_id,
            attempt.c.reference,
            attempt.c.carrier,
            attempt.c.carrier_ref,
            attempt.c.begun_at,
            dispatch.c.target,
            dispatch.c.case_id,
            dispatch.c.unit_id,
            case.c.phone_sealed,
            case.c.key_id,
            unit.c.duty_phone_sealed,
            unit.c.key_id.label("unit_key_id"),
        )
        .select_from(attempt)
        .join(dispatch, attempt.c.dispatch_id == dispatch.c.id)
        .join(case, dispatch.c.case_id == case.c.id)
        .outerjoin(unit, dispatch.c.unit_id == unit.c.id)
        .where(attempt.c.id.in_(attempt_ids))
        .order_by(attempt.c.ask_at, attempt.c.id)
    )
    rows = rows_of(connection.execute(query))
    return [
        Ask(
            attempt_id=row["id"],
            dispatch_id=row["dispatch_id"],
            reference=row["reference"],
            carrier=row["carrier"],
            carrier_ref=row["carrier_ref"],
            begun_at=row["begun_at"],
            to=phone_of(keys, row),
        )
        for row in rows
    ]


def settle_asked(store: Store, answers: Sequence[Asked], *, now: datetime, network: Network = SIMULATED) -> list[Bell]:
    """Write what the carrier said of unsure tries: it has it (news follows or is told), or never had it. Commits.

    A try that was settled in the meantime (by news) is left alone. What never came of an earlier try than the last
    moves nothing: the last one decides.
    """
    if not answers:
        return []
    table = tables.attempts
    with store.write() as connection:
        ids = [answer.ask.attempt_id for answer in answers]
        book = CaseBook(connection, now=now, actor="clock")
        book.lock_people({answer.ask.dispatch_id for answer in answers})
        open_ = (table.c.answer == "unsure") | ((table.c.answer == "accepted") & table.c.outcome.is_(None))
        query = select(table.c.id, table.c.number, table.c.answer, table.c.asks).where(table.c.id.in_(ids), open_)
        tries = {row.id: row for row in connection.execute(query)}
        ours = [answer for answer in answers if answer.ask.attempt_id in tries]
        book.load_dispatches(answer.ask.dispatch_id for answer in ours)
        happenings, changes = [], []
        for answer in ours:
            outcome = _outcome(answer, network)
            asked, dispatch = tries[answer.ask.attempt_id], book.dispatches[answer.ask.dispatch_id]
            latest = asked.number == dispatch["attempts"]
            fetched = asked.answer == "accepted" or (answer.found and network.polls(answer.ask.carrier))
            # a carrier that took it and does not know it now is asked again: its word of before stands
            if outcome is not None or (latest and asked.answer == "unsure"):
                what = _happening(answer, outcome, latest)
                happenings.append(Happened(answer.ask.dispatch_id, what, answer.at or now))
            still = fetched and outcome is None and dispatch["state"] == DispatchState.HANDED_OVER
            found = answer.found or asked.answer == "accepted"
            changes.append(_change(answer, outcome, now, found, now + _pause(asked.asks) if still else None))
        move(book, happenings)
        change(connection, table, changes)
        bells = bells_of([*(book.dispatches[item.dispatch_id] for item in happenings), *_new(book)], now)
        book.flush()
    return bells


def _outcome(answer: Asked, network: Network) -> Outcome | None:
    if answer.code is None:
        return None
    outcome = network.meaning(answer.ask.carrier, answer.code)
    return None if outcome is Outcome.UNKNOWN else outcome


def _happening(answer: Asked, outcome: Outcome | None, latest: bool) -> Happening:
    return News(outcome, latest) if outcome is not None else WasAsked(answer.found, answer.carrier_ref)


def _pause(asks: int) -> timedelta:
    return min(AGAIN * (1 << min(asks, 10)), LONGEST_PAUSE)


def _change(
    answer: Asked, outcome: Outcome | None, now: datetime, found: bool, ask_at: datetime | None
) -> dict[str, object]:
    return {
        "row_id": answer.ask.attempt_id,
        "answer": "accepted" if found else "refused",
        "code": "found_when_asked" if found else "not_found_when_asked",
        "carrier_ref": answer.carrier_ref or answer.ask.carrier_ref,
        "ask_at": ask_at,
        "outcome": outcome,
        "outcome_code": answer.code if outcome else None,
        "outcome_at": (answer.at or now) if outcome else None,
    }


def _new(book: CaseBook) -> list[dict[str, object]]:
    return book.draft.rows(tables.dispatches)
