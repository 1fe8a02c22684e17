"""The way to the database: the same code on SQLite (embedded) and PostgreSQL (production).

A writing transaction begins as a writer (`BEGIN IMMEDIATE` on SQLite), so that two never deadlock on an upgrade.
No transaction is open while the network is slow: callers do their waiting outside of `write()` and `read()`.
"""

from __future__ import annotations

import fcntl
import os
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from pathlib import Path
from typing import IO, Any

from sqlalchemy import Connection, Engine, create_engine, event

from dispatcher.keys import Keyring

BUSY_MS = 30_000


class Store:
    """An engine and the keys; one per process, made after any fork."""

    def __init__(self, url: str, keys: Keyring) -> None:
        self.keys = keys
        self.engine = make_engine(url)
        self._turn = Turn(url) if url.startswith("sqlite:///") else nullcontext()

    @contextmanager
    def write(self) -> Iterator[Connection]:
        """One writing transaction: commits at the end, rolls back on an exception."""
        with (
            self._turn,
            self.engine.connect().execution_options(quanzu_write=True) as connection,
            connection.begin(),
        ):
            yield connection

    @contextmanager
    def read(self) -> Iterator[Connection]:
        """One reading transaction: a steady view of everything."""
        with self.engine.connect() as connection:
            if is_postgres(connection):  # SQLite's reader has this by itself
                connection = connection.execution_options(isolation_level="REPEATABLE READ")
            with connection.begin():
                yield connection

    def close(self) -> None:
        """Give all connections back."""
        self.engine.dispose()


class Turn:
    """Writers of one SQLite file take turns by a lock that wakes the next one at once.

    SQLite itself lets a writer sleep up to 100 ms between two looks, so that under load the file is idle most of the
    time. The lock file orders writers that use it; SQLite's own lock still keeps out any that do not. The threads of
    one process share a turn for up to `SHARED_S`, so that a process with many small writes is not always the last.
    """

    SHARED_S = 0.05

    def __init__(self, url: str) -> None:
        self._path = Path(url.removeprefix("sqlite:///") + "-turn")
        self._threads = threading.Lock()
        self._counting = threading.Lock()
        self._waiting = 0
        self._file: IO[bytes] | None = None
        self._pid = 0
        self._since: float | None = None

    def __enter__(self) -> None:
        with self._counting:
            self._waiting += 1
        try:
            self._threads.acquire()
        finally:
            with self._counting:
                self._waiting -= 1
        try:
            if self._file is None or self._pid != os.getpid():  # a forked child needs a lock of its own
                self._file, self._pid, self._since = self._path.open("ab"), os.getpid(), None
            if self._since is None:
                fcntl.flock(self._file, fcntl.LOCK_EX)
                self._since = time.monotonic()
        except BaseException:
            self._threads.release()
            raise

    def __exit__(self, *_: object) -> None:
        assert self._file is not None and self._since is not None
        try:
            if self._waiting == 0 or time.monotonic() - self._since > self.SHARED_S:
                fcntl.flock(self._file, fcntl.LOCK_UN)
                self._since = None
        finally:
            self._threads.release()


def make_engine(url: str) -> Engine:
    """An engine for `url`; on SQLite in WAL mode with full synchronisation and foreign keys kept.

    Its errors carry no parameters: a statement's values belong in no log.
    """
    if url.startswith("sqlite"):
        engine = create_engine(url, pool_size=8, max_overflow=24, hide_parameters=True)
        event.listen(engine, "connect", _prepare_sqlite)
        event.listen(engine, "begin", _begin_sqlite)
        return engine
    return create_engine(url, pool_size=8, max_overflow=24, pool_pre_ping=True, hide_parameters=True)


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
