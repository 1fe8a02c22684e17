"""Servers that a wire test has to itself: a database on PostgreSQL, a virtual host on RabbitMQ, homes on them.

`tests/wire/conftest.py` hands the fixtures to every wire test:

rabbit_vhost        amqp://… of a virtual host of this test alone
postgres_database   postgresql+psycopg://… of an empty database of this test alone
postgres_home       a Home on that database; messages travel through files
rabbit_home         a Home on that database and that virtual host
"""

from __future__ import annotations

import shutil
import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from uuid import uuid4

import psycopg
import pytest
from deployment import Home
from servers import missing, own_database

RABBITMQ = ("127.0.0.1", 5672)
USER = "guest"
CONTROL = shutil.which("rabbitmqctl")


class ServedHome(Home):
    """A home whose tables are on PostgreSQL, and whose messages may travel through RabbitMQ."""

    def __init__(self, folder: Path, database: str, broker: str = "") -> None:
        super().__init__(folder)
        self.database = database.replace("postgresql+psycopg://", "postgresql://", 1)
        self.env |= {"QUANZU_DATABASE_URL": self.database} | ({"QUANZU_BROKER_URL": broker} if broker else {})

    def ask(self, sql: str, *values: object) -> list[tuple[Any, ...]]:
        """Rows of the database, read beside the engine; `?` stands for a value, as on SQLite."""
        with psycopg.connect(self.database, autocommit=True, connect_timeout=30) as connection:
            return connection.execute(sql.replace("?", "%s").encode(), values or None).fetchall()

    def count(self, sql: str, *values: object) -> int:
        """The one number that a query gives; 0 where there are no tables yet."""
        try:
            return int(self.ask(sql, *values)[0][0])
        except psycopg.errors.UndefinedTable:
            return 0


@pytest.fixture
def postgres_database() -> Iterator[str]:
    """An empty database of this test alone."""
    with own_database() as url:
        yield url


@pytest.fixture
def rabbit_vhost() -> Iterator[str]:
    """A virtual host of this test alone, as a broker URL; deleted with all its queues at the end."""
    with own_vhost() as url:
        yield url


@contextmanager
def own_vhost() -> Iterator[str]:
    """A virtual host of one's own, as a broker URL; deleted with all its queues at the end."""
    try:
        socket.create_connection(RABBITMQ, timeout=3).close()
    except OSError as fault:
        missing("rabbitmq", f"{type(fault).__name__} at {RABBITMQ[0]}:{RABBITMQ[1]}")
    if CONTROL is None:
        missing("rabbitmq", "rabbitmqctl, which makes a virtual host for each test, is not installed")
    name = f"quanzu-test-{uuid4().hex[:12]}"
    told = control("add_vhost", name)
    if told.returncode:
        missing("rabbitmq", f"rabbitmqctl add_vhost ended with {told.returncode}")
    try:
        control("set_permissions", "-p", name, USER, ".*", ".*", ".*").check_returncode()
        yield f"amqp://{USER}:{USER}@{RABBITMQ[0]}:{RABBITMQ[1]}/{name}"
    finally:
        control("delete_vhost", name)


@pytest.fixture
def postgres_home(tmp_path: Path, postgres_database: str) -> Iterator[ServedHome]:
    """A home on PostgreSQL; whatever is begun there is ended before its database goes."""
    made = ServedHome(tmp_path, postgres_database)
    yield made
    made.end()


@pytest.fixture
def rabbit_home(tmp_path: Path, postgres_database: str, rabbit_vhost: str) -> Iterator[ServedHome]:
    """A home on PostgreSQL and RabbitMQ; whatever is begun there is ended before they go."""
    made = ServedHome(tmp_path, postgres_database, rabbit_vhost)
    yield made
    made.end()


def control(*words: str) -> subprocess.CompletedProcess[str]:
    """Run rabbitmqctl; again where the server was too busy to hear it."""
    for pause_s in (1.0, 3.0, 0.0):
        done = subprocess.run(
            [str(CONTROL), "-q", *words],
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
            stdin=subprocess.DEVNULL,
        )
        if done.returncode == 0:
            break
        time.sleep(pause_s)
    return done


def messages(vhost_url: str) -> dict[str, int]:
    """How many messages each queue of the virtual host holds, ready and unacknowledged together."""
    told = control("list_queues", "-p", vhost_url.rpartition("/")[2], "name", "messages")
    told.check_returncode()
    lines = (line.split("\t") for line in told.stdout.splitlines())
    return {line[0]: int(line[1]) for line in lines if len(line) == 2 and line[1].isdigit()}
