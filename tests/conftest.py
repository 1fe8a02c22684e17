"""Shared by all tiers: what was asked to be there, and the two databases on which every store test runs."""

from __future__ import annotations

import logging
import shutil
import signal
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import structlog
from _pytest.logging import LogCaptureHandler
from hypothesis import settings
from servers import own_database

from dispatcher import tables
from dispatcher.keys import Keyring, make_keyring
from dispatcher.store import Store, make_engine

# other helpers and tests share the machine: nothing here may fail for being slow
settings.register_profile("shared-machine", deadline=None)
settings.load_profile("shared-machine")


# a shell starts what is to go on in the background deaf to Ctrl-C, and so would be every command that a test starts
if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)

_configure = structlog.configure


def _configure_forgetful(**wished: Any) -> None:
    """A logger that is kept at its first use would keep the processors of that moment for all tests to come."""
    _configure(**wished | {"cache_logger_on_first_use": False})


# for the whole run, not for each test: what a module's own fixture starts would come before a test's
structlog.configure = _configure_forgetful


def pytest_configure(config: pytest.Config) -> None:
    """Whole deployments share cores badly: their tests are one group, and stay with one worker, or this is told.

    Raises: pytest.UsageError: pytest-xdist writes the group into this, and pytest does not read it there.
    """
    if config.getoption("dist", "no") == "loadgroup" and "_nodeid" not in vars(pytest.Item.__mro__[1])["__slots__"]:
        raise pytest.UsageError("this pytest and this pytest-xdist know no groups together: see requirements.txt")


@pytest.fixture(autouse=True)
def logs_as_they_were() -> Iterator[None]:
    """A command that a test ran in this process sets up its logs: the next test finds them as they were."""
    before, root = structlog.get_config(), logging.getLogger()
    processors = [*before["processors"]]
    handlers, level = root.handlers[:], root.level
    yield
    structlog.configure(**before | {"processors": processors})
    for handler in root.handlers[:]:
        if handler not in handlers and not isinstance(handler, LogCaptureHandler):
            root.removeHandler(handler)
    root.setLevel(level)


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
    with own_database() as url:
        engine = make_engine(url)
        tables.metadata.create_all(engine)
        engine.dispose()
        yield url


@pytest.fixture(params=["sqlite", "postgres"])
def store(request: pytest.FixtureRequest, tmp_path: Path, keys: Keyring) -> Iterator[Store]:
    """An empty store, once on SQLite and once on PostgreSQL."""
    if request.param == "sqlite":
        path = tmp_path / "quanzu.sqlite"
        shutil.copy(request.getfixturevalue("sqlite_template"), path)
        store = Store(f"sqlite:///{path}", keys)
    else:
        store = Store(request.getfixturevalue("postgres_url"), keys)
        emptied = "; ".join(f"DELETE FROM {table.name}" for table in tables.metadata.sorted_tables)
        with store.write() as connection:
            # few rows are deleted in milliseconds; TRUNCATE makes each table's files anew, which took a second
            connection.exec_driver_sql(f"SET LOCAL session_replication_role = replica; {emptied}")
    yield store
    store.close()
