"""Aliyun's wire: a request for each text and each call, and its records of a number asked for what nobody can tell."""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import Sequence
from datetime import UTC, datetime

import httpx

from config.carriers.aliyun import AliyunSettings, AliyunSmsSettings, AliyunVoiceSettings
from dispatcher.carriers.aliyun import letters, replies
from dispatcher.carriers.aliyun.letters import Act
from dispatcher.carriers.aliyun.signing import signed
from dispatcher.carriers.request import Request
from dispatcher.claim import Letter
from dispatcher.happenings import Answered
from dispatcher.words import Channel
from workers.carriers.interface import Found, Question
from workers.carriers.signed import NO_TEMPLATE, Signed

MOST_PAGES = 10
"""Of the records of one number and day: whoever has more than 500 is no person."""


class AliyunCarrier(Signed):
    """What its texts and calls have in common: one letter a request, signed anew each time."""

    ask_after_s: float | None = None
    _reference = ""

    def __init__(
        self, settings: AliyunSettings, base_url: str, client: httpx.AsyncClient, *, callback: str = ""
    ) -> None:
        super().__init__(settings, base_url, client)
        self._key = settings

    def batch_of(self, _channel: Channel) -> int:
        """One: only so does each report carry our reference."""
        return 1

    def _act(self, letter: Letter) -> Act | None:
        raise NotImplementedError

    async def send(self, _channel: Channel, given: Sequence[Letter]) -> list[Answered]:
        """One answer for each letter, in order."""
        return list(await asyncio.gather(*(self._send_one(letter) for letter in given)))

    async def _send_one(self, letter: Letter) -> Answered:
        act = self._act(letter)
        if act is None:
            return NO_TEMPLATE
        reply = await self._reply(self._signed(act), self.ask_after_s)
        if isinstance(reply, Answered):
            return reply
        return replies.read(reply.status_code, reply.content, name=self._reference, ask_in_s=self.ask_after_s)

    def describe(self, _channel: Channel, letter: Letter) -> str:
        """The request that this letter would be, whole, without its secrets."""
        act = self._act(letter)
        if act is None:
            return f"nothing: no template has the words {letter.text_id!r}"
        request = self._signed(act)
        signature = request.headers["authorization"].rpartition("=")[2]
        return request.shown(self._key.access_key_id, self._key.access_key_secret.get_secret_value(), signature)

    def _signed(self, act: Act) -> Request:
        return signed(
            self._url,
            act.action,
            letters.VERSION,
            act.params,
            key_id=self._key.access_key_id,
            secret=self._key.access_key_secret.get_secret_value(),
            at=datetime.now(UTC),
            nonce=secrets.token_hex(16),
        )


class AliyunSms(AliyunCarrier):
    """Texts. See `Carrier`."""

    _reference = "BizId"

    def __init__(self, settings: AliyunSmsSettings, client: httpx.AsyncClient, *, callback: str = "") -> None:
        super().__init__(settings, settings.base_url, client)
        self._settings = settings
        self.ask_after_s = settings.settling_s

    def _act(self, letter: Letter) -> Act | None:
        return letters.text(self._settings, letter)

    async def ask(self, questions: Sequence[Question]) -> dict[str, Found] | None:
        """What its records tell of each; None when it could not be asked."""
        return await self._ask_all(questions, self._ask_one)

    async def _ask_one(self, question: Question) -> Found | None:
        """All records of the number on the days in question were seen, or nothing is concluded."""
        since = question.begun_at - letters.NEAR_MIDNIGHT
        for day in letters.days_of(question.begun_at):
            records = await self._records(question.to, day)
            if records is None:
                return None
            for record in records:
                if record.reference == question.reference:
                    return Found(True, question.carrier_ref, record.code, record.at)
                if not record.reference and record.sent_at >= since:
                    return None  # it may be ours, though it does not tell
        return Found(False, None, None, None)

    async def _records(self, to: str, day: str) -> list[replies.Record] | None:
        records: list[replies.Record] = []
        for number in range(1, MOST_PAGES + 1):
            reply = await self._reply(self._signed(letters.records(to, day, number)), None)
            page = None if isinstance(reply, Answered) else replies.page(reply.status_code, reply.content)
            if page is None:
                return None
            records += page.records
            if len(records) >= page.total:
                return records
            if not page.records:
                return None  # it has more than it shows
        return None


class AliyunVoice(AliyunCarrier):
    """Calls. See `Carrier`. It can be asked by the name it gave a call, which is just what an unsure try has not."""

    _reference = "CallId"

    def __init__(self, settings: AliyunVoiceSettings, client: httpx.AsyncClient, *, callback: str = "") -> None:
        super().__init__(settings, settings.base_url, client)
        self._settings = settings

    def _act(self, letter: Letter) -> Act | None:
        return letters.call(self._settings, letter)

    async def ask(self, questions: Sequence[Question]) -> dict[str, Found] | None:
        """None: it cannot be asked by our reference."""
        return None
