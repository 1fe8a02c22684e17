"""The relay knows which queues are deep, as far as it has just seen."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from typing import Any

import pytest
from celery import Celery

from dispatcher.bells import Bell
from dispatcher.ids import new_id
from dispatcher.words import Channel
from workers import relay as room
from workers.relay import Relay


def texts(many: int) -> list[Bell]:
    """Bells of L3 and L4."""
    return [Bell(Channel.SMS, "routine", new_id()) for _ in range(many)]


def until(true: Callable[[], object]) -> None:
    """Wait for it. Raises: AssertionError."""
    for _ in range(400):
        if true():
            return
        time.sleep(0.01)
    raise AssertionError("it never came")


def test_a_queue_is_crowded_while_much_waits_in_it(monkeypatch: pytest.MonkeyPatch) -> None:
    """A burst of texts fills their queue: it is crowded, the calls' is not; once it was seen empty no more."""
    monkeypatch.setattr(room, "LOOKS_S", 0.0)
    app = Celery(broker="memory://", set_as_current=False)
    relay = Relay(app, chunk=2).start()
    try:
        relay.ring(texts(2 * (room.DEEP + 1)))
        until(relay.crowded)
        assert relay.crowded() == {("sms", "routine")}
        with app.connection_for_write() as connection:
            channel: Any = connection.default_channel
            channel.queue_purge("dispatch.sms.routine")
        relay.ring(texts(2))
        until(lambda: not relay.crowded())
        assert relay.dropped == 0
    finally:
        relay.stop()


def test_what_was_seen_is_not_trusted_for_long(monkeypatch: pytest.MonkeyPatch) -> None:
    """The queue was deep some seconds ago; whoever wiped the broker since told nobody: it counts as empty."""
    relay = Relay(Celery(broker="memory://", set_as_current=False), chunk=2)
    relay._deep["sms", "routine"] = time.monotonic()
    assert relay.crowded()
    monkeypatch.setattr(room, "SEEN_S", 0.0)
    assert not relay.crowded()


def test_a_broker_that_hangs_when_it_is_looked_at_is_told_of(monkeypatch: pytest.MonkeyPatch) -> None:
    """The broker takes a burst of texts and then answers no more: whoever asks whether we are ready hears of it."""
    monkeypatch.setattr(room, "BLOCKED_S", 0.0)
    asked, over = threading.Event(), threading.Event()

    class Hanging(Celery):
        def connection_for_write(self, *_: Any, **__: Any) -> Any:
            asked.set()
            over.wait(10)
            raise ConnectionError

        def send_task(self, *_: Any, **__: Any) -> Any:
            return None

    relay = Relay(Hanging(set_as_current=False), chunk=2).start()
    try:
        relay.ring(texts(2))
        assert asked.wait(10)
        until(relay.trouble)
    finally:
        over.set()
        relay.stop()
    assert relay.trouble() is None
