"""Shared by all tiers: what was asked to be there, and the two databases on which every store test runs."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from pathlib import Path
from uuid import uuid4

import psycopg
import pytest
from hypothesis import settings

from dispatcher import tables
from dispatcher.keys import Keyring, make_keyring
from dispatcher.store import Store, make_engine

POSTGRES = "host=127.0.0.1 port=5432 user=postgres connect_timeout=3"

# other helpers and tests share the machine: nothing here may fail for being slow
settings.register_profile("shared-machine", deadline=None)
settings.load_profile("shared-machine")


def missing(server: str, why: str) -> None:
    """Skip, saying so in one line; fail where QUANZU_REQUIRE names the server."""
    line = f"{server} is not here: {why}"
    if server in os.environ.get("QUANZU_REQUIRE", "").split(","):
        pytest.fail(line, pytrace=False)
    pytest.skip(line)


@pytest.fixture(scope="session")
def keys() -> Keyring:
    """Keys of this run."""
    return make_keyring()


@pytest.fixture(scope="session")
def sqlite_template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An empty database with all tables, to be copied."""
    path = tmp_path_factory.mktemp("template") / "empty.sqlite"
    engine = make_engine(f"sqlite:///{path}")
    tables.metadata.create_all(engine)
    with engine.connect() as connection:
        connection.exec_driver_sql("PRAGMA wal_checkpoint(TRUNCATE)")
    engine.dispose()
    return path


@pytest.fixture(scope="session")
def postgres_url() -> Iterator[str]:
    """A database of this run alone, with all tables; dropped at the end."""
    name = f"quanzu_test_{uuid4().hex[:12]}"
    try:
        admin = psycopg.connect(f"{POSTGRES} dbname=postgres", autocommit=True)
    except psycopg.OperationalError as fault:
        missing("postgres", str(fault).splitlines()[0])
        raise
    with admin:
        admin.execute(f"CREATE DATABASE {name}")
        url = f"postgresql+psycopg://postgres@127.0.0.1:5432/{name}"
        engine = make_engine(url)
        tables.metadata.create_all(engine)
        engine.dispose()
        yield url
        admin.execute(f"DROP DATABASE {name} WITH (FORCE)")
    admin.close()


@pytest.fixture(params=["sqlite", "postgres"])
def store(request: pytest.FixtureRequest, tmp_path: Path, keys: Keyring) -> Iterator[Store]:
    """An empty store, once on SQLite and once on PostgreSQL."""
    if request.param == "sqlite":
        path = tmp_path / "quanzu.sqlite"
        shutil.copy(request.getfixturevalue("sqlite_template"), path)
        store = Store(f"sqlite:///{path}", keys)
    else:
        store = Store(request.getfixturevalue("postgres_url"), keys)
        names = ", ".join(table.name for table in tables.metadata.sorted_tables)
        with store.write() as connection:
            connection.exec_driver_sql(f"TRUNCATE {names} CASCADE")
    yield store
    store.close()
