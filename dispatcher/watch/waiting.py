"""What waits, by lane and channel, and for how long the longest has."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, case, func, select

from dispatcher import tables
from dispatcher.subtree import region_bounds
from dispatcher.words import Channel, DispatchState, Target

LANES = ("urgent", "routine")


@dataclass(frozen=True, slots=True)
class Waiting:
    """One lane and channel. `due` of `promised` are due now, the longest since `oldest_due_at`; the rest are redials.

    `held` wait for an operator. `out`: handed over, and news or a report is awaited.
    """

    lane: str
    channel: str
    promised: int
    due: int
    held: int
    oldest_due_at: datetime | None
    out: int


def waiting(connection: Connection, *, region: str, now: datetime) -> list[Waiting]:
    """Every lane and channel, urgent first; those without work are present with zeros. Duty notices are left out."""
    dispatch, person = tables.dispatches, tables.cases
    low, high = region_bounds(region)
    free = (dispatch.c.state != DispatchState.HANDED_OVER) & dispatch.c.held_by.is_(None)
    due = free & (dispatch.c.due_at <= now)
    query = (
        select(
            dispatch.c.lane,
            dispatch.c.channel,
            func.sum(case((dispatch.c.state != DispatchState.HANDED_OVER, 1), else_=0)),
            func.sum(case((due, 1), else_=0)),
            func.sum(case((dispatch.c.held_by.is_not(None), 1), else_=0)),
            func.min(case((due, dispatch.c.due_at), else_=None)),
            func.sum(case((dispatch.c.state == DispatchState.HANDED_OVER, 1), else_=0)),
        )
        .join(person, dispatch.c.case_id == person.c.id)
        .where(
            dispatch.c.state.in_((DispatchState.WAITING, DispatchState.UNDERWAY, DispatchState.HANDED_OVER)),
            dispatch.c.target != Target.DUTY,
            person.c.region >= low,
            person.c.region < high,
            person.c.is_test.is_(False),
        )
        .group_by(dispatch.c.lane, dispatch.c.channel)
    )
    found = {(row[0], row[1]): row for row in connection.execute(query)}
    told = []
    for lane in LANES:
        for channel in Channel:
            row = found.get((lane, channel.value))
            numbers = (0, 0, 0, None, 0) if row is None else tuple(row)[2:]
            told.append(Waiting(lane, channel.value, *numbers))
    return told
