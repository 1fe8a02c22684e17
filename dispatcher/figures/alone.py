"""One at a time changes the facts or sums them up: whoever finds another at it goes on, or waits."""

from __future__ import annotations

from sqlalchemy import Connection, text

from dispatcher.store import is_postgres

LOCK = 0x7175_616E_7A76
"""The number of the lock on PostgreSQL; SQLite has one writer anyway."""


def alone(connection: Connection) -> bool:
    """Until this transaction ends nobody else folds or sums up; False: somebody does, now."""
    if not is_postgres(connection):
        return True
    return bool(connection.execute(text("SELECT pg_try_advisory_xact_lock(:lock)"), {"lock": LOCK}).scalar())


def wait_until_alone(connection: Connection) -> None:
    """The same, as soon as the other has ended."""
    if is_postgres(connection):
        connection.execute(text("SELECT pg_advisory_xact_lock(:lock)"), {"lock": LOCK})
