"""An engine of a test's own whose outcomes are told, and the upstreams that listen."""

from __future__ import annotations

import json
from collections.abc import Iterable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from uuid import UUID

from kombu import Connection, Exchange, Queue

from config.settings import Settings
from dispatcher import tables
from dispatcher.casebook import OPEN, CaseBook
from dispatcher.intake import Incoming
from dispatcher.words import CloseCode
from workers.app import make_celery
from workers.engine import Engine

Told = dict[str, Any]


def make_engine(home: Path, *, database: str = "", broker: str = "") -> Engine:
    """A worker's engine on this database and broker; all tables are there, nothing runs."""
    home.mkdir(mode=0o700, exist_ok=True)
    settings = Settings(home=home, database_url=database, broker_url=broker)
    engine = Engine(settings, make_celery(settings))
    tables.metadata.create_all(engine.store.engine)
    return engine


def pushes(engine: Engine, *references: str, source: str = "bank", phone: int = 13800008000) -> list[UUID]:
    """This upstream sends an alert for each reference, each about somebody else. Returns the cases."""
    alerts = [
        {
            "source": source,
            "source_ref": reference,
            "risk": "L3",
            "fraud_type": "fake_loan",
            "region": "140105",
            "victim": {"phone": str(phone + number)},
        }
        for number, reference in enumerate(references)
    ]
    batch = [Incoming(value=alert) for alert in alerts]
    results = engine.intake.accept(batch, door="test", now=datetime.now(UTC)).results
    return [result.case_id for result in results if result.case_id is not None]


def changes(engine: Engine, cases: Iterable[UUID], times: int = 1) -> None:
    """Each case is closed if it is open, and opened if it is closed, so often; a transaction each time."""
    for _ in range(times):
        with engine.store.write() as connection:
            book = CaseBook(connection, now=datetime.now(UTC), actor="test")
            book.load_whole(cases)
            for case in book.cases.values():
                if case["state"] == OPEN:
                    book.close(case, CloseCode.FALSE_ALARM, why="test")
                else:
                    book.reopen(case)
            book.flush()


class Upstream:
    """Somebody who subscribed on the broker with nothing of ours but the exchange's name."""

    def __init__(
        self,
        broker: str,
        key: str,
        exchange_name: str = "outcomes",
        *,
        durable: bool = True,
        arguments: dict[str, Any] | None = None,
        **options: Any,
    ) -> None:
        self.connection = Connection(broker, transport_options=options)
        channel = self.connection.channel()
        exchange = Exchange(exchange_name, type="topic", durable=durable)
        named = {"routing_key": key, "durable": True, "queue_arguments": arguments}
        self.queue = Queue(f"heard-{key}", exchange, **named)(channel)
        self.queue.declare()
        self.heard: list[Told] = []

    def listen(self) -> list[Told]:
        """Everything that has come so far, in the order in which it came."""
        while (message := self.queue.get(no_ack=True)) is not None:
            assert message.content_type == "application/json"
            self.heard.append(json.loads(message.body))
        return self.heard

    def close(self) -> None:
        """Hang up."""
        self.connection.release()


def without_repeats(messages: Iterable[Told]) -> list[Told]:
    """What an upstream keeps: of each of its alerts, only what is newer than the newest that it knows."""
    newest: dict[str, int] = {}
    kept = []
    for message in messages:
        if message["number"] > newest.get(message["alert"], -1):
            newest[message["alert"]] = message["number"]
            kept.append(message)
    return kept


def stories(messages: Iterable[Told]) -> dict[str, list[str]]:
    """By reference: what was told of it, in order."""
    told: dict[str, list[str]] = {}
    for message in messages:
        told.setdefault(message["source_ref"], []).append(message["what"])
    return told


def left(engine: Engine) -> int:
    """How many rows are still to be told."""
    with engine.store.read() as connection:
        return int(connection.exec_driver_sql("SELECT count(*) FROM outcomes").scalar_one())
