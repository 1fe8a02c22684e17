"""Rubbish among right alerts on the raw queues: every right one is a case, all rubbish is kept and can be mended."""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pika
import pytest
from brokers import ServedHome, messages
from deployment import free_port, until
from garbage import KEY, Piece, alert, garbage, good, mixed
from kombu import Connection, Producer
from odd_properties import Odd

from config.settings import Settings
from workers import filequeue
from workers.app import transport_options
from workers.names import ALERTS
from workers.topology import declare

pytestmark = [pytest.mark.slow, pytest.mark.timeout(1_200), pytest.mark.xdist_group("deployments")]

EACH = int(os.environ.get("QUANZU_GARBAGE", "400"))
"""Right ones, and pieces of rubbish. The promise is made for 10,000: QUANZU_GARBAGE=10000 runs it at that size."""
PATIENCE_S = 600.0
CASES = "SELECT count(*) FROM cases"
DEAD = "SELECT count(*) FROM dead_letters"
LEFT = "SELECT count(*) FROM dead_letters WHERE state = 'kept'"
WITHOUT_REASON = """SELECT count(*) FROM dead_letters WHERE json_array_length(faults) = 0
    OR faults->0->>'field' IS NULL OR length(faults->0->>'message') < 5"""


@pytest.fixture(params=["filequeue", "rabbitmq"])
def served(request: pytest.FixtureRequest) -> ServedHome:
    """PostgreSQL, once with messages in files and once with RabbitMQ."""
    name = {"filequeue": "postgres_home", "rabbitmq": "rabbit_home"}[request.param]
    home: ServedHome = request.getfixturevalue(name)
    return home


def test_rubbish_costs_nobody_anything(served: ServedHome, tmp_path: Path) -> None:
    """As much rubbish as alerts: each alert is a case, each piece of rubbish says why it is none, and can be mended."""
    home = served
    assert home.quanzu("migrate").returncode == 0
    nobody = {"QUANZU_SIMULATOR_PORT": str(free_port())}  # no carrier: what is promised waits
    worker = home.begin("worker", "--lane", "urgent", QUANZU_WORKER_PROCESSES="1", **nobody)
    other = home.begin("worker", "--lane", "intake", **nobody)  # takes what came by a wrong key
    with producer(home) as publish:
        for piece in mixed(EACH):
            publish(piece)
    until("every right alert is a case", lambda: home.count(CASES) >= EACH, within_s=PATIENCE_S, every_s=0.5)
    until("all rubbish is kept", lambda: home.count(DEAD) >= EACH, within_s=PATIENCE_S, every_s=0.5)
    assert (home.count(CASES), home.count(DEAD), home.count(LEFT)) == (EACH, EACH, EACH)
    assert home.count(WITHOUT_REASON) == 0
    assert worker.poll() is other.poll() is None  # the same processes as at the beginning
    if "QUANZU_BROKER_URL" in home.env:
        url = home.env["QUANZU_BROKER_URL"]
        raw = ("alerts.urgent", "alerts.unrouted", "alerts.rejected")
        until("every message is acknowledged", lambda: not [name for name in raw if messages(url)[name]])
    mend(home, tmp_path / "mended.jsonl")
    assert (home.count(CASES), home.count(LEFT)) == (2 * EACH, 0)
    assert home.count("SELECT count(*) FROM alerts") == 2 * EACH
    assert worker.poll() is None
    secrets = [good(0).body, garbage(13).body[:40]]
    assert not [one for one in secrets if one in home.told("worker")]


def mend(home: ServedHome, path: Path) -> None:
    """An operator mends all of it, and offers it again."""
    ids = [str(one) for (one,) in home.ask("SELECT id FROM dead_letters WHERE state = 'kept' ORDER BY id")]
    lines = (
        {"dead_letter": one, "alert": alert(10_000_000 + number, source_ref=f"M-{number}")}
        for number, one in enumerate(ids)
    )
    path.write_text("".join(json.dumps(line) + "\n" for line in lines), "utf-8")
    done = home.quanzu("dead", "replay", "--mended", str(path))
    assert done.returncode == 0, (done.stdout + done.stderr)[-2000:].decode()
    assert done.stdout.count(b": accepted alert ") == len(ids)


@contextmanager
def producer(home: ServedHome) -> Iterator[Callable[[Piece], None]]:
    """An upstream that publishes with confirms."""
    broker = home.env.get("QUANZU_BROKER_URL")
    if broker:
        where, options = broker, {"confirm_publish": True}
    else:
        filequeue.register()
        where, options = "filequeue://localhost//", transport_options(Settings(home=home.home), durable=True)
    with Connection(where, transport_options=options) as connection, odd_client(broker) as odd:
        declare(connection)
        ordinary = Producer(connection.channel(), exchange=ALERTS, auto_declare=False)

        def publish(piece: Piece) -> None:
            if odd is not None and (piece.raw is not None or piece.key != KEY):
                properties = Odd(piece.raw) if piece.raw is not None else None
                odd.basic_publish(ALERTS.name, piece.key, piece.body, properties)
                return
            ordinary.publish(
                piece.body,
                routing_key="alert.l2",
                content_type=piece.content_type,
                content_encoding=piece.content_encoding,
                headers=piece.headers,
            )

        yield publish


@contextmanager
def odd_client(broker: str | None) -> Iterator[Any]:
    """A channel that publishes any properties by any key, on RabbitMQ; None where there is none."""
    if broker is None:
        yield None
        return
    with pika.BlockingConnection(pika.URLParameters(broker + "?heartbeat=0")) as connection:
        channel = connection.channel()
        channel.confirm_delivery()
        yield channel
