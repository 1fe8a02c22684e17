"""The intake consumer: a Celery worker's own, which takes raw JSON alerts from the queues in adaptive batches.

It has a thread and a connection of its own, so that a connection is only ever used by one thread, a batch is
acknowledged after its commit and never before, and a slow database holds back this consumer and nothing else.
One alert alone is taken at once; under load a batch grows to what is there.

While the database is away this consumer gives its messages back and leaves the queue, until the database answers.
"""

from __future__ import annotations

import threading
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

import structlog
from celery import bootsteps
from kombu import Connection, Consumer, Message
from sqlalchemy import text
from sqlalchemy.exc import SQLAlchemyError

from dispatcher.alert import Fault
from dispatcher.alert.unencrypted import is_persons_number
from dispatcher.bells import Bell
from dispatcher.intake import Incoming
from workers import meters, outcomes, tracing
from workers.app import broker_url, transport_options
from workers.engine import Engine, engine_of
from workers.inflating import LONGEST_MESSAGE, TooLong
from workers.names import ALERTS_URGENT, raw_queues_of
from workers.topology import declare, raw_queues

log = structlog.get_logger("intake")

LULL_S = 0.02
URGENT_LULL_S = 0.002
"""A batch is taken when the queue has been silent this long, or is full."""
WAIT_S = 0.5
PAUSE_S = 1.0
HEARTBEAT_S = 10
LONGEST_BATCH = 128
ENOUGH_BYTES = 16 << 20
"""A batch is full, too, when its bodies are together as long as this; the last one may go beyond."""
INFLATED = Fault("$", f"is compressed, and would be longer than {LONGEST_MESSAGE} bytes; kept as it came")
POISON = Fault("$", "brought intake to a fault of our own; show this dead letter to the developers")


AWAY = (SQLAlchemyError, OSError, MemoryError)
"""The machine's trouble, and no message's fault: a full disk, or no more files or memory to be had."""


class DatabaseAway(Exception):
    """The database cannot keep alerts now."""


class IntakeStep(bootsteps.StartStopStep):
    """Starts the consumer with its worker, after the pool was forked, and stops it before the worker ends."""

    requires = ("celery.worker.components:Pool",)

    def __init__(self, parent: Any, **options: Any) -> None:
        super().__init__(parent, **options)
        self.consumer: IntakeConsumer | None = None

    def start(self, parent: Any) -> None:
        """Begin to take alerts."""
        self.consumer = IntakeConsumer(engine_of(parent.app), raw_queues_of(parent.app.conf.quanzu_lane))
        self.consumer.start()

    def stop(self, parent: Any) -> None:
        """Finish the batch in hand; what is not acknowledged goes back to the queue."""
        if self.consumer is not None:
            self.consumer.stop()

    terminate = stop


