"""Any gateway over HTTP that a section of the carriers file describes: one letter a request."""

from __future__ import annotations

import secrets
from collections.abc import Sequence
from datetime import UTC, datetime

import httpx

from config.carriers.generic import Http
from dispatcher.carriers.generic import answers, fill
from dispatcher.carriers.generic.places import Message
from dispatcher.carriers.request import Request
from dispatcher.claim import Letter
from dispatcher.happenings import Answered
from dispatcher.words import Channel
from workers.carriers.interface import Found, Question
from workers.carriers.replies import reply_to


class HttpCarrier:
    """See `Carrier`. `callback` is the whole address of ours that the gateway is told."""

    def __init__(self, settings: Http, client: httpx.AsyncClient, *, callback: str) -> None:
        self.name = settings.name
        self.live = settings.live
        what = "texts" if settings.channel == "sms" else "calls"
        self.contacts = f"real people: {what} go out through the gateway at {settings.base_url}"
        self.ask_after_s = settings.ask.settling_s if settings.ask is not None else None
        self._settings = settings
        self._client = client
        self._callback = callback

    def batch_of(self, _channel: Channel) -> int:
        """One letter a request."""
        return 1

    async def send(self, channel: Channel, letters: Sequence[Letter]) -> list[Answered]:
        """A request for each letter; one answer for each, in order."""
        return [await self._send(letter) for letter in letters]

    async def ask(self, questions: Sequence[Question]) -> dict[str, Found] | None:
        """What it has of these; None when it cannot be asked or did not answer for any."""
        found: dict[str, Found] = {}
        for question in questions:
            if (one := await self._ask(question)) is not None:
                found[question.reference] = one
        return found or None

    def describe(self, _channel: Channel, letter: Letter) -> str:
        """The request for this letter, to the byte, secrets as stars."""
        return self._request(letter).shown(*fill.secrets_of(self._settings))

    def _request(self, letter: Letter) -> Request:
        values = fill.of_letter(self._settings, letter, self._callback) | _now()
        return fill.request(self._settings, self._settings.request, values)

    async def _send(self, letter: Letter) -> Answered:
        reply = await self._reply(self._request(letter))
        if isinstance(reply, Answered):
            return reply
        return answers.read_answer(self._settings.answer, reply.status_code, _message(reply), ask_in_s=self.ask_after_s)

    async def _ask(self, question: Question) -> Found | None:
        rule = self._settings.ask
        if rule is None:
            return None
        known = {"reference": question.reference, "carrier_ref": question.carrier_ref or ""}
        values = known | fill.of_number(question.to) | _now()
        reply = await self._reply(fill.request(self._settings, rule.request, values))
        if isinstance(reply, Answered):
            return None
        traced = answers.read_traced(rule, reply.status_code, _message(reply))
        return None if traced is None else Found(traced.found, traced.carrier_ref, traced.code, None)

    async def _reply(self, told: Request) -> httpx.Response | Answered:
        content = told.body or None
        request = self._client.build_request(told.method, told.url, headers=told.headers, content=content)
        within_s = self._settings.request_timeout_s
        return await reply_to(self._client, request, within_s=within_s, ask_in_s=self.ask_after_s)


def _now() -> dict[str, object]:
    return fill.of_now(datetime.now(UTC), secrets.token_hex(12))


def _message(reply: httpx.Response) -> Message:
    return Message(reply.content, {name.lower(): value for name, value in reply.headers.items()})
