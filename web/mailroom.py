"""Carriers' news, many callbacks in one commit: each is answered when it is stored, and applied soon after.

One thread stores and one applies, so that callbacks do not queue up before the database one by one, and no carrier
waits for what its news sets off.
"""

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import timedelta
from queue import Empty, SimpleQueue
from uuid import UUID

import structlog

from dispatcher import measures, receipts
from dispatcher.news import Told
from web import tracing
from web.house import House

log = structlog.get_logger("receipts")

MOST = 2_000
"""News in one commit, about."""
SHARE_S = 0.02
"""How long a commit waits for more to share it, where its last one was shared: a lone callback waits for nobody."""
OURS_FOR = timedelta(seconds=2)
"""So long the clock leaves to us what was stored, or both would be at the same news; later it takes over."""
REST_S, MOST_REST_S, BREATH_S = 0.1, 0.4, 0.01
RESTS = 2.0
"""From the end of one applying to the next: its statements cost the same for one piece of news as for a hundred. Where
all is busy and one takes long, so many times as long as it took, that more share the next, and at most MOST_REST_S.
What was full has shared enough: the next follows after one breath, or news would come faster than it is applied. In
that breath others may take the embedded database, which has one writer."""


@dataclass(frozen=True, slots=True)
class Post:
    """One callback's news, and who waits for it to be stored."""

    carrier: str
    news: Sequence[Told]
    done: asyncio.Future[int]


class Mailroom:
    """`store` ends with the commit; what was stored is applied soon, many at a time."""

    def __init__(self, house: House) -> None:
        self._house = house
        self._waiting: SimpleQueue[Post | None] = SimpleQueue()
        self._stored: SimpleQueue[list[UUID] | None] = SimpleQueue()
        self._threads = [
            threading.Thread(target=self._store_all, name="mailroom", daemon=True),
            threading.Thread(target=self._apply_all, name="mailroom-apply", daemon=True),
        ]

    def start(self) -> None:
        """Open."""
        for thread in self._threads:
            thread.start()

    def stop(self) -> None:
        """Finish what waits, and close."""
        self._waiting.put(None)
        for thread in self._threads:
            thread.join(10)

    async def store(self, carrier: str, news: Sequence[Told]) -> int:
        """Keep this news: the number of pieces, once committed. Raises: the database's fault; nothing is kept then."""
        done: asyncio.Future[int] = asyncio.get_running_loop().create_future()
        self._waiting.put(Post(carrier, news, done))
        return await done

    def _store_all(self) -> None:
        more, shared = True, False
        while more:
            post, more = self._gather(SHARE_S if shared else 0.0)
            shared = len(post) > 1
            for carrier in {one.carrier for one in post}:
                try:
                    if ids := self._keep(carrier, [one for one in post if one.carrier == carrier]):
                        self._stored.put(ids)
                except Exception as fault:  # what was kept is left to the clock, and the next ones are kept
                    log.error("mailroom_broken", carrier=carrier, fault=type(fault).__name__, exc_info=fault)
        self._stored.put(None)

    def _apply_all(self) -> None:
        next_at = 0.0
        while (ids := self._stored.get()) is not None:
            last = False
            time.sleep(max(0.0, next_at - time.monotonic()))
            while len(ids) < MOST and not last:
                try:
                    more = self._stored.get_nowait()
                except Empty:
                    break
                last = more is None
                ids += more or []
            begun = time.monotonic()
            self._apply(ids)
            ended = time.monotonic()
            full = len(ids) >= MOST
            next_at = ended + (BREATH_S if full else min(MOST_REST_S, max(REST_S, RESTS * (ended - begun))))
            if last:
                return

    def _gather(self, share_s: float) -> tuple[list[Post], bool]:
        """What waits, and what comes within `share_s` after the first; False: the door closes."""
        post: list[Post] = []
        one, pieces = self._waiting.get(), 0
        if one is not None:
            time.sleep(share_s)
        while one is not None:
            post.append(one)
            pieces += len(one.news)
            if pieces >= MOST:
                return post, True
            try:
                one = self._waiting.get_nowait()
            except Empty:
                return post, True
        return post, False

    def _keep(self, carrier: str, post: Sequence[Post]) -> list[UUID]:
        told = [piece for one in post for piece in one.news]
        try:
            ids = receipts.keep(self._house.store, carrier, told, now=self._house.now(), own_for=OURS_FOR)
        except Exception as fault:  # nothing was kept: every sender is told so, and tells it again
            _answer(post, fault)
            return []
        _answer(post, None)
        self._count("kept", len(ids))
        self._house.meters.add(measures.NEWS_CAME, (carrier, "told"), len(ids))
        tracing.received(self._house.tell, self._house.store, carrier, told, self._house.now())
        return ids

    def _apply(self, ids: list[UUID]) -> None:
        """What fails here is applied by the clock."""
        try:
            applied = receipts.apply(self._house.store, now=self._house.now(), ids=ids, network=self._house.network)
            self._house.ring(applied.bells)
            self._count("placed", applied.placed)
            self._count("early", applied.waiting)
        except Exception as fault:  # whatever it is, the next ones are applied
            log.warning("receipts_left_to_the_clock", count=len(ids), fault=type(fault).__name__, exc_info=fault)

    def _count(self, fate: str, many: int) -> None:
        if many:
            self._house.meters.add(measures.RECEIPTS, (fate,), many)


def _answer(post: Sequence[Post], fault: Exception | None) -> None:
    """Tell all who wait, with one word to their event loop: a word for each costs more than to read their news."""
    by_loop: dict[asyncio.AbstractEventLoop, list[Post]] = {}
    for one in post:
        by_loop.setdefault(one.done.get_loop(), []).append(one)
    for loop, mine in by_loop.items():
        with suppress(RuntimeError):  # a loop that is closed: nobody waits there any more
            loop.call_soon_threadsafe(_end, mine, fault)


def _end(post: Sequence[Post], fault: Exception | None) -> None:
    for one in post:
        if one.done.done():  # whoever sent it has gone away
            continue
        if fault is None:
            one.done.set_result(len(one.news))
        else:
            one.done.set_exception(fault)
