"""The simulated carrier: batches of texts and calls over HTTP, news by callback, and it can be asked."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from datetime import datetime
from math import isfinite
from typing import Any

import httpx

from config.carriers.simulator import SimulatedCarrier
from dispatcher.carriers import simulator as language
from dispatcher.claim import Letter
from dispatcher.happenings import Answered
from dispatcher.words import Answer, Channel, Outcome
from workers.carriers.interface import NETWORK, Found, Question, ending_of

PATHS = {Channel.SMS: "/sms", Channel.CALL: "/calls"}
BUSY_STATUS = frozenset({429, 503})
LONGEST_WORD = 64
MOST_PAUSE_S = 3_600.0
"""A carrier that asks for a longer pause is tried again after this one."""
UNREADABLE = (ValueError, KeyError, TypeError, AttributeError, RecursionError)
"""What a reply raises that is not in the carrier's language."""


class SimulatorCarrier:
    """See `Carrier`. `client` is its own, one a worker process; `callback` is where it tells its news."""

    live = False
    contacts = "nobody: texts, calls and visits go to the simulator on this machine"

    def __init__(self, settings: SimulatedCarrier, client: httpx.AsyncClient, *, callback: str) -> None:
        self.name = settings.name
        self._client = client
        base = settings.base_url.rstrip("/")
        self._urls = {channel: httpx.URL(base + path) for channel, path in PATHS.items()}  # read once, not each time
        self._ask_url = httpx.URL(f"{base}/ask")
        self._callback = callback
        self._timeout_s = settings.request_timeout_s
        self._batch = settings.batch
        self.ask_after_s = settings.settling_s if settings.askable else None

    def batch_of(self, _channel: Channel) -> int:
        """How many letters one request carries."""
        return self._batch

    async def send(self, channel: Channel, letters: Sequence[Letter]) -> list[Answered]:
        """One request for all letters; one answer for each, in order."""
        body = {"callback": self._callback, "letters": [_told(channel, letter) for letter in letters]}
        try:
            async with asyncio.timeout(self._timeout_s):
                response = await self._client.post(self._urls[channel], json=body)
        except TimeoutError:
            return [Answered(Answer.UNSURE, code="timeout", ask_in_s=self.ask_after_s)] * len(letters)
        except NETWORK as fault:
            return [ending_of(fault, ask_in_s=self.ask_after_s)] * len(letters)
        if response.status_code != httpx.codes.OK:
            return [self._refusal(response)] * len(letters)
        return self._answers(response, letters)

    def _refusal(self, response: httpx.Response) -> Answered:
        code = f"http_{response.status_code}"
        if response.status_code in BUSY_STATUS:
            return Answered(Answer.BUSY, code=code, retry_after_s=_seconds(response.headers.get("Retry-After")))
        if 400 <= response.status_code < 500 and response.status_code != httpx.codes.REQUEST_TIMEOUT:
            return Answered(Answer.REFUSED, Outcome.OUR_FAULT, code=code)
        # nothing else says that it was not taken
        return Answered(Answer.UNSURE, code=code, ask_in_s=self.ask_after_s)

    def _answers(self, response: httpx.Response, letters: Sequence[Letter]) -> list[Answered]:
        try:
            told = {item["reference"]: item for item in response.json()["answers"]}
        except UNREADABLE:
            told = {}
        return [self._answer(told.get(letter.reference)) for letter in letters]

    def _answer(self, item: Mapping[str, Any] | None) -> Answered:
        match item:
            case {"answer": "accepted", "carrier_id": str(carrier_ref)} if carrier_ref.isprintable():
                return Answered(Answer.ACCEPTED, carrier_ref=carrier_ref[:LONGEST_WORD])
            case {"answer": "refused", "code": str(code)} if code.isprintable() and len(code) <= LONGEST_WORD:
                outcome = language.REFUSALS.get(code, Outcome.GATEWAY_TEMPORARY)
                return Answered(Answer.REFUSED, outcome, code=code)
            case {"answer": "busy", "retry_after_s": pause_s}:
                return Answered(Answer.BUSY, code="busy", retry_after_s=_seconds(pause_s))
        return Answered(Answer.UNSURE, code="unreadable_answer", ask_in_s=self.ask_after_s)

    async def ask(self, questions: Sequence[Question]) -> dict[str, Found] | None:
        """What it has of these; None when it did not answer."""
        body = {"references": [one.reference for one in questions]}
        try:
            async with asyncio.timeout(self._timeout_s):
                response = await self._client.post(self._ask_url, json=body)
            answers = response.raise_for_status().json()["answers"]
        except (TimeoutError, *NETWORK, *UNREADABLE):
            return None
        return _readable(answers) if isinstance(answers, list) else None


def _told(channel: Channel, letter: Letter) -> dict[str, Any]:
    told: dict[str, Any] = {"reference": letter.reference, "to": letter.to, "text": letter.text}
    return told | ({"flash": letter.flash} if channel is Channel.SMS else {"keys": True})


def _readable(answers: Sequence[Any]) -> dict[str, Found]:
    """What could be read, by reference; what could not is left out, and asked for again."""
    found: dict[str, Found] = {}
    for item in answers:
        try:
            found[item["reference"]] = _found(item)
        except UNREADABLE:
            continue
    return found


def _found(item: Mapping[str, Any]) -> Found:
    """Raises: one of UNREADABLE. Only a plain false means that it never had it: on that word we send again."""
    found, at = item["found"], item.get("at")
    if not isinstance(found, bool):
        raise ValueError("found must be true or false")
    when = datetime.fromisoformat(at) if at else None
    if when is not None and when.tzinfo is None:
        raise ValueError("at needs an offset")
    return Found(found, _word(item.get("carrier_id")), _word(item.get("code")), when)


def _word(value: object) -> str | None:
    """A name of the carrier's as every database keeps it. Raises: ValueError."""
    if value is None:
        return None
    if not (isinstance(value, str) and value.isprintable()):
        raise ValueError("must be printable text")
    return value[:LONGEST_WORD]


def _seconds(value: object) -> float | None:
    try:
        pause_s = float(str(value))
    except ValueError:
        return None
    return min(max(0.0, pause_s), MOST_PAUSE_S) if isfinite(pause_s) else None