class IntakeConsumer(threading.Thread):
    """See the module."""

    def __init__(self, engine: Engine, queues: Sequence[str]) -> None:
        super().__init__(name="intake", daemon=True)
        self._engine = engine
        self._queues = queues
        self._lull_s = URGENT_LULL_S if ALERTS_URGENT in queues else LULL_S
        self._size = engine.settings.intake_batch
        self._stopping = threading.Event()
        self._batch: list[Message] = []
        self._bytes = 0

    def stop(self, within_s: float = 10.0) -> None:
        """Ask it to end, and wait for the batch in hand."""
        self._stopping.set()
        self.join(within_s)

    def run(self) -> None:
        """Consume until stopped, over as many connections as it takes."""
        while not self._stopping.is_set():
            try:
                self._consume()
            except DatabaseAway as fault:
                meters.reconnected("database")
                log.warning("database_unavailable", fault=type(fault.__cause__).__name__)
                self._wait_for_database()
            except Exception as fault:  # whatever befell the connection: a new one goes on
                meters.reconnected("broker")
                log.warning("connection_lost", fault=type(fault).__name__)
                self._stopping.wait(PAUSE_S)

    def _consume(self) -> None:
        settings = self._engine.settings
        self._batch, self._bytes = [], 0
        options = transport_options(settings, durable=True)
        with Connection(
            broker_url(settings), transport_options=options, heartbeat=HEARTBEAT_S, connect_timeout=5
        ) as connection:
            declare(connection)
            channel: Any = connection.channel()
            channel.auto_decode = False  # an alert is UTF-8; a label that says otherwise would garble it
            with Consumer(
                channel,
                queues=raw_queues(self._queues, embedded=settings.embedded_broker),
                on_message=self._receive,
                on_decode_error=lambda message, _fault: self._receive(message),
                accept=None,
                prefetch_count=2 * self._size,
                auto_declare=False,
            ) as consumer:
                try:
                    while not self._stopping.is_set():
                        self._gather(connection)
                        if self._batch:
                            self._take()
                    # what comes until the farewell is answered goes back to its queue
                    consumer.on_message = consumer.on_decode_error = _let_go
                except Exception:
                    if not settings.embedded_broker:  # whoever does not answer would never answer a farewell
                        connection.collect()
                    raise

    def _receive(self, message: Message) -> None:
        self._batch.append(message)
        self._bytes += len(message.body or b"")

    def _gather(self, connection: Any) -> None:
        """Wait for a first message, then for all that are there, up to a full batch."""
        wait_s = WAIT_S
        try:
            while len(self._batch) < self._size and self._bytes < ENOUGH_BYTES:
                connection.drain_events(timeout=wait_s)
                wait_s = self._lull_s
        except TimeoutError:
            pass
        if connection.supports_heartbeats:
            connection.heartbeat_check()

    def _take(self) -> None:
        """Keep a batch, and only then acknowledge it. Raises: DatabaseAway: nothing is acknowledged."""
        batch, self._batch, self._bytes = self._batch, [], 0
        try:
            bells = self._accept(batch)
        except AWAY as fault:
            raise DatabaseAway from fault
        except Exception as fault:  # ours: one alert brings us down, and the others shall not go with it
            log.error("batch_broken", count=len(batch), fault=type(fault).__name__, exc_info=fault)
            bells = self._one_by_one(batch)
        _acknowledge(batch)
        self._engine.relay.ring(bells)
        outcomes.wake()

    def _accept(self, batch: Sequence[Message]) -> list[Bell]:
        incoming = [
            Incoming(raw=_bytes(message), batch=_batch_of(message), faults=_faults_of(message)) for message in batch
        ]
        begun = datetime.now(UTC)
        accepted = self._engine.intake.accept(incoming, door="queue", now=begun)
        meters.accepted("queue", accepted.results, begun)
        tracing.accepted("queue", accepted.results, [message.headers for message in batch], begun)
        return accepted.bells

    def _one_by_one(self, batch: Sequence[Message]) -> list[Bell]:
        """Each alone; the one at fault is kept as a dead letter, or set aside by the broker if even that fails."""
        bells: list[Bell] = []
        for message in batch:
            try:
                bells += self._accept([message])
            except AWAY as fault:
                raise DatabaseAway from fault
            except Exception as fault:
                self._set_apart(message, fault)
        return bells

    def _set_apart(self, message: Message, fault: Exception) -> None:
        log.error("poison_set_apart", fault=type(fault).__name__)
        letter = Incoming(raw=_bytes(message), batch=_batch_of(message), faults=(POISON,))
        try:
            self._engine.intake.accept([letter], door="queue", now=datetime.now(UTC))
        except AWAY as away:
            raise DatabaseAway from away
        except Exception as worse:
            log.error("poison_rejected", fault=type(worse).__name__)
            message.reject()

    def _wait_for_database(self) -> None:
        """Until it keeps something again; a look of its own, since messages shall stay with the broker meanwhile."""
        while not self._stopping.wait(PAUSE_S):
            try:
                with self._engine.store.write() as connection:
                    connection.execute(text("SELECT 1"))
                return
            except Exception as fault:  # whatever it is, this thread goes on looking
                log.debug("database_away", fault=type(fault).__name__)


def _acknowledge(batch: Sequence[Message]) -> None:
    """All of them at once, by the last that was not set aside: what was rejected can be acknowledged no more."""
    for message in reversed(batch):
        if not message.acknowledged:
            message.ack(multiple=True)
            return


def _bytes(message: Message) -> bytes:
    body = message.body
    return body if isinstance(body, bytes) else str(body).encode("utf-8", "surrogatepass")


def _faults_of(message: Message) -> tuple[Fault, ...]:
    """What only the door can know: that the body was not inflated, as it would be too long. Else the body tells."""
    return (INFLATED,) if any(isinstance(fault, TooLong) for _, fault, _ in message.errors or ()) else ()


def _let_go(*_: Any) -> None:
    """Neither keep a message nor acknowledge it."""


def _batch_of(message: Message) -> str | None:
    """The name of its batch, if it can be kept as it is: printable, not too long, and no person's number."""
    headers = message.headers or {}
    batch = headers.get("batch")
    if not isinstance(batch, str) or len(batch) > LONGEST_BATCH or not batch.isprintable():
        return None
    return None if is_persons_number(batch) else batch
