"""A Kannel gateway: one text a request, news by its delivery reports; it cannot be asked."""

from __future__ import annotations

from collections.abc import Sequence

import httpx

from config.carriers.kannel import Kannel
from dispatcher.carriers import kannel as language
from dispatcher.claim import Letter
from dispatcher.happenings import Answered
from dispatcher.words import Channel
from workers.carriers.interface import Found, Question
from workers.carriers.replies import by_status, reply_to


class KannelCarrier:
    """See `Carrier`. `callback` is the whole address of ours that Kannel reports to.

    It cannot be asked; a report of type 8, which comes within seconds, settles a request that ended unsure.
    """

    ask_after_s: float | None = None

    def __init__(self, settings: Kannel, client: httpx.AsyncClient, *, callback: str) -> None:
        self.name = settings.name
        self.live = settings.live
        self.contacts = f"real people: texts go out through the Kannel gateway at {settings.base_url}"
        self._settings = settings
        self._client = client
        self._callback = callback

    def batch_of(self, _channel: Channel) -> int:
        """One number a request."""
        return 1

    async def send(self, channel: Channel, letters: Sequence[Letter]) -> list[Answered]:
        """A request for each letter; one answer for each, in order."""
        return [language.unfit(self._settings, letter) or await self._send(letter) for letter in letters]

    async def ask(self, questions: Sequence[Question]) -> dict[str, Found] | None:
        """Kannel keeps nothing that it could be asked for."""
        return None

    def describe(self, _channel: Channel, letter: Letter) -> str:
        """The request for this letter, to the byte, secrets as stars."""
        return language.sendsms(self._settings, letter, self._callback).shown(*language.secrets_of(self._settings))

    async def _send(self, letter: Letter) -> Answered:
        told = language.sendsms(self._settings, letter, self._callback)
        request = self._client.build_request(told.method, told.url)
        reply = await reply_to(self._client, request, within_s=self._settings.request_timeout_s, ask_in_s=None)
        if isinstance(reply, Answered):
            return reply
        return language.answer(reply.status_code, reply.content) or by_status(reply, ask_in_s=None)
