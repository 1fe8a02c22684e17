"""How much is still to be told, and since when: for metrics, the doctor, and whoever asks."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, func, select

from dispatcher import tables


@dataclass(frozen=True, slots=True)
class Waiting:
    """How many wait (>= 0), and how long the oldest has, in seconds; None where none waits."""

    count: int
    oldest_s: float | None


@dataclass(frozen=True, slots=True)
class WebhookStanding:
    """One upstream with an address of its own; nothing of the address but its host."""

    source: str
    host: str
    state: str
    waiting: int
    oldest_s: float | None
    failing_since: datetime | None
    last_status: str | None
    last_at: datetime | None
    tries: int
    next_try_at: datetime

    def as_json(self) -> dict[str, Any]:
        """For programs."""
        return {name: getattr(self, name) for name in self.__slots__}


def outcomes_waiting(connection: Connection, *, now: datetime) -> Waiting:
    """What the publisher has still to tell; the age is that of the lowest number."""
    table = tables.outcomes
    count = connection.execute(select(func.count()).select_from(table)).scalar_one()
    first = connection.execute(select(table.c.at).order_by(table.c.number).limit(1)).scalar()
    return Waiting(count, None if first is None else max(0.0, (now - first).total_seconds()))


def webhooks_standing(connection: Connection, *, now: datetime) -> list[WebhookStanding]:
    """Every webhook, by source, with what waits for it."""
    hook, letter = tables.webhooks, tables.webhook_letters
    counted = select(letter.c.webhook_id, func.count().label("waiting"), func.min(letter.c.id).label("first"))
    lines = counted.group_by(letter.c.webhook_id).subquery()
    query = (
        select(hook, func.coalesce(lines.c.waiting, 0).label("waiting"), letter.c.at.label("since"))
        .outerjoin(lines, lines.c.webhook_id == hook.c.id)
        .outerjoin(letter, letter.c.id == lines.c.first)
        .order_by(hook.c.source)
    )
    return [
        WebhookStanding(
            source=row.source,
            host=row.host,
            state=row.state,
            waiting=row.waiting,
            oldest_s=None if row.since is None else max(0.0, (now - row.since).total_seconds()),
            failing_since=row.failing_since,
            last_status=row.last_status,
            last_at=row.last_at,
            tries=row.tries,
            next_try_at=row.next_try_at,
        )
        for row in connection.execute(query)
    ]
