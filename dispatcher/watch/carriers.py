"""How carriers have answered of late, by what their attempts say."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy import ColumnElement, Connection, case, func, select

from dispatcher import tables
from dispatcher.assign import WORKLIST
from dispatcher.subtree import region_bounds
from dispatcher.words import Answer

LATELY = timedelta(minutes=15)


@dataclass(frozen=True, slots=True)
class CarrierStanding:
    """Tries of one carrier by channel that were begun lately; `out` have no answer yet."""

    carrier: str
    channel: str
    tries: int
    accepted: int
    refused: int
    busy: int
    unsure: int
    out: int
    last_answer_at: datetime | None

    @property
    def taken(self) -> float | None:
        """Share that the carrier took, of those it answered; None: it answered none."""
        answered = self.tries - self.out
        return self.accepted / answered if answered else None


def carriers(connection: Connection, *, region: str, now: datetime) -> list[CarrierStanding]:
    """Every carrier with a try for somebody of `region` within `LATELY`, by name."""
    attempt, dispatch, person = tables.attempts, tables.dispatches, tables.cases
    low, high = region_bounds(region)

    def answered(answer: Answer) -> ColumnElement[int]:
        return func.sum(case((attempt.c.answer == answer, 1), else_=0))

    query = (
        select(attempt.c.carrier, dispatch.c.channel, func.count())
        .add_columns(*(answered(one) for one in (Answer.ACCEPTED, Answer.REFUSED, Answer.BUSY, Answer.UNSURE)))
        .add_columns(func.sum(case((attempt.c.answer.is_(None), 1), else_=0)), func.max(attempt.c.answered_at))
        .join(dispatch, attempt.c.dispatch_id == dispatch.c.id)
        .join(person, dispatch.c.case_id == person.c.id)
        .where(
            attempt.c.id >= first_id_of(now - LATELY),  # keys grow with time: this is the index on the instant
            attempt.c.begun_at >= now - LATELY,
            attempt.c.carrier != WORKLIST,
            person.c.region >= low,
            person.c.region < high,
        )
        .group_by(attempt.c.carrier, dispatch.c.channel)
        .order_by(attempt.c.carrier, dispatch.c.channel)
    )
    return [CarrierStanding(*row) for row in connection.execute(query)]


def first_id_of(at: datetime) -> UUID:
    """No UUIDv7 made from this instant on is smaller; one made in the same millisecond may be as large."""
    return UUID(int=int(at.timestamp() * 1000) << 80)
