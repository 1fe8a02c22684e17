"""Tencent's wire: texts by the hundred, calls one by one, and its records of a number, which only ever say yes."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from datetime import UTC, datetime

import httpx

from config.carriers.tencent import TencentSettings, TencentSmsSettings, TencentVoiceSettings
from dispatcher.carriers.request import Request
from dispatcher.carriers.tencent import letters, replies
from dispatcher.carriers.tencent.letters import Act
from dispatcher.carriers.tencent.signing import signed
from dispatcher.claim import Letter
from dispatcher.happenings import Answered
from dispatcher.words import Channel
from workers.carriers.interface import Found, Question
from workers.carriers.signed import NO_TEMPLATE, Signed


class TencentCarrier(Signed):
    """What its texts and calls have in common."""

    ask_after_s: float | None = None

    def __init__(self, settings: TencentSettings, base_url: str, client: httpx.AsyncClient) -> None:
        super().__init__(settings, base_url, client)
        self._key = settings

    def _act(self, letter: Letter) -> Act | None:
        raise NotImplementedError

    def describe(self, _channel: Channel, letter: Letter) -> str:
        """The request that this letter would be, whole, without its secrets."""
        act = self._act(letter)
        if act is None:
            return f"nothing: no template has the words {letter.text_id!r}"
        request = self._signed(act)
        signature = request.headers["authorization"].rpartition("=")[2]
        return request.shown(self._key.secret_id, self._key.secret_key.get_secret_value(), signature)

    def _signed(self, act: Act) -> Request:
        return signed(
            self._url,
            act.service,
            act.action,
            act.version,
            act.params,
            region=self._key.region,
            secret_id=self._key.secret_id,
            secret_key=self._key.secret_key.get_secret_value(),
            at=datetime.now(UTC),
        )


class TencentSms(TencentCarrier):
    """Texts. See `Carrier`."""

    def __init__(self, settings: TencentSmsSettings, client: httpx.AsyncClient, *, callback: str = "") -> None:
        super().__init__(settings, settings.base_url, client)
        self._settings = settings
        self.ask_after_s = settings.settling_s

    def batch_of(self, _channel: Channel) -> int:
        """One where Tencent returns our reference, which a request has only one of."""
        return 1 if self._settings.context_returned else self._settings.batch

    def _act(self, letter: Letter) -> Act | None:
        return letters.texts(self._settings, [letter])

    async def send(self, _channel: Channel, given: Sequence[Letter]) -> list[Answered]:
        """One request for all letters of the same words; one answer for each letter, in order."""
        groups = letters.groups(given)
        answers = await asyncio.gather(*(self._send_group([given[index] for index in group]) for group in groups))
        by_index = dict[int, Answered]()
        for group, told in zip(groups, answers, strict=True):
            by_index |= dict(zip(group, told, strict=True))
        return [by_index[index] for index in range(len(given))]

    async def _send_group(self, group: Sequence[Letter]) -> list[Answered]:
        act = letters.texts(self._settings, group)
        if act is None:
            return [NO_TEMPLATE] * len(group)
        reply = await self._reply(self._signed(act), self.ask_after_s)
        if isinstance(reply, Answered):
            return [reply] * len(group)
        numbers = [letter.to for letter in group]
        return replies.texts(reply.status_code, reply.content, numbers, ask_in_s=self.ask_after_s)

    async def ask(self, questions: Sequence[Question]) -> dict[str, Found] | None:
        """Those that it has; of no other is anything concluded: a text has no record before its operator reports."""
        return await self._ask_all(questions, self._ask_one)

    async def _ask_one(self, question: Question) -> Found | None:
        act = letters.records(self._settings, question.to, question.begun_at, datetime.now(UTC))
        reply = await self._reply(self._signed(act), None)
        records = None if isinstance(reply, Answered) else replies.records(reply.status_code, reply.content)
        for record in records or ():
            if question.reference == record.reference or question.carrier_ref == record.serial:
                return Found(True, record.serial, record.code, record.at)
        return None

    async def balance(self) -> str | None:
        """What is left in the packages, for the operator; None when it does not tell."""
        now = datetime.now(UTC)
        reply = await self._reply(self._signed(letters.packages(self._settings, now)), None)
        left = None if isinstance(reply, Answered) else replies.left(reply.status_code, reply.content, now)
        return None if left is None else f"{left} texts left in the packages"


class TencentVoice(TencentCarrier):
    """Calls. See `Carrier`. Nobody can ask for one: what is unsure waits for its news."""

    def __init__(self, settings: TencentVoiceSettings, client: httpx.AsyncClient, *, callback: str = "") -> None:
        super().__init__(settings, settings.base_url, client)
        self._settings = settings

    def batch_of(self, _channel: Channel) -> int:
        """One call a request."""
        return 1

    def _act(self, letter: Letter) -> Act | None:
        return letters.call(self._settings, letter)

    async def send(self, _channel: Channel, given: Sequence[Letter]) -> list[Answered]:
        """One answer for each letter, in order."""
        return list(await asyncio.gather(*(self._call_one(letter) for letter in given)))

    async def _call_one(self, letter: Letter) -> Answered:
        act = letters.call(self._settings, letter)
        if act is None:
            return NO_TEMPLATE
        reply = await self._reply(self._signed(act), None)
        return reply if isinstance(reply, Answered) else replies.call(reply.status_code, reply.content)

    async def ask(self, questions: Sequence[Question]) -> dict[str, Found] | None:
        """None: it cannot be asked."""
        return None
