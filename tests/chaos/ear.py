"""An upstream's ear: a queue of its own on the exchange `outcomes`, and whoever wants to know what was accepted."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable

from kombu import Connection, Consumer, Exchange, Message, Queue

PAUSE_S = 0.3
HEARTBEAT_S = 10
ACCEPTED = ("accepted", "repeated")
OUTCOMES = Exchange("outcomes", type="topic", durable=True)

Heard = Callable[[str, str], None]
"""Told (source, source_ref) of each alert that the engine says it has."""


class Ear(threading.Thread):
    """Listens until stopped, over as many connections as it takes; a message counts once it was taken in."""

    def __init__(self, broker: str, heard: Heard) -> None:
        super().__init__(name="ear", daemon=True)
        self._broker, self._heard = broker, heard
        self._stopping = threading.Event()
        self.messages = 0

    def stop(self) -> None:
        """Listen no more."""
        self._stopping.set()
        self.join(10)

    def run(self) -> None:
        """Listen. The broker may go away at any moment, and come back empty."""
        while not self._stopping.is_set():
            try:
                self._listen()
            except Exception:
                self._stopping.wait(PAUSE_S)

    def _listen(self) -> None:
        queue = Queue("upstream.chaos", OUTCOMES, routing_key="outcome.#", durable=True)
        with (
            Connection(self._broker, connect_timeout=2, heartbeat=HEARTBEAT_S) as line,
            Consumer(line.channel(), queues=[queue], on_message=self._take, prefetch_count=500),
        ):
            while not self._stopping.is_set():
                try:
                    line.drain_events(timeout=0.5)
                except TimeoutError:
                    line.heartbeat_check()

    def _take(self, message: Message) -> None:
        told = json.loads(message.body or b"")
        self.messages += 1
        if told["what"] in ACCEPTED:
            self._heard(told["source"], told["source_ref"])
        message.ack()
