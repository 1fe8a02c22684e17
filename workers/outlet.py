"""The way to the exchanges `outcomes` and `alerts.dead`: messages go out in order, and are confirmed together."""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import structlog
from kombu import Connection

from config.settings import Settings
from dispatcher.upstreams.messages import SCHEMA, Telling
from workers.app import broker_url, transport_options
from workers.names import DEAD, OUTCOMES
from workers.topology import declared

log = structlog.get_logger("outcomes")

WITHIN_S = 6.0
"""A page is published and confirmed within this, or not counted."""
CHUNK = 100


class NotConfirmed(Exception):
    """The broker refused a message, or did not confirm it in time."""


class Outlet:
    """One connection of one thread; made when it is first needed, and anew after `close`."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._connection: Any = None
        self._wire: Any = None
        self._channel: Any = None
        self._open: set[int] = set()
        self._refused = False
        self._bound: set[str] = set()
        self._back: set[str] = set()

    def publish(self, tellings: Sequence[Telling], *, until: float) -> frozenset[str]:
        """Publish them in order of each key; returns once the broker has confirmed every one, before `until`
        (monotonic).

        Returns the keys for which nobody was bound: what they were to be told counts as not told, though the end of
        it may have arrived. The first message of a key goes alone until somebody is known to be bound, so that no
        later one arrives in a queue that was not yet there for the first. The embedded queue cannot tell.

        Raises: NotConfirmed, or what befell the connection: any of them may have been published. Close then.
        """
        if not tellings:
            return frozenset()
        if self._channel is None:
            self._connect()
        self._open, self._refused, self._back = set(), False, set()
        first = {} if self._wire is None else self._first_of_each(tellings)
        if first:
            self._send_all(list(first.values()), until)
            self._bound |= first.keys() - self._back
            tellings = [one for one in tellings if one.key not in self._back and first.get(one.key) is not one]
        self._send_all(tellings, until)
        self._bound -= self._back
        return frozenset(self._back)

    def _first_of_each(self, tellings: Sequence[Telling]) -> dict[str, Telling]:
        """By key: the first message of each for which nobody is known to be bound."""
        return {one.key: one for one in reversed(tellings) if not one.dead and one.key not in self._bound}

    def _send_all(self, tellings: Sequence[Telling], until: float) -> None:
        """Publish all, and wait until every one is confirmed."""
        for start in range(0, len(tellings), CHUNK):
            if time.monotonic() > until:
                raise NotConfirmed
            with self._at_once():
                for telling in tellings[start : start + CHUNK]:
                    self._send(telling)
        while self._open:
            left_s = until - time.monotonic()
            if left_s <= 0 or self._refused:
                raise NotConfirmed
            self._connection.drain_events(timeout=left_s)
        if self._refused:
            raise NotConfirmed

    def close(self) -> None:
        """Let the connection go; the next publish makes a new one. Never raises, never waits.

        On AMQP only the socket is closed: a broker in an alarm would not answer a farewell.
        """
        connection, wire = self._connection, self._wire
        self._connection = self._channel = self._wire = None
        try:
            if wire is not None:
                wire.collect()
            elif connection is not None:
                connection.release()
        except Exception as fault:  # it was lost anyway
            log.debug("close_failed", fault=type(fault).__name__)

    def _connect(self) -> None:
        settings = self._settings
        options = transport_options(settings, durable=True)
        if not settings.embedded_broker:
            # confirms are counted here, many in flight; kombu would wait for each
            options |= {"confirm_publish": False, "write_timeout": WITHIN_S / 2}
        self._connection = Connection(broker_url(settings), transport_options=options, connect_timeout=2)
        self._channel = self._connection.channel()
        for exchange in (OUTCOMES, DEAD):
            self._channel = declared(self._connection, self._channel, exchange)
        if not settings.embedded_broker:
            self._wire, self._next_tag = self._connection.connection, 1
            # py-amqp would look for news before every single message; here every wait has its limit anyway
            self._wire.client_properties.get("capabilities", {})["connection.blocked"] = False
            self._channel.events["basic_ack"].add(self._on_ack)
            self._channel.events["basic_nack"].add(self._on_nack)
            self._channel.events["basic_return"].add(self._on_return)
            self._channel.confirm_select()
            self._bound = set()

    @contextmanager
    def _at_once(self) -> Iterator[None]:
        """What is written to the socket meanwhile goes out together at the end: py-amqp writes frame by frame, and
        each write costs as much as the making of a message.
        """
        if self._wire is None:
            yield
            return
        transport, frames = self._wire.transport, bytearray()
        write = transport._write
        transport._write = frames.extend
        try:
            yield
        finally:
            transport._write = write
        transport.write(frames)

    def _send(self, telling: Telling) -> None:
        properties = {"delivery_mode": 2, "type": SCHEMA}
        message = self._channel.prepare_message(
            telling.body, content_type="application/json", content_encoding="utf-8", properties=properties
        )
        if not self._settings.embedded_broker:
            self._open.add(self._next_tag)
            self._next_tag += 1
        exchange = DEAD if telling.dead else OUTCOMES
        # an announcement is for whoever wishes; an outcome has somebody who waits for it, or comes back
        options = {} if telling.dead or self._wire is None else {"mandatory": True}
        self._channel.basic_publish(message, exchange=exchange.name, routing_key=telling.key, **options)

    def _on_return(self, _fault: Exception, _exchange: str, key: str, _message: Any) -> None:
        """Comes before the confirm of the same message."""
        self._back.add(key)

    def _on_ack(self, tag: int, multiple: bool) -> None:
        if multiple:
            self._open = {one for one in self._open if one > tag}
        else:
            self._open.discard(tag)

    def _on_nack(self, tag: int, multiple: bool) -> None:
        self._refused = True
        self._on_ack(tag, multiple)
