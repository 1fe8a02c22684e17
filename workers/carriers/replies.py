"""What carriers over HTTP have in common: one request within its time, and what a status alone says of its ending."""

from __future__ import annotations

import asyncio
from math import isfinite

import httpx

from dispatcher.happenings import Answered
from dispatcher.words import Answer, Outcome
from workers.carriers.interface import NETWORK, ending_of

BUSY_STATUS = frozenset({429, 503})
LONGEST_WORD = 64
MOST_PAUSE_S = 3_600.0
"""A carrier that asks for a longer pause is tried again after this one."""
UNREADABLE = (ValueError, KeyError, TypeError, AttributeError, IndexError, RecursionError, OverflowError)
"""What a reply raises that is not in the carrier's language."""


async def reply_to(
    client: httpx.AsyncClient, request: httpx.Request, *, within_s: float, ask_in_s: float | None
) -> httpx.Response | Answered:
    """The whole reply, or how the request ended without one. Raises nothing of what the network does."""
    try:
        async with asyncio.timeout(within_s):
            return await client.send(request)
    except TimeoutError:
        return Answered(Answer.UNSURE, code="timeout", ask_in_s=ask_in_s)
    except NETWORK as fault:
        return ending_of(fault, ask_in_s=ask_in_s)


def by_status(response: httpx.Response, *, ask_in_s: float | None) -> Answered:
    """How a request ended by a status that is no success: busy, refused as our fault, or unsure."""
    status = response.status_code
    code = f"http_{status}"
    if status in BUSY_STATUS:
        return Answered(Answer.BUSY, code=code, retry_after_s=seconds(response.headers.get("Retry-After")))
    if 400 <= status < 500 and status != httpx.codes.REQUEST_TIMEOUT:
        return Answered(Answer.REFUSED, Outcome.OUR_FAULT, code=code)
    # nothing else says that it was not taken
    return unsure(code, ask_in_s)


def unsure(code: str, ask_in_s: float | None) -> Answered:
    """Nobody can tell."""
    return Answered(Answer.UNSURE, code=code[:LONGEST_WORD], ask_in_s=ask_in_s)


def seconds(value: object) -> float | None:
    """A pause that a carrier asks for; None when it is no number."""
    try:
        pause_s = float(str(value))
    except ValueError:
        return None
    return min(max(0.0, pause_s), MOST_PAUSE_S) if isfinite(pause_s) else None


def word(value: object) -> str:
    """A carrier's name or code as every database keeps it. Raises: ValueError: it is none."""
    if isinstance(value, bool) or not isinstance(value, str | int):
        raise ValueError("must be a text or a number")
    text = str(value)
    if not (text and text.isprintable()):
        raise ValueError("must be printable text")
    return text[:LONGEST_WORD]
