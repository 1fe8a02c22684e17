"""Who is at work: each process says so every few seconds, and operators see who has fallen silent."""

from __future__ import annotations

import os
import socket
from dataclasses import dataclass
from datetime import datetime, timedelta
from importlib.metadata import PackageNotFoundError, version

from sqlalchemy import Connection, delete, func, insert, select, update
from sqlalchemy.exc import IntegrityError

from dispatcher import tables
from dispatcher.store import Store

EVERY = timedelta(seconds=5)
ALIVE = timedelta(seconds=15)
"""A process that has not been seen for so long is told as missing."""
KEPT = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Presence:
    """One process: its name, unique for its life, and the work it takes."""

    name: str
    lane: str
    started_at: datetime

    def beat(self, store: Store, *, now: datetime) -> None:
        """Say that it is here. Commits."""
        with store.write() as connection:
            self.write(connection, now=now)

    def write(self, connection: Connection, *, now: datetime) -> None:
        """Say that it is here, in the caller's transaction."""
        table = tables.workers
        seen = update(table).where(table.c.name == self.name).values(seen_at=now)
        if connection.execute(seen).rowcount:
            return
        row = {
            "name": self.name,
            "lane": self.lane,
            "host": socket.gethostname()[:64],
            "pid": os.getpid(),
            "version": our_version()[:24],
            "started_at": self.started_at,
            "seen_at": now,
        }
        try:
            with connection.begin_nested():
                connection.execute(insert(table).values(row))
        except IntegrityError:  # another thread of this process was first
            connection.execute(seen)

    def leave(self, store: Store) -> None:
        """Say that it stops. Commits."""
        with store.write() as connection:
            connection.execute(delete(tables.workers).where(tables.workers.c.name == self.name))


def forget_silent(store: Store, *, now: datetime) -> int:
    """Remove processes that were last seen a day ago. Commits. Returns how many."""
    table = tables.workers
    with store.write() as connection:
        return connection.execute(delete(table).where(table.c.seen_at < now - KEPT)).rowcount


def alive(connection: Connection, *, now: datetime) -> dict[str, int]:
    """How many processes of each lane were seen within the last 15 s."""
    table = tables.workers
    query = select(table.c.lane, func.count()).where(table.c.seen_at >= now - ALIVE).group_by(table.c.lane)
    return dict(connection.execute(query).all())


def our_version() -> str:
    """The version of this program."""
    try:
        return version("quanzu")
    except PackageNotFoundError:
        return "unknown"
