"""Promises of time that are owed: the next to fall due first, and those that were missed and are still owed."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, Connection, Select, func, select

from dispatcher import tables
from dispatcher.subtree import region_bounds
from dispatcher.words import DeadlineKind

SOON = timedelta(minutes=30)


@dataclass(frozen=True, slots=True)
class AtRisk:
    """One promise that is owed; `unit` is whose it is, if it is a unit's."""

    case_id: UUID
    kind: str
    due_at: datetime
    risk: str
    fraud_type: str
    region: str
    unit: str | None


@dataclass(frozen=True, slots=True)
class Promises:
    """`soon` counts those due within `SOON`, `next` lists the first of them.

    `missed` counts those that are over and still owed, `overdue` lists the most dangerous, the newest first.
    """

    soon: int
    next: list[AtRisk]
    missed: int
    overdue: list[AtRisk]


def promises(connection: Connection, *, region: str, now: datetime, most: int = 12) -> Promises:
    """The promises on open cases of `region` and below. Follow-ups have days and are left out."""
    limit, person = tables.deadlines, tables.cases
    low, high = region_bounds(region)
    here = (
        limit.c.done_at.is_(None),
        limit.c.void_at.is_(None),
        limit.c.kind != DeadlineKind.FOLLOW_UP,
        person.c.state == "open",
        person.c.region >= low,
        person.c.region < high,
        person.c.is_test.is_(False),
    )
    soon = (*here, limit.c.missed_at.is_(None), limit.c.due_at > now, limit.c.due_at <= now + SOON)
    over = (*here, limit.c.due_at <= now)
    return Promises(
        soon=_count(connection, soon),
        next=_listed(connection, _rows(soon).order_by(limit.c.due_at, person.c.risk).limit(most)),
        missed=_count(connection, over),
        overdue=_listed(connection, _rows(over).order_by(person.c.risk, limit.c.due_at.desc()).limit(most)),
    )


def _count(connection: Connection, which: tuple[ColumnElement[bool], ...]) -> int:
    limit, person = tables.deadlines, tables.cases
    query = select(func.count()).select_from(limit).join(person, limit.c.case_id == person.c.id).where(*which)
    return int(connection.execute(query).scalar_one())


def _rows(which: tuple[ColumnElement[bool], ...]) -> Select[Any]:
    limit, person, unit = tables.deadlines, tables.cases, tables.units
    return (
        select(limit.c.case_id, limit.c.kind, limit.c.due_at)
        .add_columns(person.c.risk, person.c.fraud_type, person.c.region, unit.c.name)
        .join(person, limit.c.case_id == person.c.id)
        .outerjoin(unit, limit.c.unit_id == unit.c.id)
        .where(*which)
    )


def _listed(connection: Connection, query: Select[Any]) -> list[AtRisk]:
    return [AtRisk(*row) for row in connection.execute(query)]
