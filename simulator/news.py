"""News to the client's callbacks: promised for an instant, collected, told until it is taken or lost."""

import asyncio
import logging
from heapq import heappop, heappush
from weakref import WeakValueDictionary

import aiohttp

from simulator.clock import Clock, iso, utc_now
from simulator.ledger import Ledger
from simulator.telling import Ear, Heard, Item, Telling
from simulator.wire import Poster

log = logging.getLogger(__name__)

COLLECT_S = 0.05
AFTER_S = 0.3
"""News that comes after other news is looked at again this soon while that is not yet told."""
EARLY_S = 2.0


class NewsRoom:
    """Holds promised news by due time. Sleeps while nothing is promised."""

    def __init__(self, ledger: Ledger, own: Telling, poster: Poster, *, posts: int, now: Clock = utc_now) -> None:
        """`own`: how the own interface tells. `posts`: requests that may be out at once, >= 1."""
        self._ledger, self.own, self._poster, self._now = ledger, own, poster, now
        self._promised: list[tuple[float, int, Ear, Item, bool]] = []
        self._number = 0
        self._wake = asyncio.Event()
        self._at_a_time = asyncio.Semaphore(posts)
        self._posts: set[asyncio.Task[None]] = set()
        self._turns: WeakValueDictionary[str, asyncio.Lock] = WeakValueDictionary()

    def tell(self, ear: Ear, item: Item, delay_s: float, *, after: bool = False) -> None:
        """Promise one piece of news, `delay_s` seconds (>= 0) from now.

        `after`: not before the final news of the same effect has been taken, or given up.
        """
        due = asyncio.get_running_loop().time() + delay_s
        self._number += 1
        heappush(self._promised, (due, self._number, ear, item, after))
        if self._promised[0][1] == self._number:
            self._wake.set()

    async def tell_now(self, ear: Ear, items: list[Item]) -> None:
        """Tell at once and wait until it is taken, EARLY_S at most; after that it goes on being told."""
        most = ear.telling.most
        for start in range(0, len(items), most):
            post = self._post(ear, items[start : start + most])
            await asyncio.wait({post}, timeout=EARLY_S)

    def tell_what_an_earlier_run_promised(self) -> None:
        """Promise again what the ledger holds as neither taken nor given up, to the last known callback.

        A dialect's news names the person's number, which no ledger keeps: a restart has lost it, and says so.
        """
        memory = self._ledger.memory
        for known in memory.untold():
            item = Item(known.reference, known.carrier_id, known.code, iso(self._now()))
            if known.dialect is not None:
                self._write("news_lost", [item], known.dialect)
            elif memory.door is not None:
                self.tell(Ear(self.own, memory.door), item, 0.0)

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
        batches: dict[Ear, list[Item]] = {}
        while self._promised and self._promised[0][0] <= until:
            _, _, ear, item, after = heappop(self._promised)
            if after and self._comes_first(item):
                self.tell(ear, item, AFTER_S, after=True)
                continue
            batch = batches.setdefault(ear, [])
            batch.append(item)
            if len(batch) == ear.telling.most:
                self._post(ear, batches.pop(ear))
        for ear, batch in batches.items():
            self._post(ear, batch)

    def _comes_first(self, item: Item) -> bool:
        """Whether the final news of this effect is still to be told."""
        known = self._ledger.memory.known.get(item.reference)
        return known is not None and not known.withheld and not known.told

    def _post(self, ear: Ear, batch: list[Item]) -> "asyncio.Task[None]":
        post = asyncio.ensure_future(self._tell_until_taken(ear, batch))
        self._posts.add(post)
        post.add_done_callback(self._posts.discard)
        return post

    async def _tell_until_taken(self, ear: Ear, batch: list[Item]) -> None:
        self._note_known(batch)
        for pause_s in (*ear.telling.pauses_s, None):
            heard = await self._told(ear, batch)
            if heard == "taken":
                self._write("news", batch, ear.telling.dialect)
                return
            if heard == "lost" or pause_s is None:
                break
            await asyncio.sleep(pause_s)
        log.warning("%d pieces of news were never taken and are given up", len(batch))
        self._write("news_lost", batch, ear.telling.dialect)

    async def _told(self, ear: Ear, batch: list[Item]) -> Heard:
        if ear.telling.dialect is None or len(batch) > 1:
            return await self._said(ear, batch)
        # what a vendor tells of one call it tells in order: the next may depend on what was answered
        async with self._turns.setdefault(batch[0].carrier_id, asyncio.Lock()):
            return await self._said(ear, batch)

    async def _said(self, ear: Ear, batch: list[Item]) -> Heard:
        told = ear.telling.says(ear.callback, batch)
        if told is None:
            return "lost"
        async with self._at_a_time:
            try:
                status, reply = await self._poster.send(*told)
            except (aiohttp.ClientError, OSError, ValueError) as fault:
                log.info("news not taken: %s", type(fault).__name__)
                return ear.telling.heard(None, b"", batch)
        heard = ear.telling.heard(status, reply, batch)
        if heard != "taken":
            log.info("news not taken: HTTP %d", status)
        return heard

    def _note_known(self, batch: list[Item]) -> None:
        memory = self._ledger.memory
        for item in batch:
            if item.stage:
                continue
            known = memory.known.get(item.reference)
            if known is not None and known.known_at is None and known.code == item.code:
                known.known_at = item.at
            sent = memory.sent.get(item.carrier_id)
            if sent is not None and sent.known_at is None and sent.code == item.code:
                sent.known_at = item.at

    def _write(self, kind: str, batch: list[Item], dialect: str | None) -> None:
        spoken = {"dialect": dialect} if dialect else {}
        for item in batch:
            known = self._ledger.memory.known.get(item.reference)
            stage = {"stage": item.stage} if item.stage else {}
            self._ledger.write(
                kind,
                reference=item.reference,
                person=known.person if known else None,
                code=item.code,
                **stage,
                **spoken,
            )
