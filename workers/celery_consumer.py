"""Celery's own consumer, with what a deployment that runs by itself at night needs changed.

- the topology is declared on every connection, so that a wiped broker is whole again when the first worker is back;
- a broker that was away is tried every few seconds, not every half minute;
- a message that is no task of ours, or none at all, is set aside by the broker: it is not deleted, and ends no worker;
- no queues for delayed delivery: time lives in rows.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from typing import Any, ClassVar

import structlog
from celery.worker.consumer import Consumer
from celery.worker.state import maybe_shutdown
from kombu import Connection, Message

from workers.topology import declare

log = structlog.get_logger("broker")

FIRST_PAUSE_S, LONGEST_PAUSE_S = 1, 3
DELAYED = "celery.worker.consumer.delayed_delivery:DelayedDelivery"


Untyped: Any = Consumer
"""celery-types knows few of its attributes."""


class WorkerConsumer(Untyped):  # type: ignore[misc]  # see Untyped
    """See the module. Named to Celery by the setting `worker_consumer`."""

    class Blueprint(Untyped.Blueprint):  # type: ignore[misc]  # see Untyped
        """The usual steps without delayed delivery, which would declare 28 queues that nobody uses."""

        default_steps: ClassVar[list[str]] = [step for step in Untyped.Blueprint.default_steps if step != DELAYED]

    def connect(self) -> Connection:
        """A connection on which everything is declared, once the broker is there."""
        connection: Connection = self.connection_for_read(heartbeat=self.amqheartbeat)
        declare(connection)
        channel: Any = connection.default_channel  # the one that tasks come on
        channel.auto_decode = False  # JSON is UTF-8; to follow a label that says otherwise may take hours (punycode)
        if self.hub:
            connection.transport.register_with_event_loop(connection.connection, self.hub)
        return connection

    def ensure_connected(self, conn: Connection) -> Connection:
        """Try until the broker is there or the worker is told to stop."""

        def tell(fault: Exception, pause_s: float) -> None:
            log.warning("broker_unavailable", fault=type(fault).__name__, again_in_s=pause_s)

        found = conn.ensure_connection(
            tell,
            interval_start=FIRST_PAUSE_S,
            interval_step=FIRST_PAUSE_S,
            interval_max=LONGEST_PAUSE_S,
            callback=maybe_shutdown,
        )
        self.first_connection_attempt = False
        self.broker_connection_retry_attempt = 0
        return found

    def create_task_handler(self, *args: Any, **options: Any) -> Callable[[Message], None]:
        """Celery's, which takes each message; what it raises for a message's sake is no reason to end."""
        handle = super().create_task_handler(*args, **options)
        ours = (*self.connection_errors, *self.channel_errors, MemoryError)

        def on_task_received(message: Message) -> None:
            try:
                handle(message)
            except ours:  # the connection's trouble, or the machine's, and not this message's
                raise
            except Exception as fault:
                log.error("malformed_task", queue=_queue_of(message), fault=type(fault).__name__)
                if not message.acknowledged:
                    self._set_aside(message)

        return on_task_received

    def _set_aside(self, message: Message) -> None:
        message.reject_log_error(logging.getLogger(__name__), self.conninfo.connection_errors)

    def on_decode_error(self, message: Message, exc: Exception) -> None:
        """What cannot be read goes back to the broker, which sets it aside or drops it by its queue's arguments."""
        log.error("unreadable_task", queue=_queue_of(message), fault=type(exc).__name__)
        self._set_aside(message)

    def on_unknown_message(self, body: Any, message: Message) -> None:
        """The same for what is no task at all; Celery would log its body."""
        log.error("no_task", queue=_queue_of(message))
        self._set_aside(message)

    def on_unknown_task(self, body: Any, message: Message, exc: Exception) -> None:
        """The same for a task that is not ours."""
        log.error("unknown_task", queue=_queue_of(message))
        self._set_aside(message)

    def on_invalid_task(self, body: Any, message: Message, exc: Exception) -> None:
        """The same for a task whose arguments are not ours."""
        log.error("invalid_task", queue=_queue_of(message), fault=type(exc).__name__)
        self._set_aside(message)


def _queue_of(message: Message) -> str:
    return str((message.delivery_info or {}).get("routing_key"))
