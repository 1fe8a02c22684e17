"""What every carrier can do, and how the end of a request is told.

A request ends in one of three ways: taken, surely not sent, unsure. `ending_of` reads the last two from an exception.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import NamedTuple, Protocol

import aiohttp
import httpx

from dispatcher.claim import Letter
from dispatcher.happenings import Answered
from dispatcher.words import Answer, Channel
from workers.carriers.client import TooLate


class Found(NamedTuple):
    """What a carrier says when it is asked for a reference."""

    found: bool
    carrier_ref: str | None
    code: str | None
    at: datetime | None


@dataclass(frozen=True, slots=True)
class Question:
    """One try to ask for: our reference, the carrier's if it told one, to whom and when it was sent."""

    reference: str
    carrier_ref: str | None
    to: str = field(repr=False)
    begun_at: datetime


class Carrier(Protocol):
    """A way to send letters. Implementations never raise for what the network does."""

    name: str
    contacts: str
    """Who is contacted by it, and how, in one line for the operator."""
    live: bool
    """Whether real people are reached by it: then it is never given what a test alert promised."""
    ask_after_s: float | None
    """The carrier's settling time, after which it can be asked for a reference; None: it cannot be asked."""

    def batch_of(self, channel: Channel, /) -> int:
        """How many letters one request may carry, >= 1."""
        ...

    async def send(self, channel: Channel, letters: Sequence[Letter]) -> list[Answered]:
        """One answer for each letter, in order."""
        ...

    async def ask(self, questions: Sequence[Question]) -> dict[str, Found] | None:
        """What it knows of each, by our reference; None when it could not be asked now."""
        ...


NETWORK = (httpx.HTTPError, httpx.InvalidURL, aiohttp.ClientError, OSError)
"""What the network raises: httpx-aiohttp lets some of aiohttp's own through, such as a reply that is no HTTP."""


TOO_LATE = Answered(Answer.BUSY, code="too_late_to_send", retry_after_s=0.0)
"""Surely not sent: if the lease has not been taken away yet, it is tried again at once."""


def ending_of(fault: Exception, *, ask_in_s: float | None) -> Answered:
    """Surely not sent when no connection came about; unsure for whatever else went wrong.

    httpx-aiohttp calls a refused connect and a connection that broke after the request by the same httpx name, so the
    cause decides. Source: measured with httpx-aiohttp 0.2 and aiohttp 3.14, see tests/wire/test_endings.py.
    """
    cause = fault.__cause__ or fault
    if isinstance(cause, TooLate):
        return TOO_LATE
    never_connected = isinstance(cause, aiohttp.ClientConnectorError | aiohttp.ConnectionTimeoutError)
    if never_connected or isinstance(fault, httpx.PoolTimeout | httpx.UnsupportedProtocol | httpx.InvalidURL):
        return Answered(Answer.BUSY, code="not_connected")
    return Answered(Answer.UNSURE, code=type(cause).__name__, ask_in_s=ask_in_s)
