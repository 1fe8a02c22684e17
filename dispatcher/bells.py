"""The bell: which dispatches a worker should look at now. It carries ids and no more; losing one loses nothing.

`Ring` is the port through which doors and sweeps hand bells to whatever carries them; cli plugs in the broker.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from datetime import datetime, timedelta
from typing import Any, NamedTuple
from uuid import UUID

from dispatcher.words import DispatchState


class Bell(NamedTuple):
    """One dispatch that is due: by its channel and lane it finds its queue."""

    channel: str
    lane: str
    dispatch_id: UUID


Ring = Callable[[Sequence[Bell]], None]
"""Take bells and return at once; never raises, never blocks, may lose."""


def ring_pause(rings: int) -> timedelta:
    """How long after a ring the clock rings again for what still waits: five seconds, then ten.

    No longer, since a broker that was wiped has lost every bell: what is due comes back within a lease of its return.
    """
    return timedelta(seconds=5.0 if rings < 1 else 10.0)


def silent(_bells: Sequence[Bell]) -> None:
    """No bell at all: the clock rings for whatever is due."""


def bells_of(rows: Iterable[dict[str, Any]], now: datetime) -> list[Bell]:
    """The bells of those dispatches that wait, are due and not held; each is marked as rung."""
    out = []
    for row in rows:
        if row["state"] == DispatchState.WAITING and row["due_at"] <= now and row.get("held_by") is None:
            row["ring_at"], row["rings"] = now + ring_pause(0), 1
            out.append(Bell(row["channel"], row["lane"], row["id"]))
    return out
