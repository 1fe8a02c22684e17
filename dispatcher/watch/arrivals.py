"""Alerts as they arrive: the last hour by minute, today, and the newest ones."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, Connection, func, select

from dispatcher import tables
from dispatcher.plan import LOCAL
from dispatcher.store import is_postgres
from dispatcher.subtree import region_bounds

MINUTES = 60


@dataclass(frozen=True, slots=True)
class Newest:
    """One alert that has just come."""

    received_at: datetime
    case_id: UUID
    risk: str
    fraud_type: str
    region: str
    source: str
    joined: bool


@dataclass(frozen=True, slots=True)
class Arrivals:
    """`by_minute`: (minute, alerts), `MINUTES` of them, ascending, the last one not over; empty ones are present.

    `today` counts from midnight in Shanghai. `newest` come first.
    """

    today: int
    last_quarter: int
    by_minute: list[tuple[datetime, int]]
    newest: list[Newest]


def arrivals(connection: Connection, *, region: str, now: datetime, most: int = 12) -> Arrivals:
    """What arrived in `region` and below."""
    alert = tables.alerts
    low, high = region_bounds(region)
    here = (alert.c.region >= low, alert.c.region < high, alert.c.is_test.is_(False), alert.c.withdrawn_at.is_(None))
    midnight = now.astimezone(LOCAL).replace(hour=0, minute=0, second=0, microsecond=0)
    count = select(func.count()).select_from(alert).where(*here)
    newest = select(alert).where(*here).order_by(alert.c.received_at.desc(), alert.c.id.desc()).limit(most)
    return Arrivals(
        today=connection.execute(count.where(alert.c.received_at >= midnight)).scalar_one(),
        last_quarter=connection.execute(count.where(alert.c.received_at >= now - timedelta(minutes=15))).scalar_one(),
        by_minute=_by_minute(connection, here, now),
        newest=[
            Newest(row.received_at, row.case_id, row.risk, row.fraud_type, row.region, row.source, row.merged)
            for row in connection.execute(newest)
        ],
    )


def _by_minute(
    connection: Connection, here: tuple[ColumnElement[bool], ...], now: datetime
) -> list[tuple[datetime, int]]:
    alert = tables.alerts
    last = now.astimezone(UTC).replace(second=0, microsecond=0)
    first = last - timedelta(minutes=MINUTES - 1)
    minute: Any
    if is_postgres(connection):
        minute = func.to_char(alert.c.received_at, "YYYY-MM-DD HH24:MI")
    else:
        minute = func.strftime("%Y-%m-%d %H:%M", alert.c.received_at)
    query = select(minute, func.count()).where(*here, alert.c.received_at >= first).group_by(minute)
    found: dict[str, int] = {row[0]: row[1] for row in connection.execute(query)}
    minutes = [first + timedelta(minutes=step) for step in range(MINUTES)]
    return [(at, found.get(f"{at:%Y-%m-%d %H:%M}", 0)) for at in minutes]
