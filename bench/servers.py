"""PostgreSQL and RabbitMQ for a measurement: a database and a virtual host of its own, dropped at the end.

BENCH_POSTGRES and BENCH_RABBITMQ name the servers, without a database or virtual host; the user of the first must be
allowed to create databases.
A virtual host is made by rabbitmqctl of this machine; where there is none, BENCH_RABBITMQ must name an empty one.
"""

from __future__ import annotations

import os
import platform
import shutil
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.metadata import version
from typing import Any, cast
from uuid import uuid4

import psycopg
from amqp import Connection
from kombu.utils.url import parse_url
from psycopg.conninfo import conninfo_to_dict

POSTGRES = os.environ.get("BENCH_POSTGRES", "postgresql://postgres@127.0.0.1:5432").replace("+psycopg", "").rstrip("/")
RABBITMQ = os.environ.get("BENCH_RABBITMQ", "amqp://guest:guest@127.0.0.1:5672")
CONTROL = shutil.which("rabbitmqctl")


@contextmanager
def own_database() -> Iterator[str]:
    """A URL of an empty database. Raises: psycopg.OperationalError: no server there."""
    name = f"quanzu_bench_{uuid4().hex[:12]}"
    with psycopg.connect(f"{POSTGRES}/postgres", autocommit=True, connect_timeout=5) as admin:
        admin.execute(f"CREATE DATABASE {name}".encode())
        try:
            yield f"{POSTGRES}/{name}"
        finally:
            admin.execute(f"DROP DATABASE {name} WITH (FORCE)".encode())


@contextmanager
def own_vhost() -> Iterator[str]:
    """A URL of an empty virtual host.

    Raises: RuntimeError: none can be made here. CalledProcessError: rabbitmqctl would not.
    """
    if RABBITMQ.count("/") > 2:
        yield RABBITMQ
        return
    if CONTROL is None:
        raise RuntimeError("rabbitmqctl is not here: name an empty virtual host, BENCH_RABBITMQ=amqp://…/name")
    name = f"quanzu-bench-{uuid4().hex[:12]}"
    _control("add_vhost", name)
    try:
        _control("set_permissions", "-p", name, str(parse_url(RABBITMQ)["userid"]), ".*", ".*", ".*")
        yield f"{RABBITMQ}/{name}"
    finally:
        _control("delete_vhost", name)


@contextmanager
def own_servers() -> Iterator[tuple[str, str]]:
    """(database URL, broker URL), both empty."""
    with own_database() as database, own_vhost() as broker:
        yield database, broker


class Backends:
    """The server processes of one database, so that their CPU time can be read where they run on this machine."""

    def __init__(self, url: str) -> None:
        self._url = url
        self._name = conninfo_to_dict(url)["dbname"]
        self._admin = psycopg.connect(f"{POSTGRES}/postgres", autocommit=True)

    def pids(self) -> list[int]:
        """The processes that serve connections to the database now."""
        found = self._admin.execute("SELECT pid FROM pg_stat_activity WHERE datname = %s", (self._name,))
        return [row[0] for row in found]

    def ask(self, sql: str) -> list[tuple[object, ...]]:
        """Rows of the measured database."""
        with psycopg.connect(self._url, autocommit=True) as connection:
            return connection.execute(sql.encode()).fetchall()

    def close(self) -> None:
        """Give the connection back."""
        self._admin.close()


def versions() -> dict[str, str | int]:
    """What was measured on."""
    with psycopg.connect(f"{POSTGRES}/postgres", autocommit=True, connect_timeout=5) as admin:
        postgres = str(admin.execute("SHOW server_version").fetchall()[0][0]).partition(" ")[0]
    told = parse_url(RABBITMQ)
    connection = Connection(
        host=f"{told['hostname']}:{told['port'] or 5672}",
        userid=str(told["userid"]),
        password=str(told["password"]),
        virtual_host=str(told["virtual_host"] or "/"),
    )
    connection.connect()
    rabbitmq = cast(Any, connection).server_properties.get("version", "unknown")  # the stubs do not know it
    connection.close()
    return {
        "python": platform.python_version(),
        "celery": version("celery"),
        "kombu": version("kombu"),
        "sqlalchemy": version("sqlalchemy"),
        "psycopg": version("psycopg"),
        "postgres": postgres,
        "rabbitmq": str(rabbitmq),
        "cores": os.cpu_count() or 1,
    }


def _control(*words: str) -> None:
    for left in (2, 1, 0):
        done = subprocess.run([str(CONTROL), "-q", *words], capture_output=True, check=False, timeout=120)  # noqa: S603  # our own words
        if done.returncode == 0:
            return
        if left == 0:
            done.check_returncode()
        time.sleep(2)
