"""How many waiting dispatches a filter means, and what their waiting costs."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import Connection, func, select

from dispatcher import tables
from dispatcher.holding.filters import Condition, Filter
from dispatcher.words import DeadlineKind, DispatchState

SOON = timedelta(hours=1)


@dataclass(frozen=True, slots=True)
class Counted:
    """Waiting dispatches by channel and level, with what is only told of the same cases.

    `held`: of these, held already. `not_stopped`: dispatches of the same cases that a worker, a carrier, an officer or
    a caller has. `late`: promises of time to these people that have run out, `late_soon` that will within an hour:
    deadlines go on running, and so do the times by which texts were to be handed over.
    """

    waiting: dict[str, dict[str, int]]
    cases: int
    held: int
    not_stopped: int
    late: int
    late_soon: int

    @property
    def total(self) -> int:
        """All that is meant."""
        return sum(number for levels in self.waiting.values() for number in levels.values())

    def as_json(self) -> dict[str, Any]:
        """For programs."""
        return {"total": self.total} | {name: getattr(self, name) for name in self.__slots__}


def count(connection: Connection, wanted: Filter, *, now: datetime) -> Counted:
    """Count what `wanted` means, as it is now."""
    return counted(connection, wanted.conditions(), now=now)


def count_held(connection: Connection, hold_id: UUID, *, now: datetime) -> Counted:
    """Count what a hold or a brake holds."""
    return count(connection, Filter(hold=hold_id), now=now)


def counted(connection: Connection, conditions: Sequence[Condition], *, now: datetime) -> Counted:
    """Count the waiting dispatches of these conditions."""
    dispatch, deadline = tables.dispatches, tables.deadlines
    waiting: dict[str, dict[str, int]] = {}
    by = (dispatch.c.channel, dispatch.c.risk)
    held = func.count(dispatch.c.held_by)
    already = 0
    query = select(*by, func.count(), held).where(*conditions).group_by(*by).order_by(*by)
    for channel, risk, so_many, of_these in connection.execute(query):
        waiting.setdefault(channel, {})[risk] = so_many
        already += of_these
    cases = select(dispatch.c.case_id).where(*conditions).distinct().cte("meant")
    theirs = select(cases.c.case_id)
    stopped_by_nobody = dispatch.c.state.in_((DispatchState.UNDERWAY, DispatchState.HANDED_OVER))
    owed = (
        deadline.c.case_id.in_(theirs),
        deadline.c.done_at.is_(None),
        deadline.c.void_at.is_(None),
        deadline.c.kind != DeadlineKind.FOLLOW_UP,
    )
    texts = dispatch.c.hand_over_by

    def number(table: Any, *where: Any) -> int:
        return int(connection.execute(select(func.count()).select_from(table).where(*where)).scalar_one())

    soon = now + SOON
    return Counted(
        waiting=waiting,
        cases=number(cases),
        held=already,
        not_stopped=number(dispatch, dispatch.c.case_id.in_(theirs), stopped_by_nobody),
        late=number(deadline, *owed, deadline.c.due_at <= now) + number(dispatch, *conditions, texts <= now),
        late_soon=number(deadline, *owed, deadline.c.due_at > now, deadline.c.due_at <= soon)
        + number(dispatch, *conditions, texts > now, texts <= soon),
    )
