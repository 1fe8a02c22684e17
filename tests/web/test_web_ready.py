"""`/readyz` tells the truth, in time: it is asked by load balancers, and a lie of it loses alerts."""

from __future__ import annotations

import asyncio
import socket
import sqlite3
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import httpx
import pytest
from doors import Doors, problem
from fastapi.testclient import TestClient
from sqlalchemy import event
from sqlalchemy.exc import OperationalError

from cli.readiness import Readiness
from dispatcher.keys import Keyring
from dispatcher.presence import Presence
from dispatcher.store import Store
from dispatcher.words import Role
from migrations import migrate, newest
from web.app import THREADS, make_app
from workers.relay import Relay

IN_TIME_S = 30.0
"""Generous, since the machine is shared; a database that hangs would take longer than this."""


def presence() -> Presence:
    """This process, for the table of those at work."""
    return Presence("web-test", "web", datetime.now(UTC))


def migrated(store: Store) -> Store:
    """The same store, which says that its tables are today's."""
    with store.write() as connection:
        connection.exec_driver_sql("DROP TABLE IF EXISTS alembic_version")
        connection.exec_driver_sql("CREATE TABLE alembic_version (version_num VARCHAR(32) NOT NULL)")
        connection.exec_driver_sql(f"INSERT INTO alembic_version VALUES ('{newest()}')")
    return store


def at(url: str, keys: Keyring) -> Readiness:
    """What is asked at a database of this address."""
    return Readiness(Store(url, keys), presence())


@contextmanager
def listener() -> Iterator[int]:
    """A port that takes connections and never says a word."""
    with socket.socket() as server:
        server.bind(("127.0.0.1", 0))
        server.listen(50)
        yield server.getsockname()[1]


def test_a_database_that_takes_a_write_is_ready(store: Store) -> None:
    """All is well: ready, and the process stands among those at work."""
    readiness = Readiness(migrated(store), presence())
    assert readiness.missing() == []
    with store.read() as connection:
        assert connection.exec_driver_sql("SELECT lane FROM workers").scalars().all() == ["web"]


def test_old_tables_are_told(store: Store) -> None:
    """The program was upgraded and its tables were not: not ready, and the command that mends it is named."""
    migrated(store)
    with store.write() as connection:
        connection.exec_driver_sql("UPDATE alembic_version SET version_num = '0001'")
    (missing,) = Readiness(store, presence()).missing()
    assert missing == f"migrations: at 0001, needed {newest()}; run `quanzu migrate`"


def test_a_real_migration_makes_it_ready(tmp_path: Path, keys: Keyring) -> None:
    """A new database is not ready; after `migrate` it is."""
    store = Store(f"sqlite:///{tmp_path / 'new.sqlite'}", keys)
    assert Readiness(store, presence()).missing()[0].startswith("migrations: at none")
    migrate(store.engine)
    assert Readiness(store, presence()).missing() == []
    store.close()


def test_a_database_that_refuses_is_told(keys: Keyring) -> None:
    """The server is down: nobody listens at its port."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    assert at(f"postgresql+psycopg://u@127.0.0.1:{port}/db", keys).missing() == ["database: OperationalError"]


def test_a_database_that_hangs_is_told_in_time(doors: Doors, keys: Keyring) -> None:
    """The server takes the connection and never answers: all who ask are told so in time, and few threads wait."""
    with listener() as port:
        readiness = at(f"postgresql+psycopg://u@127.0.0.1:{port}/db", keys)
        with TestClient(make_app(replace(doors.house, ready=readiness.missing))) as client:
            before, begun = threading.active_count(), time.monotonic()
            for _ in range(3):
                answer = client.get("/readyz")
                problem(answer, 503)
                assert answer.json()["missing"][0].startswith("database: did not answer")
            assert time.monotonic() - begun < 3 * IN_TIME_S
            assert threading.active_count() <= before + 3


def test_a_door_that_hangs_holds_up_no_answer(doors: Doors, monkeypatch: pytest.MonkeyPatch) -> None:
    """Every thread of the doors waits at a database that hangs: whether it is alive and ready is told all the same."""
    released, entered = threading.Event(), []

    def hangs(*_: object) -> None:
        entered.append(1)
        released.wait(60)
        raise OperationalError("SELECT", {}, Exception("gone"))

    app, key = make_app(replace(doors.house, ready=lambda: ["database: gone"])), doors.key(Role.SUPERVISOR)
    monkeypatch.setattr(type(doors.store), "read", hangs)

    async def knock() -> list[int]:
        transport = httpx.ASGITransport(app, raise_app_exceptions=False)
        async with app.router.lifespan_context(app), httpx.AsyncClient(transport=transport) as client:
            waiting = [asyncio.create_task(client.get("http://door/v1/worklist", headers=key)) for _ in range(6)]
            while len(entered) < THREADS:  # noqa: ASYNC110 - a thread tells
                await asyncio.sleep(0.01)
            told = [(await client.get(f"http://door{path}")).status_code for path in ("/healthz", "/readyz")]
            assert not any(one.done() for one in waiting)
            released.set()
            await asyncio.gather(*waiting)
            return told

    assert asyncio.run(knock()) == [200, 503]


def test_a_read_only_database_is_told(store: Store, tmp_path: Path, keys: Keyring) -> None:
    """A fail-over left us at the replica: it answers every question and keeps nothing, so it is not ready."""
    readiness = Readiness(migrated(store), presence())
    if store.engine.dialect.name == "sqlite":
        event.listen(store.engine, "begin", lambda connection: connection.exec_driver_sql("PRAGMA query_only=ON"))
    else:
        assert readiness._engine is not None
        event.listen(
            readiness._engine, "begin", lambda connection: connection.exec_driver_sql("SET TRANSACTION READ ONLY")
        )
    (missing,) = readiness.missing()
    assert "may not be written" in missing


def test_a_full_disk_is_told(tmp_path: Path, keys: Keyring) -> None:
    """The disk of the embedded database ran full: reading still works, so that only a real write tells."""
    store = Store(f"sqlite:///{tmp_path / 'full.sqlite'}", keys)
    migrate(store.engine)
    fault = sqlite3.OperationalError("database or disk is full")
    fault.sqlite_errorname = "SQLITE_FULL"

    def full(_connection: object, _cursor: object, statement: str, *_: object) -> None:
        if statement.startswith(("INSERT", "UPDATE")):
            raise OperationalError(statement, {}, fault)

    event.listen(store.engine, "before_cursor_execute", full)
    assert Readiness(store, presence()).missing() == ["database: its disk is full; make room"]
    store.close()


def test_a_broker_that_is_away_is_a_warning(doors: Doors) -> None:
    """RabbitMQ is down: alerts are kept, so it is ready, and says what is amiss."""

    class Silent:
        def send_task(self, *_: object, **__: object) -> None:
            raise ConnectionError

    relay = Relay(Silent(), chunk=10)  # type: ignore[arg-type]  # all that a relay needs of Celery
    warnings = lambda: [told] if (told := relay.trouble()) else []  # noqa: E731 - as cli hands it in
    with TestClient(make_app(replace(doors.house, warnings=warnings))) as client:
        assert client.get("/readyz").json() == {"status": "ready", "warnings": []}
        relay._send("sms", "urgent", [])
        answer = client.get("/readyz")
        assert answer.status_code == 200
        assert answer.json()["warnings"][0].startswith("broker: the last message could not be published")
        Silent.send_task = lambda *_a, **_k: None  # type: ignore[method-assign, assignment]
        relay._send("sms", "urgent", [])
        assert client.get("/readyz").json()["warnings"] == []
