"""How a run stands: counts from the tables, and whether everything has ended."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import and_, func, or_, select

from dispatcher import tables
from dispatcher.store import Store
from dispatcher.words import Channel, DeadlineKind, DispatchState

NEAR = timedelta(seconds=75)
"""Limits and closing times that fall due this soon are waited for; a real policy's next day is not."""


TRIES = 5
"""News that could not be placed so often is of somebody else's reference: it is not waited for."""


@dataclass(frozen=True, slots=True)
class Standing:
    """Dispatches by channel and state, and what is still to come."""

    states: dict[str, dict[str, int]]
    limits: int
    closings: int
    unread: int

    @property
    def ended(self) -> int:
        """Dispatches that have ended."""
        return sum(
            number for states in self.states.values() for state, number in states.items() if DispatchState(state).final
        )

    @property
    def total(self) -> int:
        """All dispatches."""
        return sum(sum(states.values()) for states in self.states.values())

    @property
    def quiet(self) -> bool:
        """Every dispatch has ended, and nothing falls due soon."""
        return self.ended == self.total and self.limits + self.closings + self.unread == 0


def standing(store: Store, *, now: datetime) -> Standing:
    """Look once."""
    dispatch, deadline, case, receipt = tables.dispatches, tables.deadlines, tables.cases, tables.receipts
    states = {channel.value: dict.fromkeys((state.value for state in DispatchState), 0) for channel in Channel}
    counted = select(dispatch.c.channel, dispatch.c.state, func.count())
    limits = select(func.count()).where(
        deadline.c.kind != DeadlineKind.FOLLOW_UP,
        deadline.c.done_at.is_(None),
        deadline.c.missed_at.is_(None),
        deadline.c.void_at.is_(None),
        deadline.c.due_at <= now + NEAR,
    )
    closings = select(func.count()).where(
        case.c.state == "open",
        or_(case.c.close_code.is_(None), and_(case.c.close_code != "temp_unreachable")),
        case.c.closes_itself_at <= now + NEAR,
    )
    unread = select(func.count()).where(receipt.c.state == "waiting", receipt.c.tries < TRIES)
    with store.read() as connection:
        for channel, state, number in connection.execute(counted.group_by(dispatch.c.channel, dispatch.c.state)):
            states[channel][state] = number
        return Standing(
            states,
            connection.execute(limits).scalar_one(),
            connection.execute(closings).scalar_one(),
            connection.execute(unread).scalar_one(),
        )
