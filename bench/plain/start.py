"""The processes of the plain design: a prefork worker for all its queues, and a web app with two processes."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from datetime import UTC, datetime
from pathlib import Path

from kombu import Connection, Queue
from sqlalchemy import create_engine

from bench.plain.message import QUEUE
from bench.plain.rows import keep_policy
from bench.plain.tasks import QUEUES
from bench.started import Town, answers, consumed, started
from cli.supervise import free_port
from dispatcher import tables
from dispatcher.keys import load_keyring

WEB_PROCESSES = 2
WEB_POOL = 6
"""Connections of one web process: more only waited for each other on two cores."""


@contextmanager
def plain_design(
    folder: Path, database: str, broker: str, carrier: Town, concurrency: int
) -> Iterator[Callable[[], dict[str, int]]]:
    """The design at work on empty servers; what tells its process ids by name."""
    engine = create_engine(database.replace("postgresql://", "postgresql+psycopg://", 1))
    tables.metadata.create_all(engine)
    with engine.begin() as connection:
        keep_policy(connection, datetime.now(UTC))
    engine.dispose()
    with Connection(broker) as connection_to:
        for name in (QUEUE, *QUEUES.values()):
            Queue(name, durable=True)(connection_to.default_channel).declare()
    load_keyring(folder / "keys.json")
    port = free_port()
    env = environment(folder, database, broker, carrier, f"http://127.0.0.1:{port}/receipts")
    work = ["celery", "-A", "bench.plain.tasks", "worker", "--pool", "prefork", "--concurrency", str(concurrency)]
    work += ["--without-gossip", "--without-mingle", "--without-heartbeat", "--loglevel", "WARNING"]
    web = ["uvicorn", "bench.plain.web:app", "--port", str(port), "--workers", str(WEB_PROCESSES)]
    web += ["--no-access-log", "--log-level", "warning"]
    with ExitStack() as stack:
        pids = {
            "plain web": stack.enter_context(
                started("plain-web", web, {**env, "BENCH_PLAIN_POOL": str(WEB_POOL)}, folder)
            ),
            "plain worker": stack.enter_context(started("plain-worker", work, env, folder)),
        }
        answers(f"http://127.0.0.1:{port}/healthz", folder)
        consumed(broker, (QUEUE, *QUEUES.values()), folder)
        yield lambda: pids


def environment(folder: Path, database: str, broker: str, carrier: Town, callback: str) -> Mapping[str, str]:
    """What its processes are told."""
    return {
        "BENCH_PLAIN_DATABASE": database,
        "BENCH_PLAIN_BROKER": broker,
        "BENCH_PLAIN_KEYS": str(folder / "keys.json"),
        "BENCH_PLAIN_CARRIER": carrier.url,
        "BENCH_PLAIN_CALLBACK": callback,
        "BENCH_PLAIN_SECRET": carrier.secret,
    }
