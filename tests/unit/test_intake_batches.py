"""A batch of intake is bounded by its bytes, and not only by its number."""

from __future__ import annotations

import zlib
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from kombu import Message

from config.settings import Settings
from dispatcher.intake import Accepted
from workers.app import make_celery
from workers.consumer import IntakeConsumer
from workers.names import raw_queues_of

MIB = 1 << 20


class Queue:
    """A connection on which messages of this size wait without end."""

    supports_heartbeats = False

    def __init__(self, consumer: IntakeConsumer, body: bytes, **headers: str) -> None:
        self.consumer = consumer
        self.body = body
        self.headers = headers
        self.given = 0

    def drain_events(self, timeout: float) -> None:
        """Give one."""
        self.given += 1
        self.consumer._receive(Message(self.body, headers=self.headers))


@pytest.fixture
def taken() -> list[Any]:
    """What the door was offered."""
    return []


@pytest.fixture
def consumer(tmp_path: Path, taken: list[Any]) -> IntakeConsumer:
    """The consumer of a lane, over a door that takes all."""

    def accept(batch: Any, **_: Any) -> Accepted:
        taken.extend(batch)
        return Accepted([], [])

    settings = Settings(home=tmp_path)
    make_celery(settings)
    engine: Any = SimpleNamespace(settings=settings, intake=SimpleNamespace(accept=accept))
    return IntakeConsumer(engine, raw_queues_of("urgent"))


def test_a_batch_of_long_messages_is_short(consumer: IntakeConsumer) -> None:
    """Hundreds of messages of 3 MiB wait: a worker holds six of them at once, and takes those first."""
    queue = Queue(consumer, bytes(3 * MIB))
    consumer._gather(queue)
    assert (queue.given, len(consumer._batch)) == (6, 6)


def test_a_batch_of_alerts_is_as_long_as_ever(consumer: IntakeConsumer) -> None:
    """Thousands of alerts wait: a batch holds as many as the settings say."""
    queue = Queue(consumer, bytes(1_000))
    consumer._gather(queue)
    assert queue.given == consumer._engine.settings.intake_batch


def test_the_next_batch_has_room_again(consumer: IntakeConsumer, monkeypatch: pytest.MonkeyPatch) -> None:
    """A batch of long messages was taken: the next one is as long again."""
    monkeypatch.setattr("workers.consumer._acknowledge", lambda _batch: None)
    monkeypatch.setattr("workers.consumer.outcomes.wake", lambda: None)
    consumer._engine.relay = SimpleNamespace(ring=lambda _bells: None)  # type: ignore[misc, assignment]
    queue = Queue(consumer, bytes(3 * MIB))
    for _ in range(2):
        consumer._gather(queue)
        consumer._take()
    assert queue.given == 12


def test_a_bomb_is_offered_as_it_came_and_says_why(consumer: IntakeConsumer, taken: list[Any]) -> None:
    """A compressed message would be 48 MiB long: the door is offered its compressed bytes, with the reason."""
    bomb = zlib.compress(bytes(48 * MIB))
    consumer._accept([Message(bomb, headers={"compression": "gzip"})])
    assert taken[0].raw == bomb
    assert "compressed" in taken[0].faults[0].message


def test_a_lie_about_compression_is_told_by_the_body(consumer: IntakeConsumer, taken: list[Any]) -> None:
    """A plain alert says that it is compressed: it is read as it is."""
    consumer._accept([Message(b"{}", headers={"compression": "gzip"})])
    assert (taken[0].raw, taken[0].faults) == (b"{}", ())
