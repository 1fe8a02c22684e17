"""The way to the database: the same code on SQLite (embedded) and PostgreSQL (production).

A writing transaction begins as a writer (`BEGIN IMMEDIATE` on SQLite), so that two never deadlock on an upgrade.
No transaction is open while the network is slow: callers do their waiting outside of `write()` and `read()`.
"""

from __future__ import annotations

import fcntl
import os
import sqlite3
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from datetime import datetime
from pathlib import Path
from typing import IO, Any

from sqlalchemy import Connection, Engine, create_engine, event, func, select
from sqlalchemy.exc import OperationalError

from dispatcher.keys import Keyring

BUSY_MS = 30_000
LOOK_S = 0.0005
"""How often a waiting writer looks whether it is its turn."""

SESSION = {
    "timezone": "UTC",
    "lock_timeout": "20s",
    "idle_in_transaction_session_timeout": "5s",
    "tcp_keepalives_idle": "5",
    "tcp_keepalives_interval": "3",
    "tcp_keepalives_count": "3",
    "tcp_user_timeout": "15s",
}
"""What the server is told of each session. A client that vanished without a word keeps nobody's row for longer; nor
does one that stands still in a transaction (frozen, or starved): ours wait for nobody but the database in one."""

POSTGRES: dict[str, Any] = {
    "options": " ".join(f"-c {name}={value}" for name, value in SESSION.items()),
    "prepare_threshold": None,
    "connect_timeout": 5,
    "keepalives_idle": 5,
    "keepalives_interval": 3,
    "keepalives_count": 3,
    "tcp_user_timeout": 15_000,
}
"""Instants come in UTC. Statements are planned anew each time: a plan that was made while a table was empty would be
kept, and statements for hundreds of rows do not feel the planning. A server that vanished without a word costs a
statement about 15 s (it is noticed by keep-alives and by bytes that nobody confirms), not the hours of TCP's own."""


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
    """Writers of one SQLite file take turns by a lock that the next one has within a millisecond.

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
        until = time.monotonic() + BUSY_MS / 1000
        with self._counting:
            self._waiting += 1
        try:
            mine = self._threads.acquire(timeout=BUSY_MS / 1000)
        finally:
            with self._counting:
                self._waiting -= 1
        if not mine:
            self._let_go_for_nobody()
            raise _locked()
        try:
            if self._file is None or self._pid != os.getpid():  # a forked child needs a lock of its own
                self._file, self._pid, self._since = self._path.open("ab"), os.getpid(), None
            if self._since is None:
                self._lock_file(self._file, until)
                self._since = time.monotonic()
        except BaseException:
            self._threads.release()
            raise

    def _lock_file(self, file: IO[bytes], until: float) -> None:
        """Take the file's lock. Looked at often rather than waited for, since a wait could not be given up.

        Raises: OperationalError: another process has held it for too long.
        """
        while True:
            try:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
                return
            except BlockingIOError:
                if time.monotonic() > until:
                    raise _locked() from None
                time.sleep(LOOK_S)

    def _let_go_for_nobody(self) -> None:
        """The last holder may have kept the file for this thread, which has just given up."""
        if self._threads.acquire(blocking=False):
            self.__exit__() if self._since is not None else self._threads.release()

    def __exit__(self, *_: object) -> None:
        assert self._file is not None and self._since is not None
        try:
            if self._waiting == 0 or time.monotonic() - self._since > self.SHARED_S:
                fcntl.flock(self._file, fcntl.LOCK_UN)
                self._since = None
        finally:
            self._threads.release()


def _locked() -> OperationalError:
    """The fault that SQLite itself would tell, so that callers need to know only one."""
    return OperationalError("BEGIN IMMEDIATE", None, sqlite3.OperationalError("database is locked"))


def make_engine(url: str) -> Engine:
    """An engine for `url`; on SQLite in WAL mode with full synchronisation and foreign keys kept.

    Its errors carry no parameters: a statement's values belong in no log.
    """
    if url.startswith("sqlite"):
        engine = create_engine(url, pool_size=8, max_overflow=24, hide_parameters=True)
        event.listen(engine, "connect", _prepare_sqlite)
        event.listen(engine, "begin", _begin_sqlite)
        return engine
    return create_engine(
        url, pool_size=8, max_overflow=24, pool_pre_ping=True, hide_parameters=True, connect_args=POSTGRES
    )


def _prepare_sqlite(connection: Any, _record: object) -> None:
    connection.isolation_level = None  # we say BEGIN ourselves
    cursor = connection.cursor()
    for pragma in (
        f"busy_timeout={BUSY_MS}",
        "journal_mode=WAL",
        "synchronous=FULL",
        "foreign_keys=ON",
        "cache_size=-16000",
        "wal_autocheckpoint=8000",  # 32 MB: a checkpoint holds up every writer, so there are fewer
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


def clock_of(connection: Connection, now: datetime) -> datetime:
    """What all hosts mean by now: the server's clock where there is a server, else `now`."""
    if not is_postgres(connection):
        return now
    told: datetime = connection.execute(select(func.clock_timestamp())).scalar_one()
    return told
