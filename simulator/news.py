"""News to the client's callback: promised for an instant, collected, signed, told until it is taken.

Header `X-Simulator-Signature`: hex HMAC-SHA256 of the raw body under the shared secret.
"""

import asyncio
import hmac
import logging
from hashlib import sha256
from heapq import heappop, heappush
from itertools import chain, repeat
from typing import NamedTuple

import aiohttp
import orjson

from simulator.clock import Clock, iso, utc_now
from simulator.ledger import Ledger
from simulator.wire import Poster

log = logging.getLogger(__name__)

SIGNATURE = "X-Simulator-Signature"
COLLECT_S = 0.05
PAUSES_S = (0.5, 1.0, 2.0, 5.0)  # the last one goes on
GIVE_UP_S = 600.0
EARLY_S = 2.0


class Item(NamedTuple):
    """One piece of news as it goes over the wire; `at` is an ISO instant."""

    reference: str
    carrier_id: str
    code: str
    at: str


def signature(secret: str, body: bytes) -> str:
    """The hex HMAC-SHA256 that proves who tells the news."""
    return hmac.new(secret.encode(), body, sha256).hexdigest()


class NewsRoom:
    """Holds promised news by due time. Sleeps while nothing is promised."""

    def __init__(
        self, ledger: Ledger, secret: str, poster: Poster, *, most: int, posts: int, now: Clock = utc_now
    ) -> None:
        """`most`: pieces of news in one POST. `posts`: POSTs that may be out at once. Both >= 1."""
        self._ledger, self._secret, self._poster, self._now = ledger, secret, poster, now
        self._most = most
        self._promised: list[tuple[float, int, str, Item]] = []
        self._number = 0
        self._wake = asyncio.Event()
        self._at_a_time = asyncio.Semaphore(posts)
        self._posts: set[asyncio.Task[None]] = set()

    def tell(self, callback: str, item: Item, delay_s: float) -> None:
        """Promise one piece of news, `delay_s` seconds (>= 0) from now."""
        due = asyncio.get_running_loop().time() + delay_s
        self._number += 1
        heappush(self._promised, (due, self._number, callback, item))
        if self._promised[0][1] == self._number:
            self._wake.set()

    async def tell_now(self, callback: str, items: list[Item]) -> None:
        """Tell at once and wait until it is taken, EARLY_S at most; after that it goes on being told."""
        for start in range(0, len(items), self._most):
            post = self._post(callback, items[start : start + self._most])
            await asyncio.wait({post}, timeout=EARLY_S)

    def tell_what_an_earlier_run_promised(self) -> None:
        """Promise again what the ledger holds as neither taken nor given up, to the last known callback."""
        memory = self._ledger.memory
        if memory.door is None:
            return
        for known in memory.untold():
            item = Item(known.reference, known.carrier_id, known.code, iso(self._now()))
            self.tell(memory.door, item, 0.0)

    async def run(self) -> None:
        """Tell what falls due, until cancelled; then nothing more is sent."""
        loop = asyncio.get_running_loop()
        try:
            while True:
                self._wake.clear()
                if not self._promised:
                    await self._wake.wait()
                    continue
                pause_s = self._promised[0][0] - loop.time()
                if pause_s > 0:
                    timer = loop.call_later(pause_s, self._wake.set)
                    await self._wake.wait()
                    timer.cancel()
                    continue
                await asyncio.sleep(COLLECT_S)
                self._send_due(loop.time())
        finally:
            for post in self._posts:
                post.cancel()
            await asyncio.gather(*self._posts, return_exceptions=True)

    def _send_due(self, until: float) -> None:
        batches: dict[str, list[Item]] = {}
        while self._promised and self._promised[0][0] <= until:
            _, _, callback, item = heappop(self._promised)
            batch = batches.setdefault(callback, [])
            batch.append(item)
            if len(batch) == self._most:
                self._post(callback, batches.pop(callback))
        for callback, batch in batches.items():
            self._post(callback, batch)

    def _post(self, callback: str, batch: list[Item]) -> "asyncio.Task[None]":
        post = asyncio.ensure_future(self._tell_until_taken(callback, batch))
        self._posts.add(post)
        post.add_done_callback(self._posts.discard)
        return post

    async def _tell_until_taken(self, callback: str, batch: list[Item]) -> None:
        body = orjson.dumps({"news": [item._asdict() for item in batch]})
        self._note_known(batch)
        waited_s = 0.0
        for pause_s in chain(PAUSES_S, repeat(PAUSES_S[-1])):
            if await self._taken(callback, body):
                self._write("news", batch)
                return
            if waited_s >= GIVE_UP_S:
                break
            await asyncio.sleep(pause_s)
            waited_s += pause_s
        log.warning("%d pieces of news were never taken and are given up", len(batch))
        self._write("news_lost", batch)

    async def _taken(self, callback: str, body: bytes) -> bool:
        headers = {"Content-Type": "application/json", SIGNATURE: signature(self._secret, body)}
        async with self._at_a_time:
            try:
                status = await self._poster.post(callback, body, headers)
            except (aiohttp.ClientError, OSError) as fault:
                log.info("news not taken: %s", type(fault).__name__)
                return False
        taken = 200 <= status < 300
        if not taken:
            log.info("news not taken: HTTP %d", status)
        return taken

    def _note_known(self, batch: list[Item]) -> None:
        for item in batch:
            known = self._ledger.memory.known.get(item.reference)
            if known is not None and known.known_at is None and known.code == item.code:
                known.known_at = item.at

    def _write(self, kind: str, batch: list[Item]) -> None:
        for item in batch:
            known = self._ledger.memory.known.get(item.reference)
            self._ledger.write(kind, reference=item.reference, person=known.person if known else None, code=item.code)
