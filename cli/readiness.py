"""Whether alerts can be kept now: the database takes a write and its tables are ours, told within a bound.

A connection of its own, with short limits, so that a database that hangs holds up neither this answer nor a request.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime

from alembic.migration import MigrationContext
from sqlalchemy import Connection, Engine, create_engine, text

from dispatcher.health import troubles
from dispatcher.presence import Presence
from dispatcher.store import Store
from migrations import newest

WITHIN_S = 1.5
FRESH_S = 0.5
"""However many ask, the database is asked twice a second."""
READ_ONLY = "database: may not be written (a replica, or read-only); point QUANZU_DATABASE_URL at the primary"
LIMITS = {
    "options": "-c statement_timeout=1500 -c lock_timeout=1000 -c timezone=UTC",
    "prepare_threshold": None,
    "connect_timeout": 2,
    "tcp_user_timeout": 2_000,
}
REFUSALS = {
    "25006": READ_ONLY,
    "SQLITE_READONLY": READ_ONLY,
    "53100": "database: its disk is full; make room",
    "SQLITE_FULL": "database: its disk is full; make room",
    "57014": f"database: a small write took longer than {WITHIN_S} s",
    "SQLITE_BUSY": f"database: is held locked for longer than {WITHIN_S} s",
}


class Readiness:
    """`missing` returns within 1.5 s, whatever the database does. One look at a time; who comes meanwhile shares it."""

    def __init__(self, store: Store, presence: Presence) -> None:
        self._store = store
        self._presence = presence
        self._engine: Engine | None = None if store.engine.dialect.name == "sqlite" else _impatient(store.engine)
        self._needed = newest()
        self._changed = threading.Condition()
        self._looking = False
        self._found: list[str] = []
        self._troubles: list[str] = []
        self._found_at = 0.0

    def missing(self) -> list[str]:
        """Why alerts cannot be kept now; empty when they can."""
        asked_at = time.monotonic()
        with self._changed:
            if self._found_at > asked_at - FRESH_S:
                return self._found
            if not self._looking:
                self._looking = True
                threading.Thread(target=self._look, name="ready", daemon=True).start()
            if self._changed.wait_for(lambda: self._found_at >= asked_at, timeout=WITHIN_S):
                return self._found
        return [f"database: did not answer within {WITHIN_S} s"]

    def warnings(self) -> list[str]:
        """What the last look found amiss though alerts are kept: carriers that fail or refuse us."""
        return self._troubles

    def _look(self) -> None:
        try:
            found = self._faults()
        except Exception as fault:  # whatever the database says, it is not ready
            found = [_told(fault)]
        with self._changed:
            self._found, self._found_at, self._looking = found, time.monotonic(), False
            self._changed.notify_all()

    def _faults(self) -> list[str]:
        """A real write, committed: our own line among the processes at work."""
        with self._writing() as connection:
            there = MigrationContext.configure(connection).get_current_revision()
            if there != self._needed:
                return [f"migrations: at {there or 'none'}, needed {self._needed}; run `quanzu migrate`"]
            if self._engine is not None and connection.execute(text("SELECT pg_is_in_recovery()")).scalar():
                return [READ_ONLY]
            now = datetime.now(UTC)
            self._presence.write(connection, now=now)
            self._troubles = troubles(connection, now)
        return []

    @contextmanager
    def _writing(self) -> Iterator[Connection]:
        if self._engine is None:
            with self._store.write() as connection:
                yield connection
        else:
            with self._engine.begin() as connection:
                yield connection


def _impatient(engine: Engine) -> Engine:
    """One connection to the same database that waits for nothing long."""
    return create_engine(
        engine.url,
        pool_size=1,
        max_overflow=0,
        pool_timeout=1,
        pool_pre_ping=True,
        hide_parameters=True,
        connect_args=LIMITS,
    )


def _told(fault: Exception) -> str:
    """A database's refusal in a sentence; by its code, never by its words."""
    cause = getattr(fault, "orig", None)
    if type(cause).__name__ == "ConnectionTimeout":
        return "database: did not answer a connection within 2 s"
    code = str(getattr(cause, "sqlite_errorname", None) or getattr(cause, "sqlstate", None) or "")
    for known, sentence in REFUSALS.items():
        if code.startswith(known):
            return sentence
    return f"database: {type(fault).__name__}"
