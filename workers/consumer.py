"""The intake consumer: a Celery worker's own, which takes raw JSON alerts from the queues in adaptive batches.

It has a thread and a connection of its own, so that a connection is only ever used by one thread, a batch is
acknowledged after its commit and never before, and a slow database holds back this consumer and nothing else.
One alert alone is taken at once; under load a batch grows to what is there.
"""

from __future__ import annotations

import threading
from datetime import UTC, datetime
from typing import Any

import structlog
from celery import bootsteps
from kombu import Connection, Consumer, Message
from sqlalchemy.exc import SQLAlchemyError

from dispatcher.intake import Incoming
from workers.app import broker_url, transport_options
from workers.engine import Engine, engine_of
from workers.names import alert_queues

log = structlog.get_logger("intake")

LULL_S = 0.02
"""A batch is taken when the queue has been silent this long, or is full."""
PAUSE_S = 1.0


class IntakeStep(bootsteps.StartStopStep):
    """Starts the consumer with its worker and stops it before the worker ends."""

    def __init__(self, parent: Any, **options: Any) -> None:
        super().__init__(parent, **options)
        self.consumer: IntakeConsumer | None = None

    def start(self, parent: Any) -> None:
        """Begin to take alerts."""
        self.consumer = IntakeConsumer(engine_of(parent.app))
        self.consumer.start()

    def stop(self, parent: Any) -> None:
        """Finish the batch in hand; what is not acknowledged goes back to the queue."""
        if self.consumer is not None:
            self.consumer.stop()

    terminate = stop


class IntakeConsumer(threading.Thread):
    """See the module."""

    def __init__(self, engine: Engine) -> None:
        super().__init__(name="intake", daemon=True)
        self._engine = engine
        self._size = engine.settings.intake_batch
        self._stopping = threading.Event()
        self._batch: list[Message] = []

    def stop(self, within_s: float = 10.0) -> None:
        """Ask it to end, and wait for the batch in hand."""
        self._stopping.set()
        self.join(within_s)

    def run(self) -> None:
        """Consume until stopped, over as many connections as it takes."""
        while not self._stopping.is_set():
            try:
                self._consume()
            except Exception as fault:  # whatever befell the connection: a new one goes on
                log.warning("connection_lost", fault=type(fault).__name__)
                self._stopping.wait(PAUSE_S)

    def _consume(self) -> None:
        settings = self._engine.settings
        self._batch = []
        options = transport_options(settings, durable=True)
        with Connection(broker_url(settings), transport_options=options, heartbeat=10) as connection:
            channel = connection.channel()
            with Consumer(
                channel,
                queues=alert_queues(),
                on_message=self._on_message,
                accept=None,
                prefetch_count=2 * self._size,
            ):
                while not self._stopping.is_set():
                    self._gather(connection)
                    if self._batch:
                        self._take(connection)

    def _on_message(self, message: Message) -> None:
        self._batch.append(message)

    def _gather(self, connection: Any) -> None:
        """Wait for a first message, then for all that are there."""
        wait_s = 0.5
        while len(self._batch) < self._size:
            try:
                connection.drain_events(timeout=wait_s)
            except TimeoutError:
                return
            finally:
                if connection.supports_heartbeats:
                    connection.heartbeat_check()
            wait_s = LULL_S

    def _take(self, connection: Any) -> None:
        batch, self._batch = self._batch[: self._size], self._batch[self._size :]
        incoming = [Incoming(raw=_bytes(message), batch=_batch_of(message)) for message in batch]
        while True:
            try:
                accepted = self._engine.intake.accept(incoming, door="queue", now=datetime.now(UTC))
                break
            except SQLAlchemyError as fault:  # nothing was kept, nothing is acknowledged: wait and try again
                log.warning("database_unavailable", waiting=len(batch), fault=type(fault).__name__)
                if self._stopping.wait(PAUSE_S):
                    return
        batch[-1].ack(multiple=True)
        self._engine.relay.ring(accepted.bells)


def _bytes(message: Message) -> bytes:
    body = message.body
    return body if isinstance(body, bytes) else str(body).encode("utf-8", "surrogatepass")


def _batch_of(message: Message) -> str | None:
    headers = message.headers or {}
    batch = headers.get("batch")
    return batch if isinstance(batch, str) else None
