"""A carrier whose news is as bad as news can be, and known exactly: early, doubled, reversed, for ids not yet known."""

from __future__ import annotations

import asyncio
import json
import threading
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

import aiohttp
from aiohttp import web

from dispatcher.carriers.simulator import SIGNATURE_HEADER, signed

AT_ONCE = 16
"""Callbacks in flight."""


@dataclass(frozen=True, slots=True)
class Manner:
    """What is told of one text: before the carrier's own answer, and after it, in order."""

    before: tuple[str, ...] = ()
    after: tuple[str, ...] = ()


@dataclass
class ReceiptCarrier:
    """Serves /sms on a port of its own, in a thread; `manner_of` tells what news a reference has."""

    secret: str
    callback: str
    manner_of: Callable[[str], Manner]
    came: Counter[str] = field(default_factory=Counter)
    told: Counter[tuple[str, str]] = field(default_factory=Counter)
    faults: list[str] = field(default_factory=list)
    port: int = 0

    def start(self) -> None:
        """Serve until `stop`."""
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, name="carrier", daemon=True)
        self._thread.start()
        self._run(self._serve())

    def stop(self) -> None:
        """Close."""
        self._run(self._close())
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(10)

    def tell(self, news: Sequence[tuple[str, str]], *, each: int = 1) -> None:
        """Call back with this news, `each` pieces a time, and wait until all of it was taken."""
        self._run(self._tell_all(news, each))

    def _run(self, work: Any) -> Any:
        return asyncio.run_coroutine_threadsafe(work, self._loop).result(240)

    async def _serve(self) -> None:
        self._room = asyncio.Semaphore(AT_ONCE)
        self._client = aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=AT_ONCE))
        self._after: set[asyncio.Task[None]] = set()
        app = web.Application(client_max_size=1 << 24)
        app.router.add_post("/sms", self._texts)
        app.router.add_post("/calls", self._calls)
        self._runner = web.AppRunner(app, access_log=None)
        await self._runner.setup()
        site = web.TCPSite(self._runner, "127.0.0.1", self.port)
        await site.start()

    async def _close(self) -> None:
        await asyncio.gather(*self._after)
        await self._runner.cleanup()
        await self._client.close()

    async def _texts(self, request: web.Request) -> web.StreamResponse:
        """Take them all: the early news is told before the answer goes out, the rest when it has gone."""
        references = [letter["reference"] for letter in (await request.json())["letters"]]
        self.came.update(references)
        manners = [(reference, self.manner_of(reference)) for reference in references]
        await self._tell_all(_rounds((reference, manner.before) for reference, manner in manners), 7)
        answers = [{"reference": one, "answer": "accepted", "carrier_id": f"c-{one}"} for one in references]
        response = web.json_response({"answers": answers})
        await response.prepare(request)
        await response.write_eof()
        # one after the other: what is told second was told second
        self._later(self._tell_in_turn([(reference, manner.after) for reference, manner in manners]))
        return response

    async def _calls(self, request: web.Request) -> web.StreamResponse:
        """Robots are of no interest here."""
        letters = (await request.json())["letters"]
        answers = [{"reference": one["reference"], "answer": "refused", "code": "INVALID"} for one in letters]
        return web.json_response({"answers": answers})

    def _later(self, work: Any) -> None:
        task = asyncio.ensure_future(work)
        self._after.add(task)
        task.add_done_callback(self._after.discard)

    async def _tell_in_turn(self, told: Sequence[tuple[str, tuple[str, ...]]]) -> None:
        for turn in range(max((len(codes) for _, codes in told), default=0)):
            await self._tell_all([(reference, codes[turn]) for reference, codes in told if len(codes) > turn], 7)

    async def _tell_all(self, news: Sequence[tuple[str, str]], each: int) -> None:
        posts = [news[start : start + each] for start in range(0, len(news), each)]
        await asyncio.gather(*(self._post(post) for post in posts))

    async def _post(self, news: Sequence[tuple[str, str]]) -> None:
        at = datetime.now(UTC).isoformat()
        items = [{"reference": reference, "code": code, "at": at} for reference, code in news]
        body = json.dumps({"news": items}).encode()
        headers = {SIGNATURE_HEADER: signed(self.secret, body), "Content-Type": "application/json"}
        async with self._room, self._client.post(self.callback, data=body, headers=headers) as response:
            reply = await response.json()
            if response.status != 200 or reply != {"stored": len(news), "faults": []}:
                self.faults.append(f"{response.status} {reply}")
        self.told.update(news)


def _rounds(told: Iterable[tuple[str, tuple[str, ...]]]) -> list[tuple[str, str]]:
    return [(reference, code) for reference, codes in told for code in codes]
