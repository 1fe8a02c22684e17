"""An upstream: sends alerts at a steady rate, and sends again what is not accepted within its time.

It knows of the engine what the documentation tells a stranger: two exchanges, routing keys, a URL. Whether an alert
was accepted it learns from HTTP's answers and from `outcomes` alone, as any upstream.
"""

from __future__ import annotations

import json
import threading
import time
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass, field
from random import Random

import httpx
from kombu import Connection, Producer

from .ear import Ear
from .wishes import Wishes

LOOK_S = 1.0
HTTP_BATCH = 40
HTTP_WITHIN_S = 10.0
PAUSE_S = 0.3
AGAIN_AFTER_S = (1.0, 8.0)

Key = tuple[str, str]
"""(source, source_ref)."""


@dataclass(slots=True)
class Sent:
    """One alert: how it travels, when it was last sent, whether somebody said that it is accepted."""

    key: Key
    body: bytes = field(repr=False)
    risk: str
    by_http: bool
    at: float = 0.0
    times: int = 0
    accepted: bool = False


class Driver:
    """See the module. `start`, then `done` becomes true once everything was sent."""

    def __init__(self, wishes: Wishes, bodies: Sequence[bytes], *, broker: str, web: str, key: str) -> None:
        self._wishes = wishes
        chance = Random(f"{wishes.seed}:driver")
        self.alerts = [_read(body, chance.random() < wishes.http_share) for body in bodies]
        self.by_key = {item.key: item for item in self.alerts}
        self._again = {item.key: chance.uniform(*AGAIN_AFTER_S) for item in self.alerts if _chosen(chance, wishes)}
        self._broker, self._web, self._headers = broker, web, {"Authorization": f"Bearer {key}"}
        self._ear = Ear(broker, self.hear)
        self._out: deque[Sent] = deque()
        self._post: deque[Sent] = deque()
        self._stopping = threading.Event()
        self._threads: list[threading.Thread] = []
        self._fed = threading.Event()
        self.resent = 0
        self.repeated = 0
        self.unheard = 0
        """Publishes that failed and requests that were not answered: what the upstream has to bear."""

    def start(self) -> None:
        """Begin to send, and to listen for answers."""
        self._ear.start()
        works = (self._feed, self._publish, self._push, self._watch)
        self._threads = [threading.Thread(target=work, daemon=True) for work in works]
        for thread in self._threads:
            thread.start()

    def stop(self) -> None:
        """Send no more."""
        self._stopping.set()
        for thread in self._threads:
            thread.join(HTTP_WITHIN_S + 5)
        self._ear.stop()

    @property
    def sent(self) -> int:
        """How many alerts were sent at least once."""
        return sum(item.times > 0 for item in self.alerts)

    @property
    def waiting(self) -> int:
        """How many are not known to be accepted."""
        return sum(not item.accepted for item in self.alerts)

    @property
    def done(self) -> bool:
        """Everything was sent, and accepted as far as we know."""
        return self._fed.is_set() and self.waiting == 0

    def _feed(self) -> None:
        """Each alert at its time; some a second time, though nothing was wrong."""
        began = time.monotonic()
        repeats: list[tuple[float, Sent]] = []
        for number, item in enumerate(self.alerts):
            due = began + number / self._wishes.per_s
            if self._stopping.wait(max(0.0, due - time.monotonic())):
                return
            self._send(item)
            if item.key in self._again:
                repeats.append((due + self._again[item.key], item))
            for at, again in [one for one in repeats if one[0] <= due]:
                repeats.remove((at, again))
                self._send(again)
                self.repeated += 1
        for _, again in repeats:
            self._send(again)
            self.repeated += 1
        self._fed.set()

    def _send(self, item: Sent) -> None:
        item.at = time.monotonic()
        item.times += 1
        (self._post if item.by_http else self._out).append(item)

    def _publish(self) -> None:
        """The queue's side, with publisher confirms, over as many connections as it takes."""
        while not self._stopping.is_set():
            try:
                options = {"confirm_publish": True}
                with Connection(self._broker, connect_timeout=2, transport_options=options, heartbeat=10) as line:
                    self._publish_over(line)
            except Exception:  # whatever befell the connection: what was not confirmed is sent again in its time
                self.unheard += 1
                self._stopping.wait(PAUSE_S)

    def _publish_over(self, line: Connection) -> None:
        producer = Producer(line.channel(), serializer=None)
        while not self._stopping.is_set():
            if not self._out:
                line.heartbeat_check()
                time.sleep(0.01)
                continue
            item = self._out.popleft()
            producer.publish(
                item.body,
                exchange="alerts",
                routing_key=f"alert.{item.risk.lower()}",
                content_type="application/json",
                content_encoding="utf-8",
                delivery_mode=2,
                mandatory=True,
                timeout=5,
                confirm_timeout=5,
            )

    def _push(self) -> None:
        """HTTP's side."""
        with httpx.Client(timeout=HTTP_WITHIN_S, headers=self._headers) as client:
            while not self._stopping.is_set():
                batch = [self._post.popleft() for _ in range(min(len(self._post), HTTP_BATCH))]
                if not batch:
                    time.sleep(0.02)
                    continue
                try:
                    self._hear(client.post(f"{self._web}/v1/alerts", content=_joined(batch)))
                except httpx.HTTPError:
                    self.unheard += 1
                    self._stopping.wait(PAUSE_S)

    def _hear(self, reply: httpx.Response) -> None:
        if reply.status_code != httpx.codes.ACCEPTED:
            self.unheard += 1
            return
        for result in reply.json()["results"]:
            if result["status"] in ("accepted", "repeated"):
                self.hear(result["source"], result["source_ref"])

    def hear(self, source: str, source_ref: str) -> None:
        """An alert of ours was accepted."""
        item = self.by_key.get((source, source_ref))
        if item is not None:
            item.accepted = True

    def _watch(self) -> None:
        """Send again what has waited too long."""
        while not self._stopping.wait(LOOK_S):
            for item in self.alerts:
                if item.times and not item.accepted and time.monotonic() - item.at > self._wishes.resend_after_s:
                    self._send(item)
                    self.resent += 1


def _read(body: bytes, by_http: bool) -> Sent:
    told = json.loads(body)
    return Sent((told["source"], told["source_ref"]), body, told["risk"], by_http)


def _chosen(chance: Random, wishes: Wishes) -> bool:
    return chance.random() < wishes.again_share


def _joined(batch: Sequence[Sent]) -> bytes:
    return b"[" + b",".join(item.body for item in batch) + b"]"
