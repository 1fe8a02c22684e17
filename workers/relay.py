"""Bells go out through a thread of their own: a publish may block for ever, a commit or a request may not.

What cannot be published is dropped: the row is the truth, and the clock rings again.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Sequence
from itertools import groupby
from queue import Empty, Full, Queue
from typing import Any
from uuid import UUID

import structlog
from celery import Celery

from dispatcher.bells import Bell
from dispatcher.words import Channel
from workers import meters
from workers.names import RUNG_AT, dispatch_queue, task_name

log = structlog.get_logger("relay")

FIRST = (Channel.SMS, Channel.CALL, Channel.VISIT)
"""A text is out at once; calls and visits go onto people's lists, or ring for a while."""
ROOM = 1_000
"""Batches of bells that may wait while a publish blocks; more are dropped."""

DEEP = 20
"""Messages that wait in a queue: no bell more brings forward what waits there too."""
SEEN_S = 5.0
"""How long a look at a queue is trusted: a broker that was wiped meanwhile holds nothing of what was seen."""
LOOKS_S = 1.0
"""From one look at a queue to the next."""
BLOCKED_S = 3.0
"""A publish that takes longer is told as blocked."""


class Relay:
    """Rings by publishing tasks that carry ids; `ring` returns at once and never raises."""

    def __init__(self, app: Celery, *, chunk: int) -> None:
        self._app = app
        self._chunk = chunk
        self._waiting: Queue[Sequence[Bell]] = Queue(ROOM)
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._run, name="relay", daemon=True)
        self.dropped = 0
        self._lost_since: float | None = None
        self._sending_since: float | None = None
        self._looked: dict[tuple[str, str], float] = {}
        self._deep: dict[tuple[str, str], float] = {}

    def start(self) -> Relay:
        """Begin to ring."""
        self._thread.start()
        return self

    def stop(self, within_s: float = 2.0) -> None:
        """Ring what waits, for at most `within_s`, and end."""
        self._stopping.set()
        self._thread.join(within_s)

    def trouble(self) -> str | None:
        """What is amiss with the broker, as far as the last publish has shown; None: nothing."""
        lost, sending = self._lost_since, self._sending_since
        if sending is not None and time.monotonic() - sending > BLOCKED_S:
            return "broker: takes no messages (blocked, or hanging); the clock rings again"
        return None if lost is None else "broker: the last message could not be published; the clock rings again"

    def broker_answers(self) -> None:
        """The broker took another message meanwhile: what was lost before says nothing of it any more."""
        self._lost_since = None

    def crowded(self) -> frozenset[tuple[str, str]]:
        """Channels and lanes whose queues are so deep that a bell more brings nothing, as far as was seen lately."""
        since = time.monotonic() - SEEN_S
        return frozenset(way for way, at in self._deep.copy().items() if at > since)

    def ring(self, bells: Sequence[Bell]) -> None:
        """Take bells; drop them when the relay is blocked and full."""
        if not bells:
            return
        try:
            self._waiting.put_nowait(bells)
        except Full:
            self.dropped += len(bells)
            meters.dropped(bells)

    def _run(self) -> None:
        while not (self._stopping.is_set() and self._waiting.empty()):
            try:
                bells = list(self._waiting.get(timeout=0.5))
            except Empty:
                continue
            while len(bells) < 20 * self._chunk:
                try:
                    bells.extend(self._waiting.get_nowait())
                except Empty:
                    break
            self._publish(bells)

    def _publish(self, bells: list[Bell]) -> None:
        bells.sort(key=lambda bell: (bell.lane != "urgent", bell.lane, FIRST.index(bell.channel)))
        for (lane, channel), group in groupby(bells, key=lambda bell: (bell.lane, bell.channel)):
            ids = [bell.dispatch_id for bell in group]
            for start in range(0, len(ids), self._chunk):
                self._send(channel, lane, ids[start : start + self._chunk])
            if len(ids) >= self._chunk:
                self._look(channel, lane)

    def _look(self, channel: str, lane: str) -> None:
        """How deep a queue is into which much was published. Never raises: what was not seen is not deep."""
        way, now = (channel, lane), time.monotonic()
        if now - self._looked.get(way, -LOOKS_S) < LOOKS_S:
            return
        self._looked[way] = self._sending_since = now  # a broker that hangs here is told of like any other
        self._deep.pop(way, None)
        try:
            # on a line of its own that waits for no answer for ever: no bell is held up by a broker that gives none
            patient = {"read_timeout": LOOKS_S}
            with self._app.connection_for_write(transport_options=patient) as connection:
                line: Any = connection.channel()  # the stubs do not know what it can do
                if line.queue_declare(dispatch_queue(channel, lane), passive=True).message_count > DEEP:
                    self._deep[way] = now
        except Exception as fault:  # as with a bell that is lost: the clock rings again
            log.debug("queue_not_seen", channel=channel, lane=lane, fault=type(fault).__name__)
        finally:
            self._sending_since = None

    def _send(self, channel: str, lane: str, ids: list[UUID]) -> None:
        self._sending_since = time.monotonic()
        try:
            self._app.send_task(
                task_name(channel),
                args=[[str(dispatch_id) for dispatch_id in ids]],
                queue=dispatch_queue(channel, lane),
                retry=False,
                headers={RUNG_AT: time.time()},
            )
            meters.rang(lane, "sent", len(ids))
            self._lost_since = None
        except Exception as fault:  # whatever the broker does: the clock rings again
            self.dropped += len(ids)
            self._lost_since = self._lost_since or time.monotonic()
            meters.rang(lane, "lost", len(ids))
            log.warning("bell_lost", channel=channel, lane=lane, count=len(ids), fault=type(fault).__name__)
        finally:
            self._sending_since = None
