"""An upstream of our own: publishes the alerts of a file onto the queue, and sends again what stays unanswered.

To a publisher a broker's confirm means only that the broker holds the message. An alert is answered when it is
committed: as an alert, or as a dead letter.
"""

from __future__ import annotations

import json
import time
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from kombu import Connection, Producer
from sqlalchemy import select, tuple_

from config.settings import Settings
from dispatcher import tables
from dispatcher.alert.doubles import Doubled, unique
from dispatcher.store import Store
from workers import filequeue
from workers.app import broker_url, transport_options
from workers.names import ALERTS, alert_key
from workers.topology import declare

RESEND_AFTER_S = 60.0
PAGE = 400


@dataclass(slots=True)
class Sent:
    """One alert that was published and is not yet answered."""

    body: bytes = field(repr=False)
    source: str | None
    source_ref: str | None
    risk: str
    at: float = 0.0
    times: int = 0


@dataclass(slots=True)
class Answers:
    """How many were accepted and refused so far; `waiting` are unanswered."""

    accepted: int = 0
    refused: int = 0
    resent: int = 0
    waiting: list[Sent] = field(default_factory=list)

    @property
    def sent(self) -> int:
        """How many alerts there were."""
        return self.accepted + self.refused + len(self.waiting)


class Publisher:
    """Publishes raw alerts by any transport, and looks in the tables for their answers if it is given them."""

    def __init__(self, settings: Settings, store: Store | None = None) -> None:
        self._settings = settings
        self._store = store
        self.answers = Answers()

    def send(self, bodies: Iterable[bytes]) -> Iterator[int]:
        """Publish all, yielding how many are out after each."""
        with self._producer() as producer:
            for number, body in enumerate(bodies, 1):
                item = described(body)
                _publish(producer, item)
                self.answers.waiting.append(item)
                yield number

    def look(self) -> Answers:
        """Take out of `waiting` what has been answered."""
        waiting = self.answers.waiting
        self.answers.waiting = []
        for start in range(0, len(waiting), PAGE):
            page = waiting[start : start + PAGE]
            accepted, refused = self._answered(page)
            for item, is_accepted, is_refused in zip(page, accepted, refused, strict=True):
                self.answers.accepted += is_accepted and not is_refused
                self.answers.refused += is_refused
                if not (is_accepted or is_refused):
                    self.answers.waiting.append(item)
        return self.answers

    def resend(self, after_s: float = RESEND_AFTER_S) -> int:
        """Publish again what has stayed unanswered for `after_s`; repeats are harmless. Returns how many."""
        late = [item for item in self.answers.waiting if time.monotonic() - item.at >= after_s]
        if late:
            with self._producer() as producer:
                for item in late:
                    _publish(producer, item)
        self.answers.resent += len(late)
        return len(late)

    def _answered(self, page: Sequence[Sent]) -> tuple[list[bool], list[bool]]:
        alert, dead = tables.alerts, tables.dead_letters
        assert self._store is not None, "there are no tables to look in"
        pairs = [(item.source, item.source_ref) for item in page if item.source and item.source_ref]
        bodies = {id(item): self._store.keys.index("dead", item.body) for item in page}
        with self._store.read() as connection:
            by_ref = select(alert.c.source, alert.c.source_ref)
            found = connection.execute(by_ref.where(tuple_(alert.c.source, alert.c.source_ref).in_(pairs)))
            accepted = {tuple(row) for row in found}
            by_body = select(dead.c.body_index).where(dead.c.body_index.in_(list(bodies.values())))
            refused = set(connection.execute(by_body).scalars())
        return (
            [(item.source, item.source_ref) in accepted for item in page],
            [bodies[id(item)] in refused for item in page],
        )

    @contextmanager
    def _producer(self) -> Iterator[Producer]:
        filequeue.register()
        options = transport_options(self._settings, durable=True)
        with Connection(broker_url(self._settings), transport_options=options) as connection:
            declare(connection)
            channel = connection.channel()
            yield Producer(channel, exchange=ALERTS, serializer=None)


def _publish(producer: Producer, item: Sent) -> None:
    producer.publish(
        item.body,
        routing_key=alert_key(item.risk),
        content_type="application/json",
        content_encoding="utf-8",
        delivery_mode=2,
        mandatory=True,
    )
    item.at = time.monotonic()
    item.times += 1


def described(body: bytes) -> Sent:
    """What can be read of an alert that may be broken."""
    try:
        value = json.loads(body.decode("utf-8-sig"))
    except (ValueError, RecursionError):
        value = None
    told = value if isinstance(value, dict) else {}

    def text(name: str) -> str | None:
        found = told.get(name)
        # no database is asked for NUL or a lone surrogate
        return found.strip() if isinstance(found, str) and found.strip().isprintable() else None

    return Sent(body, text("source"), text("source_ref"), text("risk") or "L4")


def made_live(bodies: Iterable[bytes], began: datetime, *, per_s: float = 1000.0) -> Iterator[bytes]:
    """The same alerts as if they were pushed now: each one's times are moved so that it is pushed as it is sent.

    The distance between the event and the push stays. The same `began` gives the same bytes, so that a run that was
    broken off can be sent again. What cannot be read is sent as it is.
    """
    for number, body in enumerate(bodies):
        moved = _moved(body, began + timedelta(seconds=number / per_s))
        yield body if moved is None else moved


def _moved(body: bytes, pushed_at: datetime) -> bytes | None:
    try:
        value: dict[str, Any] = json.loads(body, object_pairs_hook=unique)  # one field twice must stay twice
        shift = pushed_at - datetime.fromisoformat(value["pushed_at"])
        if "occurred_at" in value:
            value["occurred_at"] = (datetime.fromisoformat(value["occurred_at"]) + shift).isoformat()
        value["pushed_at"] = pushed_at.isoformat()
    except (Doubled, ValueError, KeyError, TypeError, OverflowError, RecursionError):
        return None
    return json.dumps(value, ensure_ascii=False).encode("utf-8", "surrogatepass")
