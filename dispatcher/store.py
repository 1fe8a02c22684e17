"""The way to the database: the same code on SQLite (embedded) and PostgreSQL (production).

A writing transaction begins as a writer (`BEGIN IMMEDIATE` on SQLite), so that two never deadlock on an upgrade.
No transaction is open while the network is slow: callers do their waiting outside of `write()` and `read()`.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from sqlalchemy import Connection, Engine, create_engine, event

from dispatcher.keys import Keyring

BUSY_MS = 30_000


class Store:
    """An engine and the keys; one per process, made after any fork."""

    def __init__(self, url: str, keys: Keyring) -> None:
        self.keys = keys
        self.engine = make_engine(url)

    @contextmanager
    def write(self) -> Iterator[Connection]:
        """One writing transaction: commits at the end, rolls back on an exception."""
        with self.engine.connect().execution_options(quanzu_write=True) as connection, connection.begin():
            yield connection

    @contextmanager
    def read(self) -> Iterator[Connection]:
        """One reading transaction: a steady view of everything."""
        with self.engine.connect() as connection, connection.begin():
            yield connection

    def close(self) -> None:
        """Give all connections back."""
        self.engine.dispose()


def make_engine(url: str) -> Engine:
    """An engine for `url`; on SQLite in WAL mode with full synchronisation and foreign keys kept."""
    if url.startswith("sqlite"):
        engine = create_engine(url, pool_size=8, max_overflow=24)
        event.listen(engine, "connect", _prepare_sqlite)
        event.listen(engine, "begin", _begin_sqlite)
        return engine
    return create_engine(url, pool_size=8, max_overflow=24, pool_pre_ping=True)


def _prepare_sqlite(connection: Any, _record: object) -> None:
    connection.isolation_level = None  # we say BEGIN ourselves
    cursor = connection.cursor()
    for pragma in (
        f"busy_timeout={BUSY_MS}",
        "journal_mode=WAL",
        "synchronous=FULL",
        "foreign_keys=ON",
        "cache_size=-16000",
        "temp_store=MEMORY",
    ):
        cursor.execute(f"PRAGMA {pragma}")
    cursor.close()


def _begin_sqlite(connection: Connection) -> None:
    write = connection.get_execution_options().get("quanzu_write", False)
    connection.exec_driver_sql("BEGIN IMMEDIATE" if write else "BEGIN")


def is_postgres(connection: Connection) -> bool:
    """True on PostgreSQL, where rows are locked one by one instead of the whole file."""
    return connection.dialect.name == "postgresql"
