"""The road from a gateway to our door: it passes reports on, loses thanks, and lets some come only when asked again."""

from __future__ import annotations

import asyncio
import threading
import time
from collections import Counter
from collections.abc import Callable

import aiohttp
from aiohttp import web


class Road:
    """Leads to `door`; `mishap(reference)` tells what befalls the reports of a try, each at its first knock.

    in_order    nothing
    twice       it is passed on, and the thanks are lost: the gateway tells it again
    backwards   type 8 is hung up on before anybody heard: it comes again, after the final one

    `thanked` has, by reference and type, the times of the knocks that our door thanked for; `passed` what our
    door heard.
    """

    def __init__(self, door: str, mishap: Callable[[str], str]) -> None:
        self._door, self._mishap = door, mishap
        self.knocks: Counter[tuple[str, str]] = Counter()
        self.passed: Counter[tuple[str, str]] = Counter()
        self.thanked: dict[tuple[str, str], list[float]] = {}
        self.order: dict[str, list[str]] = {}
        self.port = 0

    @property
    def base(self) -> str:
        """Where the gateway is told to go."""
        return f"http://127.0.0.1:{self.port}"

    def start(self) -> Road:
        """Be open, in a thread."""
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, name="road", daemon=True)
        self._thread.start()
        self._run(self._open())
        return self

    def stop(self) -> None:
        """Close."""
        self._run(self._close())
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(10)

    def _run(self, work: object) -> None:
        asyncio.run_coroutine_threadsafe(work, self._loop).result(30)  # type: ignore[arg-type]  # a coroutine

    async def _open(self) -> None:
        self._client = aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=16))
        app = web.Application()
        app.router.add_get("/{tail:.*}", self._knock)
        self._runner = web.AppRunner(app, access_log=None)
        await self._runner.setup()
        site = web.TCPSite(self._runner, "127.0.0.1", 0)
        await site.start()
        self.port = site._server.sockets[0].getsockname()[1]  # type: ignore[union-attr]

    async def _close(self) -> None:
        await self._runner.cleanup()
        await self._client.close()

    async def _knock(self, request: web.Request) -> web.Response:
        report = (request.query["ref"], request.query["code"])
        self.knocks[report] += 1
        knocked_at = time.time()
        befalls = self._mishap(report[0]) if self.knocks[report] == 1 else "in_order"
        if befalls == "backwards" and report[1] == "8":
            return web.Response(status=503)
        async with self._client.get(f"{self._door}{request.raw_path}") as reply:
            body = await reply.read()
        self.passed[report] += 1
        self.order.setdefault(report[0], []).append(report[1])
        if befalls == "twice":
            return web.Response(status=503)
        if 200 <= reply.status < 300:
            self.thanked.setdefault(report, []).append(knocked_at)
        return web.Response(status=reply.status, body=body)
