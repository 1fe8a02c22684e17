"""What carriers with signed requests have in common: a request within its time, and many questions within theirs."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence

import httpx

from config.carriers.base import CarrierSettings
from dispatcher.carriers.request import Request, host_of
from dispatcher.happenings import Answered
from dispatcher.words import Answer, Outcome
from workers.carriers.interface import Found, Question
from workers.carriers.replies import reply_to

AT_ONCE = 10
"""Questions in flight: a vendor lets itself be asked less often than it lets texts be sent."""
PATIENCE = 3.0
"""How many times a request's limit all questions together may take."""
NO_TEMPLATE = Answered(Answer.REFUSED, Outcome.OUR_FAULT, code="no_template")

Ask = Callable[[Question], Awaitable[Found | None]]


class Signed:
    """The wire of one section of the carriers file."""

    def __init__(self, settings: CarrierSettings, base_url: str, client: httpx.AsyncClient) -> None:
        self.name = settings.name
        self.live = settings.live
        host = host_of(base_url)
        self.contacts = f"real people, by {host}" if settings.live else f"nobody: a rehearsal at {host}"
        self._url = f"{base_url}/"
        self._client = client
        self._timeout_s = settings.request_timeout_s

    async def _reply(self, request: Request, ask_in_s: float | None) -> httpx.Response | Answered:
        """The whole reply, or how the request ended without one."""
        made = httpx.Request(request.method, request.url, headers=dict(request.headers), content=request.body)
        return await reply_to(self._client, made, within_s=self._timeout_s, ask_in_s=ask_in_s)

    async def _ask_all(self, questions: Sequence[Question], ask: Ask) -> dict[str, Found] | None:
        """What could be learned in the time there is; None when it was nothing at all."""
        room, found = asyncio.Semaphore(AT_ONCE), dict[str, Found]()

        async def one(question: Question) -> None:
            async with room:
                told = await ask(question)
            if told is not None:
                found[question.reference] = told

        try:
            async with asyncio.timeout(PATIENCE * self._timeout_s), asyncio.TaskGroup() as tasks:
                for question in questions:
                    tasks.create_task(one(question))
        except TimeoutError:
            pass  # what was not asked for is asked for again
        return found or None
