"""What workers tell of a case's way, if somebody listens; else nothing is done for it."""

from __future__ import annotations

from collections.abc import Sequence
from contextvars import ContextVar
from datetime import UTC, datetime
from typing import Any

import httpx

from dispatcher.claim import Letter
from dispatcher.happenings import Answered
from dispatcher.intake import Result
from dispatcher.traces import Place, Span, Tell, alert_spans, place_of, read_header, somewhere
from dispatcher.words import Answer, Channel

HEADER = "traceparent"

_tell: Tell | None = None
_request: ContextVar[Place | None] = ContextVar("request", default=None)


def begin(tell: Tell | None) -> None:
    """Tell spans to this listener from now on; None: to nobody."""
    global _tell
    _tell = tell


def accepted(door: str, results: Sequence[Result], headers: Sequence[Any], begun: datetime) -> None:
    """Alerts were answered and committed; `headers` are their messages'."""
    if _tell is not None:
        parents = [read_header((told or {}).get(HEADER)) for told in headers]
        for span in alert_spans(door, results, parents, begun, datetime.now(UTC)):
            _tell(span)


def request() -> Place | None:
    """A request to a carrier begins in this task: it will carry this place. None when nobody listens."""
    if _tell is None:
        return None
    place = somewhere()
    _request.set(place)
    return place


def hooks() -> dict[str, list[Any]]:
    """What the carriers' HTTP client calls before each request; nothing when nobody listens."""
    return {"request": [add_header]} if _tell is not None else {}


async def add_header(message: httpx.Request) -> None:
    """Give a request to a carrier the place of its span."""
    place = _request.get()
    if place is not None:
        message.headers[HEADER] = place.header


def answered(
    place: Place | None, letters: Sequence[Letter], answers: Sequence[Answered], begun: datetime, ended: datetime
) -> None:
    """A carrier answered the request at `place`."""
    if _tell is None or place is None or not letters:
        return
    first = letters[0]
    told: dict[str, str | int] = {"quanzu.carrier": first.carrier, "quanzu.channel": first.channel.value}
    places = []
    for letter, answer in zip(letters, answers, strict=True):
        if letter.case_id is None:
            continue
        at = place_of(letter.case_id, letter.attempt_id)
        places.append(at)
        _tell(_attempt(letter, answer, at, place, begun, ended, told))
    size = {"quanzu.letters": len(letters)}
    _tell(Span("request", place, begun, ended, None, told | size, places[:MOST_LINKS]))


MOST_LINKS = 100


def _attempt(
    letter: Letter,
    answer: Answered,
    at: Place,
    request: Place,
    begun: datetime,
    ended: datetime,
    told: dict[str, str | int],
) -> Span:
    assert letter.case_id is not None
    attributes = told | {
        "quanzu.case": str(letter.case_id),
        "quanzu.dispatch": str(letter.dispatch_id),
        "quanzu.attempt": letter.number,
        "quanzu.level": letter.risk,
        "quanzu.answer": answer.answer.value,
    }
    if letter.planned_at is not None:
        attributes["quanzu.waited_ms"] = round((begun - letter.planned_at).total_seconds() * 1000)
    name = "dispatch text" if letter.channel is Channel.SMS else f"dispatch {letter.channel.value}"
    failed = answer.answer is not Answer.ACCEPTED
    return Span(name, at, begun, ended, place_of(letter.case_id).span, attributes, [request], failed)
