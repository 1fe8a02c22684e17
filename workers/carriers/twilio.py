"""Twilio: one text or one call a request over HTTPS, news by callback; asked by its sid, or by number and time."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta

import httpx

from config.carriers.twilio import Twilio, TwilioCalls, TwilioTexts
from dispatcher.carriers.request import Request
from dispatcher.carriers.twilio import asking, balance, calls, codes, texts
from dispatcher.carriers.twilio.requests import refused, secrets_of, taken
from dispatcher.claim import Letter
from dispatcher.happenings import Answered
from dispatcher.words import Answer, Channel
from workers.carriers.interface import Found, Question
from workers.carriers.replies import UNREADABLE, by_status, reply_to, unsure


class TwilioCarrier:
    """See `Carrier`. `callback` is the whole address of ours that Twilio calls."""

    def __init__(self, settings: Twilio, client: httpx.AsyncClient, *, callback: str) -> None:
        self.name = settings.name
        self.live = settings.live
        what = "texts" if settings.channel == "sms" else "calls"
        self.contacts = f"real people: {what} go out through Twilio at {settings.base_url}"
        self.ask_after_s = settings.settling_s if settings.askable else None
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
        """What it has of these; None when it did not answer for any."""
        found: dict[str, Found] = {}
        for question in questions:
            if (one := await self._ask(question)) is not None:
                found[question.reference] = one
        return found or None

    def describe(self, _channel: Channel, letter: Letter) -> str:
        """The request for this letter, to the byte, secrets as stars."""
        return self._request(letter).shown(*secrets_of(self._settings))

    async def balance(self) -> str | None:
        """What the account holds, as `12.50 USD`; None when Twilio did not tell."""
        reply = await self._reply(balance.request_of(self._settings))
        if isinstance(reply, Answered) or not reply.is_success:
            return None
        try:
            return balance.read(reply.content)
        except UNREADABLE:
            return None

    def _request(self, letter: Letter) -> Request:
        if isinstance(self._settings, TwilioTexts):
            return texts.message(self._settings, letter, self._callback)
        assert isinstance(self._settings, TwilioCalls)
        return calls.call(self._settings, letter, self._callback)

    async def _send(self, letter: Letter) -> Answered:
        reply = await self._reply(self._request(letter))
        if isinstance(reply, Answered):
            return reply
        if reply.is_success:
            try:
                return Answered(Answer.ACCEPTED, carrier_ref=taken(reply.content))
            except UNREADABLE:
                return unsure("unreadable_answer", self.ask_after_s)
        if reply.is_server_error:  # a 503 as well: none of Twilio's says that it was not taken
            return unsure(f"http_{reply.status_code}", self.ask_after_s)
        told = by_status(reply, ask_in_s=self.ask_after_s)
        if told.answer is Answer.UNSURE:
            return told
        table = codes.TEXTS if self._settings.channel == "sms" else codes.CALLS
        return told if told.answer is Answer.BUSY else refused(reply.content, table) or told

    async def _ask(self, question: Question) -> Found | None:
        settings = self._settings
        if question.carrier_ref:
            reply = await self._reply(asking.by_sid(settings, question.carrier_ref))
        else:
            reply = await self._reply(asking.by_number(settings, question.to))
        if isinstance(reply, Answered) or not reply.is_success:
            return None
        try:
            if question.carrier_ref:
                return _found(asking.read_one(reply.content))
            known = asking.read_list(settings, reply.content)
            within = timedelta(seconds=settings.request_timeout_s)
            picked = None if known is None else asking.pick(known, question.begun_at, within)
        except UNREADABLE:
            return None
        if picked is None:
            return None
        return _found(picked[1]) if picked[1] is not None else Found(False, None, None, None)

    async def _reply(self, request: Request) -> httpx.Response | Answered:
        made = self._client.build_request(request.method, request.url, headers=request.headers, content=request.body)
        return await reply_to(self._client, made, within_s=self._settings.request_timeout_s, ask_in_s=self.ask_after_s)


def _found(known: asking.Known) -> Found:
    return Found(True, known.sid, known.code, None)
