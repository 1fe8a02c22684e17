"""Servers of our own: they keep what servers must keep, lose what is wiped, and end with us however we end."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import TypeVar

import psycopg
import pytest
from kombu import Connection, Queue
from servers import missing

from .house import processes
from .servers import OwnPostgres, OwnRabbit, Server, ServerMissing

pytestmark = [pytest.mark.slow, pytest.mark.timeout(600), pytest.mark.xdist_group("deployments")]

PATIENCE_S = 60.0
BEGUN_ELSEWHERE = """
import time
from chaos.servers import OwnPostgres
server = OwnPostgres().start()
print(server.pid, server.folder, flush=True)
time.sleep(600)
"""

Kind = TypeVar("Kind", bound=Server)


def of_our_own(name: str, kind: type[Kind]) -> Kind:
    """A server that is not yet started; told where its programs are not installed."""
    try:
        return kind()
    except ServerMissing as fault:
        missing(name, str(fault))
        raise


@pytest.fixture
def postgres() -> Iterator[OwnPostgres]:
    """A PostgreSQL that may be hurt."""
    with of_our_own("postgres", OwnPostgres) as server:
        yield server


@pytest.fixture
def rabbit() -> Iterator[OwnRabbit]:
    """A RabbitMQ that may be hurt."""
    with of_our_own("rabbitmq", OwnRabbit) as server:
        yield server


def test_a_database_of_our_own_keeps_what_was_committed(postgres: OwnPostgres) -> None:
    """It was stopped at once and killed: what was committed is there; once wiped, nothing is."""
    dsn = postgres.url.replace("postgresql+psycopg://", "postgresql://")
    with psycopg.connect(dsn, autocommit=True) as line:
        line.execute("CREATE TABLE kept (n int)")
        line.execute("INSERT INTO kept VALUES (7)")
    postgres.restart("immediate")
    postgres.kill()
    postgres.start()
    with psycopg.connect(dsn) as line:
        assert line.execute("SELECT n FROM kept").fetchall() == [(7,)]
    postgres.wipe()
    with psycopg.connect(dsn) as line:
        assert line.execute("SELECT to_regclass('kept')").fetchone() == (None,)


def test_a_broker_of_our_own_keeps_what_was_confirmed(rabbit: OwnRabbit) -> None:
    """It was stopped in order and killed: what was confirmed is there; once wiped, not even the queue is."""
    kept = Queue("kept", durable=True, queue_arguments={"x-queue-type": "quorum"})
    for mode in ("fast", "immediate"):
        with Connection(rabbit.url, transport_options={"confirm_publish": True}) as line:
            kept(line).declare()
            line.Producer().publish("kept", routing_key="kept", delivery_mode=2)
        rabbit.restart("fast" if mode == "fast" else "immediate")
        with Connection(rabbit.url) as line:
            message = kept(line).get(no_ack=True)
            assert message is not None
            assert message.payload == "kept"
    rabbit.wipe()
    with Connection(rabbit.url) as line, pytest.raises(line.channel_errors):
        kept(line).queue_declare(passive=True)


def test_a_server_ends_with_whoever_started_it() -> None:
    """The process that had started a database was killed and could clear nothing away: the database is gone anyway."""
    of_our_own("postgres", OwnPostgres).end()
    env = os.environ | {"PYTHONPATH": str(Path(__file__).parents[1])}
    begun = subprocess.Popen([sys.executable, "-c", BEGUN_ELSEWHERE], env=env, stdout=subprocess.PIPE, text=True)
    assert begun.stdout is not None
    pid, folder = begun.stdout.readline().split()
    assert Path(folder).is_dir()
    begun.send_signal(signal.SIGKILL)
    begun.wait()
    begun.stdout.close()
    until = time.monotonic() + PATIENCE_S
    while (Path(folder).exists() or runs(int(pid))) and time.monotonic() < until:
        time.sleep(0.1)
    assert not Path(folder).exists()
    assert not runs(int(pid))


def runs(pid: int) -> bool:
    """Whether a process lives; one that nobody has buried does not."""
    return pid in {found for found, _, _ in processes()}
