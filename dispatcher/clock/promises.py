"""Promises of time that run out: reminders, missed sign-ins that go one step up, duty phones that are told."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import Connection, Select, or_, select, update

from dispatcher import tables
from dispatcher.assign import start_sign_in, units_of
from dispatcher.bells import Bell, bells_of
from dispatcher.casebook import OPEN, CaseBook
from dispatcher.draft import Row
from dispatcher.plan import Planned
from dispatcher.store import Store
from dispatcher.words import Channel, DeadlineKind, DispatchState, Means, Risk, Target

LIMIT = 500
PEOPLE = (Means.HUMAN.value, Means.OFFICER.value)


def watch_promises(store: Store, *, now: datetime) -> int:
    """Remind at the reminder's time; record what was missed; a missed sign-in goes to the unit above. Commits.

    Returns how many promises were acted on, at most 500 of each kind.
    """
    table = tables.deadlines
    owed = (table.c.done_at.is_(None), table.c.void_at.is_(None))
    reminders = select(table).where(*owed, table.c.remind_at <= now).order_by(table.c.remind_at).limit(LIMIT)
    missed = select(table).where(*owed, table.c.missed_at.is_(None), table.c.due_at <= now)
    missed = missed.order_by(table.c.due_at).limit(LIMIT)
    missed = missed.where(table.c.kind != DeadlineKind.FOLLOW_UP)  # a follow-up that is due is work, not a miss
    with store.read() as connection:
        owing = {row["case_id"] for query in (reminders, missed) for row in _rows(connection, query)}
    if not owing:
        return 0
    with store.write() as connection:
        book = CaseBook(connection, now=now, actor="clock")
        book.lock_families(owing)
        reminded = _rows(connection, reminders.where(table.c.case_id.in_(owing)))
        for row in reminded:
            book.draft.event(row["case_id"], "reminded", dispatch_id=row["dispatch_id"], why=row["kind"])
        if reminded:
            by_id = table.c.id.in_([row["id"] for row in reminded])
            connection.execute(update(table).where(by_id).values(remind_at=None))
        late = _rows(connection, missed.where(table.c.case_id.in_(owing)))
        if late:
            by_id = table.c.id.in_([row["id"] for row in late])
            connection.execute(update(table).where(by_id).values(missed_at=now))
        _go_up(book, late)
        book.flush()
    return len(reminded) + len(late)


def _rows(connection: Connection, query: Select[Any]) -> list[Row]:
    return [dict(row) for row in connection.execute(query).mappings()]


def _go_up(book: CaseBook, late: list[Row]) -> None:
    """Each missed promise is told; a sign-in nobody gave goes one step up the tree of units, until the root."""
    sign_ins = [row for row in late if row["kind"] == DeadlineKind.SIGN_IN]
    for row in late:
        book.draft.event(row["case_id"], "missed", dispatch_id=row["dispatch_id"], why=row["kind"])
    if not sign_ins:
        return
    units = units_of(book.connection)
    book.load_dispatches(row["dispatch_id"] for row in sign_ins)
    for row in sign_ins:
        dispatch = book.dispatches[row["dispatch_id"]]
        parent = units.parent(row["unit_id"])
        if dispatch["state"] != DispatchState.HANDED_OVER or parent is None:
            continue
        policy = book.policy_of(book.cases[row["case_id"]])
        limit_s = policy.level(dispatch["risk"]).sign_in_s or 60.0
        table = tables.dispatches
        book.connection.execute(update(table).where(table.c.id == dispatch["id"]).values(unit_id=parent))
        why = f"sign_in_missed, step {row['step'] + 1}"
        book.draft.event(row["case_id"], "went_up", dispatch_id=dispatch["id"], why=why)
        share = policy.notices.remind_share
        start_sign_in(book, row["case_id"], dispatch["id"], parent, limit_s, share, row["step"] + 1)


def notice_idle_units(store: Store, *, now: datetime) -> list[Bell]:
    """A text to the duty phone of each unit that has work and has not looked for as long as the policy allows. Commits.

    The notice is a dispatch of its own (`target` duty) of the case that has waited longest, so that it is attempted,
    receipted and audited like any other. A unit is told once in that time. Units without a duty phone are passed
    over: there is nobody to tell.
    """
    dispatch, unit, case = tables.dispatches, tables.units, tables.cases
    waiting = (
        select(dispatch.c.case_id, dispatch.c.assigned_at, dispatch.c.risk, unit, case.c.policy_digest)
        .select_from(dispatch)
        .join(unit, dispatch.c.unit_id == unit.c.id)
        .join(case, dispatch.c.case_id == case.c.id)
        .where(
            dispatch.c.state == DispatchState.HANDED_OVER,
            dispatch.c.means.in_(PEOPLE),
            dispatch.c.signed_in_at.is_(None),
            case.c.state == OPEN,
            unit.c.duty_phone_sealed.is_not(None),
            or_(unit.c.looked_at.is_(None), unit.c.looked_at < dispatch.c.assigned_at),
            or_(unit.c.noticed_at.is_(None), unit.c.noticed_at < dispatch.c.assigned_at),
        )
        .order_by(dispatch.c.assigned_at)
        .limit(LIMIT)
    )
    with store.read() as connection:
        if connection.execute(waiting.limit(1)).first() is None:
            return []
    with store.write() as connection:
        book = CaseBook(connection, now=now, actor="clock")
        book.lock_families({row["case_id"] for row in _rows(connection, waiting)})
        told: set[UUID] = set()
        for row in _rows(connection, waiting):
            idle = timedelta(seconds=book.policy_of(row).notices.idle_s)
            if row["id"] in told or now - row["assigned_at"] < idle:
                continue
            told.add(row["id"])
            _tell(book, row)
        if told:
            connection.execute(update(unit).where(unit.c.id.in_(sorted(told))).values(noticed_at=now))
        bells = bells_of(book.draft.rows(dispatch), now)
        book.flush()
    return bells


def _tell(book: CaseBook, unit: Row) -> None:
    book.load_whole([unit["case_id"]])
    case = book.cases[unit["case_id"]]
    way = (Channel.SMS, Means.CARRIER, Target.DUTY)
    row = book.draft.dispatch(Planned(way, Risk(unit["risk"]), book.now), case)
    row["unit_id"] = unit["id"]
    row["lane"] = "urgent"
    book.draft.event(case["id"], "nobody_looked", dispatch_id=row["id"], why=f"unit {unit['code']} is told")
