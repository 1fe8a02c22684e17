"""The raw limits of this machine and these libraries: nothing that is built on them can be faster.

consume_per_s    raw messages taken from a quorum queue by kombu, one ack for each 200
insert_per_s     rows of `alerts` inserted by SQLAlchemy Core, 250 in a transaction
requests_per_s   requests of one letter each that httpx on aiohttp makes of the simulated carrier, 100 in flight
letters_per_s    letters in requests of a hundred, 8 in flight
"""

from __future__ import annotations

import asyncio
import statistics
import tempfile
import time
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from httpx_aiohttp import HttpxAiohttpClient
from kombu import Connection, Consumer, Message, Queue
from sqlalchemy import create_engine, insert

from bench.feed import Confirmed, Made, of_ours
from bench.plain.rows import keep_alert, keep_policy
from bench.servers import own_servers
from bench.started import town
from bench.work import make_alerts
from config.regions import Regions
from dispatcher import tables
from dispatcher.alert import Alert, Rules, read
from dispatcher.ids import new_id
from dispatcher.keys import make_keyring

ROUNDS = 3
ACK_EVERY = 200
BATCH = 250


def measure_raw(size: int) -> dict[str, float]:
    """Everything, `size` messages, rows and letters; the median of three rounds each."""
    bodies = make_alerts(min(size, 5_000), seed=3)
    with own_servers() as (database, broker), tempfile.TemporaryDirectory(prefix="quanzu-bench-") as folder:
        consumed = [_consumed_per_s(broker, bodies, size) for _ in range(ROUNDS)]
        inserted = _inserted_per_s(database, bodies[0], size)
        with town(Path(folder), news_most=100) as carrier:
            single = [_sent_per_s(carrier.url, size // 4, 1, 100) for _ in range(ROUNDS)]
            many = [_sent_per_s(carrier.url, size, 100, 8) for _ in range(ROUNDS)]
    found = {
        "consume_per_s": consumed,
        "insert_per_s": inserted,
        "requests_per_s": single,
        "letters_per_s": many,
    }
    return {name: round(statistics.median(rates), 1) for name, rates in found.items()}


def _consumed_per_s(broker: str, bodies: list[bytes], size: int) -> float:
    queue = Queue("bench.raw", queue_arguments={"x-queue-type": "quorum"}, durable=True)
    taken = 0

    def take(message: Message) -> None:
        nonlocal taken
        taken += 1
        if taken % ACK_EVERY == 0 or taken == size:
            message.ack(multiple=True)

    with Connection(broker) as connection:
        queue(connection.default_channel).declare()
        line = Confirmed(connection)
        for number in range(size):
            line.publish(_to_queue(of_ours(bodies[number % len(bodies)])))
        line.wait()
        began = time.perf_counter()
        options: dict[str, Any] = {"on_message": take, "accept": None, "prefetch_count": 5 * ACK_EVERY}
        with Consumer(connection.channel(), queues=[queue], **options):
            while taken < size:
                connection.drain_events(timeout=60)
        return size / (time.perf_counter() - began)


def _to_queue(made: Made) -> Made:
    return "", "bench.raw", made[2]


def _inserted_per_s(database: str, body: bytes, size: int) -> list[float]:
    """The rows are those of one alert with keys of their own: what is measured is the way into the table."""
    engine = create_engine(database.replace("postgresql://", "postgresql+psycopg://", 1), pool_size=1)
    tables.metadata.create_all(engine)
    now, keys = datetime.now(UTC), make_keyring()
    alert = read(body, now=now, rules=Rules(Regions.load()))
    assert isinstance(alert, Alert)
    with engine.begin() as connection:
        keep_policy(connection, now)
        keep_alert(connection, keys, alert, now)
        one = dict(connection.execute(tables.alerts.select()).mappings().one())
    rates = []
    for part in range(ROUNDS):
        rows = [one | {"id": new_id(), "source_ref": f"raw-{part}-{number}"} for number in range(size)]
        began = time.perf_counter()
        for start in range(0, size, BATCH):
            with engine.begin() as connection:
                connection.execute(insert(tables.alerts), rows[start : start + BATCH])
        rates.append(size / (time.perf_counter() - began))
    engine.dispose()
    return rates


def _sent_per_s(url: str, letters: int, in_a_request: int, in_flight: int) -> float:
    return asyncio.run(_send(url, letters, in_a_request, in_flight))


async def _send(url: str, letters: int, in_a_request: int, in_flight: int) -> float:
    """The news goes to a port where nobody listens: telling it is no part of what is measured."""
    left = iter(range(letters // in_a_request))
    callback = "http://127.0.0.1:9/nobody"

    async def one_after_another(client: HttpxAiohttpClient) -> None:
        for number in left:
            told = [
                {"reference": f"r{number}x{place}", "to": f"+8613800{number % 1000000:06d}", "text": "made up"}
                for place in range(in_a_request)
            ]
            reply = await client.post(f"{url}/sms", json={"callback": callback, "letters": told})
            reply.raise_for_status()

    async with HttpxAiohttpClient(timeout=30) as client:
        began = time.perf_counter()
        await asyncio.gather(*(one_after_another(client) for _ in range(in_flight)))
        return letters / (time.perf_counter() - began)
