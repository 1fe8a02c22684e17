"""A worker takes what is due: one transaction that makes it the owner and opens the attempt, before any request.

claim(store, ids, …) -> letters for a carrier        texts and robot calls
assign(store, ids, …) -> how many                     calls and visits of people, onto a unit's worklist
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy import Connection, select, update

from dispatcher import tables, texts
from dispatcher.bulk import also, among, change, put, rows_of
from dispatcher.casebook import CaseBook, only_lock_people
from dispatcher.draft import Row
from dispatcher.fatigue import MACHINES, tired_of
from dispatcher.happenings import Fatigued
from dispatcher.holding.catching import catch
from dispatcher.ids import new_id, reference
from dispatcher.keys import Keyring
from dispatcher.lifecycle import Event, after
from dispatcher.move import Happened, move
from dispatcher.phones import phone_of
from dispatcher.plan import next_opening
from dispatcher.reached import Reached
from dispatcher.routing.reasons import OUTSIDE_HOURS
from dispatcher.routing.way import Way
from dispatcher.store import Store, is_postgres
from dispatcher.words import Channel, DispatchState, FraudType, Means, Target

NEEDED = (
    "id",
    "case_id",
    "phone_index",
    "stem",
    "channel",
    "means",
    "target",
    "risk",
    "state",
    "planned_at",
    "fence",
    "tries",
    "attempts",
    "handed_over_at",
    "unit_id",
    "assigned_at",
)
"""What claiming and assigning ask of a dispatch."""


@dataclass(frozen=True, slots=True)
class Letter:
    """What a carrier needs to know of one attempt, and what settles it: the `fence` of this claim.

    `text_id` names the words of `text` (a fraud type, `after_transfer`, `duty`), for vendors that send approved
    templates. `carrier`, `risk`, `planned_at` and `case_id` are for figures and traces: no carrier is told of them.
    """

    dispatch_id: UUID
    attempt_id: UUID
    number: int
    fence: int
    reference: str
    channel: Channel
    to: str = field(repr=False)
    text: str = field(repr=False)
    flash: bool
    text_id: str = ""
    carrier: str = ""
    risk: str = ""
    planned_at: datetime | None = None
    case_id: UUID | None = None


@dataclass(frozen=True, slots=True)
class Lease:
    """Whose the claimed work is, through which carrier it goes, and until when it is his.

    `live`: the carrier reaches real people; it is never given what a test alert promised.
    """

    owner: str
    carrier: str
    length: timedelta
    live: bool = False


def claim(
    store: Store, ids: Sequence[UUID], *, lease: Lease, now: datetime, ways: Mapping[UUID, Way] | None = None
) -> list[Letter]:
    """Take those of `ids` that wait, are due and belong to machines. Commits; leaves no transaction open.

    `ways`: by which carrier each goes, where they were dealt; what has none is left alone. Returns one letter for each
    attempt that was opened. Others were taken by somebody else, are not due, or have met the cap on machines reaching
    for one person: those are settled here.
    """
    with store.write() as connection:
        rows = due(connection, ids, now, machines=True)
        if ways is not None:
            rows = _in_windows(connection, [row for row in rows if row["id"] in ways], ways, now)
        rows = [row for row in rows if not (row["is_test"] and _way(row, lease, ways).live)]
        open_rows, closed = _by_hours(connection, rows, now)
        tired = tired_of(connection, open_rows, now)
        if tired or closed:
            _put_off(connection, closed)
            _settle_tired(connection, tired, now)
        taken = [row for row in open_rows if row["id"] not in tired]
        return _open_attempts(connection, store.keys, taken, lease, ways, now)


def _way(row: Row, lease: Lease, ways: Mapping[UUID, Way] | None) -> Lease | Way:
    """What tells by which carrier a row goes, and whether that reaches real people."""
    return lease if ways is None else ways[row["id"]]


def _in_windows(connection: Connection, rows: list[Row], ways: Mapping[UUID, Way], now: datetime) -> list[Row]:
    """Those whose carrier may still reach for their person. The person is locked, so that this count is the last word;
    who lost a race is dealt anew at the next bell."""
    used = {ways[row["id"]] for row in rows}
    if not any(way.windows for way in used):
        return rows
    reached = Reached(connection, used, {row["phone_index"] for row in rows}, now)
    within = []
    for row in rows:
        way = ways[row["id"]]
        if reached.may_at(way, row["phone_index"], row["target"]) <= now:
            reached.note(way, row["phone_index"], row["target"])
            within.append(row)
    return within


def due(connection: Connection, ids: Sequence[UUID], now: datetime, *, machines: bool) -> list[Row]:
    """Those of `ids` that wait and are due, with what their case and unit tell; machines' work or people's.

    Their people are locked first: whoever else would move these dispatches now waits, and then finds them taken.
    """
    if is_postgres(connection):
        only_lock_people(connection, ids)
    catch(connection, ids, now=now)
    dispatch, case, unit = tables.dispatches, tables.cases, tables.units
    columns = (
        *(dispatch.c[field] for field in NEEDED),
        case.c.phone_sealed,
        case.c.key_id,
        case.c.fraud_type,
        case.c.region,
        case.c.policy_digest,
        case.c.verdict,
        case.c.is_test,
        unit.c.duty_phone_sealed,
        unit.c.key_id.label("unit_key_id"),
    )
    query = (
        select(*columns)
        .select_from(dispatch)
        .join(case, dispatch.c.case_id == case.c.id)
        .outerjoin(unit, dispatch.c.unit_id == unit.c.id)
        .where(
            among(connection, dispatch.c.id, ids),
            also(
                dispatch.c.state == DispatchState.WAITING,
                dispatch.c.held_by.is_(None),
                dispatch.c.due_at <= now,
                dispatch.c.means.in_(MACHINES) if machines else dispatch.c.means.not_in(MACHINES),
            ),
        )
    )
    return rows_of(connection.execute(query))


def _by_hours(connection: Connection, rows: list[Row], now: datetime) -> tuple[list[Row], list[tuple[Row, datetime]]]:
    """Split into what may go now and robot calls whose hours are over (rule 8), with their next opening."""
    book = CaseBook(connection, now=now, actor="claim")
    go, wait = [], []
    for row in rows:
        opening = now
        if row["means"] == Means.ROBOT:
            opening = next_opening(book.policy_of(row).level(row["risk"]), now)
        if opening > now:
            wait.append((row, opening))
        else:
            go.append(row)
    return go, wait


def _put_off(connection: Connection, closed: list[tuple[Row, datetime]]) -> None:
    until = [(row["id"], {"due_at": opening, "ring_at": opening}) for row, opening in closed]
    reason = {"rings": 0, "reason": OUTSIDE_HOURS}
    change(connection, tables.dispatches, [{"row_id": row_id} | times | reason for row_id, times in until])


def _settle_tired(connection: Connection, tired: set[UUID], now: datetime) -> None:
    if tired:
        book = CaseBook(connection, now=now, actor="claim")
        move(book, [Happened(dispatch_id, Fatigued(), now) for dispatch_id in sorted(tired)])
        book.flush()


def _open_attempts(
    connection: Connection,
    keys: Keyring,
    rows: list[Row],
    lease: Lease,
    ways: Mapping[UUID, Way] | None,
    now: datetime,
) -> list[Letter]:
    if not rows:
        return []
    table = tables.dispatches
    connection.execute(
        update(table)
        .where(among(connection, table.c.id, [row["id"] for row in rows]))
        .values(
            state=after(DispatchState.WAITING, Event.CLAIM).value,
            lease_until=now + lease.length,
            lease_owner=lease.owner,
            fence=table.c.fence + 1,
            tries=table.c.tries + 1,
            attempts=table.c.attempts + 1,
            reason=None,  # why it waited is over
        )
    )
    book = CaseBook(connection, now=now, actor="claim")
    letters = [
        _letter(keys, row, _way(row, lease, ways).carrier, book.policy_of(row).level(row["risk"]).sms.flash)
        for row in rows
    ]
    put(connection, tables.attempts, [_attempt(letter, now) for letter in letters])
    return letters


def _letter(keys: Keyring, row: Row, carrier: str, flash: bool) -> Letter:
    channel, fraud_type = Channel(row["channel"]), FraudType(row["fraud_type"])
    if row["target"] == Target.DUTY:
        text, text_id = texts.duty_text(), "duty"
    else:
        paid = row["verdict"] == "defrauded"
        is_text = channel is Channel.SMS
        text = texts.text_for(fraud_type, after_transfer=paid) if is_text else texts.script_for(fraud_type)
        text_id = "after_transfer" if paid and is_text else fraud_type.value
    number = row["attempts"] + 1
    return Letter(
        dispatch_id=row["id"],
        attempt_id=new_id(),
        number=number,
        fence=row["fence"] + 1,
        reference=reference(row["stem"], number),
        channel=channel,
        to=phone_of(keys, row),
        text=text,
        flash=flash,
        text_id=text_id,
        carrier=carrier,
        risk=row["risk"],
        planned_at=row["planned_at"],
        case_id=row["case_id"],
    )


def _attempt(letter: Letter, now: datetime) -> Row:
    return {
        "id": letter.attempt_id,
        "dispatch_id": letter.dispatch_id,
        "number": letter.number,
        "reference": letter.reference,
        "carrier": letter.carrier,
        "begun_at": now,
        "answered_at": None,
        "answer": None,
        "code": None,
        "carrier_ref": None,
        "ask_at": None,
        "asks": 0,
        "outcome": None,
        "outcome_code": None,
        "outcome_at": None,
    }
