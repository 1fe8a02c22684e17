"""A case as it is told: where it stands, every promise, every try, every line of its timeline. No personal data."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any
from uuid import UUID

from sqlalchemy import Connection, select

from dispatcher import tables
from dispatcher.worklist.scope import region_bounds

Told = dict[str, Any]

CASE = (
    "id",
    "fraud_type",
    "first_risk",
    "risk",
    "region",
    "state",
    "pushes",
    "second_warning",
    "is_test",
    "opened_at",
    "contacted_at",
    "contacted_by",
    "verdict",
    "dissuasion",
    "close_code",
    "closed_at",
    "shares_case_id",
    "previous_case_id",
)
DISPATCH = (
    "id",
    "channel",
    "means",
    "target",
    "risk",
    "state",
    "due_at",
    "tries",
    "outcome",
    "reason",
    "held_by",
    "handed_over_at",
    "ended_at",
    "assigned_at",
    "signed_in_at",
)
ATTEMPT = ("number", "reference", "carrier", "begun_at", "answered_at", "answer", "code", "outcome", "outcome_at")
DEADLINE = ("kind", "step", "due_at", "done_at", "missed_at", "void_at", "late_on_arrival")
EVENT = ("at", "actor", "what", "from_state", "to_state", "why", "dispatch_id")


@dataclass(frozen=True, slots=True)
class Timeline:
    """One case, whole; lists oldest first."""

    case: Told
    dispatches: list[Told]
    deadlines: list[Told]
    events: list[Told]


def timeline(connection: Connection, case_id: UUID, *, region: str) -> Timeline | None:
    """The case, if it lies in `region` or below; None otherwise, and nothing is told of it."""
    low, high = region_bounds(region)
    case = tables.cases
    query = select(case).where(case.c.id == case_id, case.c.region >= low, case.c.region < high)
    row = connection.execute(query).mappings().first()
    if row is None:
        return None
    dispatches = _rows(connection, tables.dispatches, DISPATCH, case_id)
    tries: dict[UUID, list[Told]] = {}
    attempt = tables.attempts
    found = select(attempt).where(attempt.c.dispatch_id.in_([item["id"] for item in dispatches]))
    for one in connection.execute(found.order_by(attempt.c.number)).mappings():
        tries.setdefault(one["dispatch_id"], []).append({name: one[name] for name in ATTEMPT})
    for item in dispatches:
        item["attempts"] = tries.get(item["id"], [])
    return Timeline(
        {name: row[name] for name in CASE},
        dispatches,
        _rows(connection, tables.deadlines, DEADLINE, case_id),
        _rows(connection, tables.events, EVENT, case_id),
    )


def _rows(connection: Connection, table: Any, names: tuple[str, ...], case_id: UUID) -> list[Told]:
    query = select(table).where(table.c.case_id == case_id).order_by(table.c.id)
    return [{name: row[name] for name in names} for row in connection.execute(query).mappings()]
