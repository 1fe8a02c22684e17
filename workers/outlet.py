"""The way to the exchanges `outcomes` and `alerts.dead`: messages go out in order, and are confirmed together."""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from itertools import takewhile
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
    """The broker did not answer for a message in time."""


@dataclass(frozen=True, slots=True)
class Unheard:
    """Whose upstreams did not hear all: keys for which nobody was bound, and by key the first message that somebody's
    queue refused (it is full). What came before that one was heard; what came after it may have been.
    """

    unbound: frozenset[str] = frozenset()
    refused: Mapping[str, Telling] = field(default_factory=dict)

    def of(self, tellings: Sequence[Telling]) -> list[Telling]:
        """Those of these that count as not told, in their order; `tellings` is what was published."""
        out, refusing = [], set[str]()
        for one in tellings:
            if self.refused.get(one.key) is one:
                refusing.add(one.key)
            if one.key in refusing or one.key in self.unbound:
                out.append(one)
        return out


class Outlet:
    """One connection of one thread; made when it is first needed, and anew after `close`."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._connection: Any = None
        self._wire: Any = None
        self._channel: Any = None
        self._open: dict[int, Telling] = {}
        self._refused: dict[str, tuple[int, Telling]] = {}
        self._bound: set[str] = set()
        self._back: set[str] = set()

    def publish(self, tellings: Sequence[Telling], *, until: float) -> Unheard:
        """Publish them in order of each key; returns once the broker has answered for every one, before `until`
        (monotonic).

        Returns who did not hear all of it. The first message of a key goes alone until somebody is known to be bound,
        so that no later one arrives in a queue that was not yet there for the first. The embedded queue cannot tell.

        Raises: NotConfirmed, or what befell the connection: any of them may have been published. Close then.
        """
        if not tellings:
            return Unheard()
        if self._channel is None:
            self._connect()
        self._open, self._refused, self._back = {}, {}, set()
        first = {} if self._wire is None else self._first_of_each(tellings)
        if first:
            self._send_all(list(first.values()), until)
            unheard = self._back | self._refused.keys()
            self._bound |= first.keys() - unheard
            tellings = [one for one in tellings if one.key not in unheard and first.get(one.key) is not one]
        self._send_all(tellings, until)
        self._bound -= self._back | self._refused.keys()
        refused = {key: telling for key, (_, telling) in self._refused.items()}
        return Unheard(frozenset(self._back), refused)

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
            if left_s <= 0:
                raise NotConfirmed
            self._connection.drain_events(timeout=left_s)

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
            self._open[self._next_tag] = telling
            self._next_tag += 1
        exchange = DEAD if telling.dead else OUTCOMES
        # an announcement is for whoever wishes; an outcome has somebody who waits for it, or comes back
        options = {} if telling.dead or self._wire is None else {"mandatory": True}
        self._channel.basic_publish(message, exchange=exchange.name, routing_key=telling.key, **options)

    def _on_return(self, _fault: Exception, _exchange: str, key: str, _message: Any) -> None:
        """Comes before the confirm of the same message."""
        self._back.add(key)

    def _on_ack(self, tag: int, multiple: bool) -> None:
        for one in self._meant(tag, multiple):
            del self._open[one]

    def _on_nack(self, tag: int, multiple: bool) -> None:
        """A queue that is bound refuses: it is full, or its broker has a fault. Others' hear all the same."""
        for one in self._meant(tag, multiple):
            telling = self._open.pop(one)
            self._refused[telling.key] = min(self._refused.get(telling.key, (one, telling)), (one, telling))

    def _meant(self, tag: int, multiple: bool) -> list[int]:
        """The open messages that an answer speaks of; they are in the order in which they went out."""
        if not multiple:
            return [tag] if tag in self._open else []
        return list(takewhile(lambda one: one <= tag, self._open))
