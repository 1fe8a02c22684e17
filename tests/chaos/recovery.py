"""How long work lies about after a fault: from the fault's end until it is reclaimed, or asked for.

Work is followed from the fault that touched it: what was underway (by its claim), and what was due and waited. It is
back once somebody else has claimed it, it has moved on, or, where its request may have been out, the carrier was asked
(or cannot be). Work that a second fault touches before it is back is followed from that one's end.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, NamedTuple
from uuid import UUID

from sqlalchemy import Connection, Engine, and_, select
from sqlalchemy.exc import SQLAlchemyError

from dispatcher import tables

LOOK_S = 0.25
PAGE = 2_000
LANE_OF = {"worker-urgent": "urgent", "worker-routine": "routine"}


class Work(NamedTuple):
    """How it stood: its state, how often it had been claimed, the try whose request was out."""

    state: str
    fence: int
    attempt: UUID | None = None


@dataclass(slots=True)
class Lost:
    """One piece of work that a fault touched; `attempt` when its request was out."""

    work: Work
    since: float
    fault: int


@dataclass(slots=True)
class Suffered:
    """What a fault came to: how much work it touched, and how long the last of it took."""

    name: str
    touched: int = 0
    worst_s: float = 0.0
    left: int = 0


@dataclass(slots=True)
class Recovery:
    """Follows work in the tables, beside the engine and not through its proxies."""

    engine: Engine
    askable: bool
    faults: list[Suffered] = field(default_factory=list)
    _lost: dict[UUID, Lost] = field(default_factory=dict)
    _lock: threading.Lock = field(default_factory=threading.Lock)
    _stopping: threading.Event = field(default_factory=threading.Event)
    _thread: threading.Thread | None = None

    def start(self) -> None:
        """Begin to look."""
        self._thread = threading.Thread(target=self._run, name="recovery", daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """Look no more; what is still lost stays counted as left."""
        self._stopping.set()
        if self._thread is not None:
            self._thread.join(10)
        self._look()
        for item in self._lost.values():
            self.faults[item.fault].left += 1
            self.faults[item.fault].worst_s = max(self.faults[item.fault].worst_s, time.monotonic() - item.since)

    def touched(self, owners: Sequence[int] | None, lane: str | None = None) -> dict[UUID, Work]:
        """Work that a fault touches now: everything (None), or of these processes and what is due in their lane."""
        try:
            with self.engine.connect() as connection:
                return dict(_work(connection, owners, lane))
        except SQLAlchemyError:
            return {}  # the database is away: its own fault touches everything

    def follow(self, name: str, work: dict[UUID, Work], *, since: float | None = None) -> None:
        """A fault has ended: from `since` (now) on, this work has to come back."""
        with self._lock:
            number = len(self.faults)
            self.faults.append(Suffered(name, len(work)))
            for dispatch, one in work.items():
                self._lost[dispatch] = Lost(one, since or time.monotonic(), number)

    def _run(self) -> None:
        while not self._stopping.wait(LOOK_S):
            self._look()

    def _look(self) -> None:
        with self._lock:
            followed = dict(self._lost)
        if not followed:
            return
        try:
            with self.engine.connect() as connection:
                left = set(self._left(connection, followed))
        except SQLAlchemyError:
            return  # the database is away: looked again soon
        now = time.monotonic()
        with self._lock:
            for dispatch, item in followed.items():
                if dispatch in left or self._lost.get(dispatch) is not item:
                    continue
                del self._lost[dispatch]
                fault = self.faults[item.fault]
                fault.worst_s = max(fault.worst_s, now - item.since)

    def _left(self, connection: Connection, followed: dict[UUID, Lost]) -> Iterator[UUID]:
        table, attempt = tables.dispatches, tables.attempts
        ids = list(followed)
        for start in range(0, len(ids), PAGE):
            page = ids[start : start + PAGE]
            query = select(table.c.id, table.c.state, table.c.fence, table.c.due_at).where(table.c.id.in_(page))
            tried = select(attempt.c.id, attempt.c.answer, attempt.c.asks, attempt.c.outcome).where(
                attempt.c.id.in_([followed[one].work.attempt for one in page if followed[one].work.attempt is not None])
            )
            tries = {row.id: row for row in connection.execute(tried)}
            for row in connection.execute(query):
                work = followed[row.id].work
                if _lies(row, work) or self._in_doubt(tries.get(work.attempt) if work.attempt else None):
                    yield row.id

    def _in_doubt(self, tried: Any) -> bool:
        """Whether nobody has asked for a try whose request was out when the fault came."""
        if tried is None or tried.outcome is not None or tried.asks > 0:
            return False
        return tried.answer is None or (tried.answer == "unsure" and self.askable)


def _lies(row: Any, work: Work) -> bool:
    """Whether the same claim still stands, or the same waiting."""
    put_off = row.state == "waiting" and row.due_at > datetime.now(UTC)
    return bool(row.state == work.state and row.fence == work.fence and not put_off)


def _work(connection: Connection, owners: Sequence[int] | None, lane: str | None) -> Iterator[tuple[UUID, Work]]:
    table, attempt = tables.dispatches, tables.attempts
    tried = and_(attempt.c.dispatch_id == table.c.id, attempt.c.number == table.c.attempts, attempt.c.answer.is_(None))
    underway = (
        select(table.c.id, table.c.fence, table.c.lease_owner, attempt.c.id.label("attempt"))
        .select_from(table)
        .outerjoin(attempt, tried)
        .where(table.c.state == "underway")
    )
    for row in connection.execute(underway):
        if owners is None or int(row.lease_owner.rpartition(":")[2]) in owners:
            yield row.id, Work("underway", row.fence, row.attempt)
    if owners is not None and lane is None:
        return
    waiting = select(table.c.id, table.c.fence).where(table.c.state == "waiting", table.c.due_at <= datetime.now(UTC))
    if lane is not None:
        waiting = waiting.where(table.c.lane == lane)
    for dispatch, fence in connection.execute(waiting):
        yield dispatch, Work("waiting", fence)
