"""Open cases in which nothing happens any more until a supervisor decides: nobody was found, or he would not listen."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import Connection, func, or_, select

from dispatcher import tables
from dispatcher.subtree import region_bounds
from dispatcher.words import CloseCode, DispatchState, Target

LIVE = [state for state in DispatchState if not state.final]


@dataclass(frozen=True, slots=True)
class Undecided:
    """One case. `why`: `temp_unreachable`, every try is over and nobody was found; `refused`, he would not listen."""

    case_id: UUID
    why: str
    opened_at: datetime
    risk: str
    fraud_type: str
    region: str


@dataclass(frozen=True, slots=True)
class ForASupervisor:
    """How many there are, and the first of them: the most dangerous, of these the ones that wait longest."""

    number: int
    first: list[Undecided]


def undecided(connection: Connection, *, region: str, most: int = 12) -> ForASupervisor:
    """The cases of `region` and below that a supervisor must decide, test cases left out."""
    case, dispatch = tables.cases, tables.dispatches
    low, high = region_bounds(region)
    unfound = case.c.close_code == CloseCode.TEMP_UNREACHABLE
    underway = select(dispatch.c.id).where(
        dispatch.c.case_id == case.c.id, dispatch.c.state.in_(LIVE), dispatch.c.target != Target.DUTY
    )
    which = (
        case.c.state == "open",
        or_(case.c.close_code.is_not(None), case.c.dissuasion == "refused"),  # as the index has it
        or_(unfound, ~underway.exists()),
        case.c.region >= low,
        case.c.region < high,
        case.c.is_test.is_(False),
    )
    number = connection.execute(select(func.count()).where(*which)).scalar_one()
    why = func.coalesce(case.c.close_code, case.c.dissuasion)
    first = select(case.c.id, why, case.c.opened_at, case.c.risk, case.c.fraud_type, case.c.region).where(*which)
    rows = connection.execute(first.order_by(case.c.risk, case.c.opened_at).limit(most))
    return ForASupervisor(int(number), [Undecided(*row) for row in rows])
