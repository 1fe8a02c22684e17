"""What a unit has to do now, the most dangerous and oldest first."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import Connection, and_, or_, select, update

from dispatcher import tables
from dispatcher.draft import Row
from dispatcher.keys import Keyring
from dispatcher.store import Store
from dispatcher.words import DeadlineKind, DispatchState, Role
from dispatcher.worklist.scope import Scope

LOOK_EVERY = timedelta(seconds=2)
"""How precisely it is kept when a unit last looked: a list that is polled writes no more often than this."""


@dataclass(frozen=True, slots=True)
class Task:
    """One try of a call or visit that awaits a report; the phone is masked, see `sign_in`."""

    task: UUID
    reference: str
    try_number: int
    channel: str
    target: str
    case: UUID
    risk: str
    fraud_type: str
    region: str
    is_test: bool
    unit: str
    phone_masked: str = field(repr=False)
    assigned_at: datetime
    signed_in_at: datetime | None
    limits: dict[str, datetime]


@dataclass(frozen=True, slots=True)
class FollowUp:
    """One promise to ask again after a case was closed; due now."""

    id: UUID
    case: UUID
    due_at: datetime
    step: int
    fraud_type: str
    region: str
    test: bool


def mask(phone: str) -> str:
    """`138****1234`: enough to recognise, not to call."""
    digits = phone.removeprefix("+86")
    return f"{digits[:3]}****{digits[-4:]}"


def tasks_of(store: Store, scope: Scope, *, now: datetime, limit: int = 500) -> list[Task]:
    """Up to `limit` open tasks of the scope. Notes that the visitor's own unit has looked. Commits."""
    dispatch, attempt, case, unit = tables.dispatches, tables.attempts, tables.cases, tables.units
    query = (
        select(
            dispatch,
            attempt.c.reference,
            attempt.c.number,
            case.c.fraud_type,
            case.c.region,
            case.c.is_test,
            case.c.phone_sealed,
            case.c.key_id,
            unit.c.code,
            unit.c.looked_at,
        )
        .join(attempt, and_(attempt.c.dispatch_id == dispatch.c.id, attempt.c.number == dispatch.c.attempts))
        .join(case, dispatch.c.case_id == case.c.id)
        .join(unit, dispatch.c.unit_id == unit.c.id)
        .where(
            dispatch.c.state == DispatchState.HANDED_OVER,
            dispatch.c.means.in_(("human", "officer")),
            dispatch.c.channel.in_(scope.channels),
            *([] if scope.sees_all else [dispatch.c.unit_id.in_(scope.units)]),
            or_(attempt.c.outcome.is_(None), dispatch.c.channel == "visit"),
        )
        .order_by(dispatch.c.risk, dispatch.c.assigned_at)
        .limit(limit)
    )
    with store.read() as connection:
        rows = [dict(row) for row in connection.execute(query).mappings()]
        limits = _limits(connection, {row["case_id"] for row in rows})
    _note_look(store, rows, scope.visitor.unit_id, now)
    return [_task(store.keys, row, limits) for row in rows]


def _limits(connection: Connection, case_ids: Iterable[UUID]) -> dict[tuple[UUID, str, UUID | None], datetime]:
    table = tables.deadlines
    query = (
        select(table.c.case_id, table.c.kind, table.c.dispatch_id, table.c.due_at)
        .where(table.c.case_id.in_(sorted(case_ids)), table.c.void_at.is_(None))
        .order_by(table.c.due_at.desc())
    )
    return {(row.case_id, row.kind, row.dispatch_id): row.due_at for row in connection.execute(query)}


def _task(keys: Keyring, row: Row, limits: dict[tuple[UUID, str, UUID | None], datetime]) -> Task:
    phone = keys.open(row["phone_sealed"], row["key_id"], "cases", row["case_id"]).decode()
    mine = {
        kind.value: due
        for kind in DeadlineKind
        for whose in (row["id"], None)
        if (due := limits.get((row["case_id"], kind.value, whose))) is not None
    }
    return Task(
        task=row["id"],
        reference=row["reference"],
        try_number=row["number"],
        channel=row["channel"],
        target=row["target"],
        case=row["case_id"],
        risk=row["risk"],
        fraud_type=row["fraud_type"],
        region=row["region"],
        is_test=row["is_test"],
        unit=row["code"],
        phone_masked=mask(phone),
        assigned_at=row["assigned_at"],
        signed_in_at=row["signed_in_at"],
        limits=mine,
    )


def _note_look(store: Store, rows: list[Row], own: UUID, now: datetime) -> None:
    """The unit `own` has looked, if work of its own was listed; written only when that is news.

    Who looks from above does not look for the units below: their duty phones are told all the same.
    """
    if any(
        row["unit_id"] == own
        and row["signed_in_at"] is None
        and (row["looked_at"] is None or now - row["looked_at"] > LOOK_EVERY)
        for row in rows
    ):
        with store.write() as connection:
            table = tables.units
            connection.execute(update(table).where(table.c.id == own).values(looked_at=now))


def follow_ups(connection: Connection, scope: Scope, *, now: datetime, limit: int = 200) -> list[FollowUp]:
    """Up to `limit` follow-ups of the scope's regions that are due now; callers and supervisors make them."""
    if scope.visitor.role is Role.OFFICER:
        return []
    deadline, case = tables.deadlines, tables.cases
    low, high = scope.regions
    query: Any = (
        select(
            deadline.c.id,
            deadline.c.case_id,
            deadline.c.due_at,
            deadline.c.step,
            case.c.fraud_type,
            case.c.region,
            case.c.is_test,
        )
        .join(case, deadline.c.case_id == case.c.id)
        .where(
            deadline.c.kind == DeadlineKind.FOLLOW_UP,
            deadline.c.done_at.is_(None),
            deadline.c.void_at.is_(None),
            deadline.c.due_at <= now,
            case.c.region >= low,
            case.c.region < high,
        )
        .order_by(deadline.c.due_at)
        .limit(limit)
    )
    return [FollowUp(*row) for row in connection.execute(query)]
