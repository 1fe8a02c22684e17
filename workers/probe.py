"""Whether the broker takes messages: two to nobody, whose receipt it must confirm.

A broker in an alarm of memory or disk lets everybody connect and look, and takes nothing; one that went away on a quiet
night is missed by nobody. Both stop intake from the queues. So a web process asks every ten seconds, and the doctor
when he looks.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Any

import structlog
from kombu import Connection

from config.settings import Settings
from workers import meters
from workers.app import broker_url, transport_options

log = structlog.get_logger("probe")

EVERY_S = 10.0
WITHIN_S = 3.0
"""So long the broker may take to confirm; a broker at work takes milliseconds."""
NOBODY = "quanzu.probe"
"""No queue has this name: the broker confirms the message and drops it."""


class Line:
    """A connection for probes alone: it is blocked for as long as the broker's alarm lasts.

    Raises, to make and to use it: whatever the transport calls it: the broker is away, or takes nothing.
    """

    def __init__(self, settings: Settings) -> None:
        options = transport_options(settings, durable=True) | {"read_timeout": WITHIN_S, "write_timeout": WITHIN_S}
        self._connection = Connection(
            broker_url(settings), transport_options=options, connect_timeout=WITHIN_S, heartbeat=0
        )
        self._wire: Any = self._connection.connect()  # tried twice: a channel alone would try for ever
        self._channel: Any = self._connection.channel()

    def probe(self) -> None:
        """Have two messages confirmed: in an alarm RabbitMQ takes the first one of a line, and then listens no more."""
        for _ in range(2):
            message = self._channel.prepare_message("", content_type="text/plain", content_encoding="utf-8")
            bounds = {"timeout": WITHIN_S, "confirm_timeout": WITHIN_S}
            self._channel.basic_publish(message, exchange="", routing_key=NOBODY, **bounds)

    def close(self) -> None:
        """Close the socket without a farewell, which a broker in an alarm would not answer."""
        self._wire.collect()


class Probe(threading.Thread):
    """Asks until it is stopped. `answered` is called each time the broker has confirmed."""

    def __init__(self, settings: Settings, *, answered: Callable[[], None], every_s: float = EVERY_S) -> None:
        super().__init__(name="probe", daemon=True)
        self._settings = settings
        self._answered = answered
        self._every_s = every_s
        self._stopping = threading.Event()
        self._lost = False

    def stop(self) -> None:
        """Ask no more; nobody waits for the answer in hand."""
        self._stopping.set()

    def trouble(self) -> str | None:
        """What is amiss, as the last question showed; None: nothing."""
        return "broker: takes no messages; alerts by HTTP are kept, the queues stand still" if self._lost else None

    def run(self) -> None:
        """Ask again and again, on one line as long as it holds."""
        line: Line | None = None
        while not self._stopping.is_set():
            try:
                line = line or Line(self._settings)
                line.probe()
            except Exception as fault:  # away, blocked or hanging: asked again on a new line
                self._note(type(fault).__name__)
                if line is not None:
                    line.close()
                line = None
            else:
                self._note(None)
            self._stopping.wait(self._every_s)
        if line is not None:
            line.close()

    def _note(self, fault: str | None) -> None:
        lost = fault is not None
        if lost and not self._lost:
            log.warning("broker_takes_nothing", fault=fault)
        elif self._lost and not lost:
            log.info("broker_takes_messages_again")
        self._lost = lost
        meters.probed("lost" if lost else "taken")
        if not lost:
            self._answered()
