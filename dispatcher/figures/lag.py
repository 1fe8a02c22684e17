"""How far the figures lag behind the rows."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import Connection, func, select

from dispatcher import tables
from dispatcher.figures.instants import to_ms
from dispatcher.touched import WIDTH

MOST = 10_000


@dataclass(frozen=True, slots=True)
class Lag:
    """`behind`: the age of the oldest change that no fold has seen; zero when all is folded. `waiting`: how many
    transactions' changes there are, counted up to MOST."""

    behind: timedelta
    waiting: int


def lag(connection: Connection, now: datetime) -> Lag:
    """How things stand at `now`. Shown beside every figure; at most 5 s while the clock goes on."""
    change, fact = tables.figures_changes, tables.figures_alerts
    few = select(change.c.id).limit(MOST).subquery()
    waiting = connection.execute(select(func.count()).select_from(few)).scalar_one()
    oldest = connection.execute(select(change.c.at).order_by(change.c.id).limit(1)).scalar()
    ripe_ms = connection.execute(select(func.min(fact.c.ripens_ms)).where(fact.c.ripens_ms <= to_ms(now))).scalar()
    ages = [timedelta(0)]
    if oldest is not None:
        ages.append(now - oldest)
    if ripe_ms is not None:
        ages.append(timedelta(milliseconds=to_ms(now) - ripe_ms))
    return Lag(max(ages), waiting)


def cases_waiting(connection: Connection, *, until: datetime) -> int:
    """How many cases no fold has seen since they were touched, by notes from before `until`; one may count twice."""
    change = tables.figures_changes
    told = select(func.coalesce(func.sum(func.length(change.c.cases)), 0)).where(change.c.at <= until)
    return int(connection.execute(told).scalar_one()) // WIDTH
