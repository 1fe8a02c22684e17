"""How news is told: which request, how many pieces in it, when it counts as taken, when it is tried again.

The carrier's own interface tells it by `OwnTelling`; each dialect has tellings of its own.
"""

from __future__ import annotations

import hmac
from collections.abc import Sequence
from hashlib import sha256
from typing import Literal, NamedTuple, Protocol

import orjson

from simulator.letters import Letter

SIGNATURE = "X-Simulator-Signature"
GIVE_UP_S = 600.0

Heard = Literal["taken", "again", "lost"]
"""What a reply, or none, means to the teller: over, to be tried again, given up at once."""


class Item(NamedTuple):
    """One piece of news. `at` is an ISO instant; `stage` names an earlier event than the end, by the dialect's word."""

    reference: str
    carrier_id: str
    code: str
    at: str
    stage: str = ""
    letter: Letter | None = None
    began: str = ""


class Told(NamedTuple):
    """One request that tells news."""

    method: str
    url: str
    body: bytes
    headers: dict[str, str]


class Telling(Protocol):
    """One way of telling. The same object for the same way: news is collected by it."""

    @property
    def dialect(self) -> str | None:
        """The vendor and channel it belongs to; None: the own interface."""
        ...

    @property
    def most(self) -> int:
        """How many pieces one request may carry, >= 1."""
        ...

    @property
    def pauses_s(self) -> Sequence[float]:
        """Seconds between one try and the next; after the last try the news is lost."""
        ...

    def says(self, callback: str, items: Sequence[Item]) -> Told | None:
        """The request; None where there is none to make after all: nothing is sent, and the news is lost."""
        ...

    def heard(self, status: int | None, reply: bytes, items: Sequence[Item]) -> Heard:
        """What the reply means; no status: there was none."""
        ...

    def stages(self, item: Item) -> Sequence[Item]:
        """What is told before the end, in order."""
        ...

    def sayable(self, code: str, letter: Letter) -> str:
        """What this vendor can tell of an outcome it has no word for: the nearest that it has one for."""
        ...


class Ear(NamedTuple):
    """Who is told, and how. An empty callback: nobody."""

    telling: Telling
    callback: str


def signature(secret: str, body: bytes) -> str:
    """The hex HMAC-SHA256 that proves who tells the news."""
    return hmac.new(secret.encode(), body, sha256).hexdigest()


def _pauses() -> tuple[float, ...]:
    pauses = [0.5, 1.0, 2.0]
    while sum(pauses) < GIVE_UP_S:
        pauses.append(5.0)
    return tuple(pauses)


class OwnTelling:
    """The own interface's: a JSON object, signed under the shared secret, told until it is taken."""

    dialect = None
    pauses_s = _pauses()

    def __init__(self, secret: str, *, most: int) -> None:
        self._secret, self.most = secret, most

    def says(self, callback: str, items: Sequence[Item]) -> Told:
        """One POST for all."""
        news = [
            {"reference": one.reference, "carrier_id": one.carrier_id, "code": one.code, "at": one.at} for one in items
        ]
        body = orjson.dumps({"news": news})
        headers = {"Content-Type": "application/json", SIGNATURE: signature(self._secret, body)}
        return Told("POST", callback, body, headers)

    def heard(self, status: int | None, reply: bytes, items: Sequence[Item]) -> Heard:
        """Any 2xx takes it."""
        return "taken" if status is not None and 200 <= status < 300 else "again"

    def stages(self, item: Item) -> Sequence[Item]:
        """Nothing but the end is told."""
        return ()

    def sayable(self, code: str, letter: Letter) -> str:
        """Everything."""
        return code
