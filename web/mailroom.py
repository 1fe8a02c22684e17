"""Carriers' news, many callbacks in one commit: each is answered when it is stored, and applied soon after.

One thread stores and one applies, so that callbacks do not queue up before the database one by one, and no carrier
waits for what its news sets off.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Sequence
from concurrent.futures import Future
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
SHARE_S = 0.01
"""How long a commit waits for more to share it, where its last one was shared: a lone callback waits for nobody."""
OURS_FOR = timedelta(seconds=2)
"""So long the clock leaves to us what was stored, or both would be at the same news; later it takes over."""
REST_S = 0.1
"""From one applying to the next: its statements cost the same for one piece of news as for a hundred."""


class Mailroom:
    """`store` returns a future that ends with the commit; what was stored is applied soon, many at a time."""

    def __init__(self, house: House) -> None:
        self._house = house
        self._waiting: SimpleQueue[tuple[str, Sequence[Told], Future[int]] | None] = SimpleQueue()
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

    def store(self, carrier: str, news: Sequence[Told]) -> Future[int]:
        """Keep this news: the number of pieces, once committed; or the database's fault."""
        done: Future[int] = Future()
        self._waiting.put((carrier, news, done))
        return done

    def _store_all(self) -> None:
        more, shared = True, False
        while more:
            post, more = self._gather(SHARE_S if shared else 0.0)
            shared = len(post) > 1
            for carrier in {item[0] for item in post}:
                if ids := self._keep(carrier, post):
                    self._stored.put(ids)
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
            next_at = time.monotonic() + REST_S
            self._apply(ids)
            if last:
                return

    def _gather(self, share_s: float) -> tuple[list[tuple[str, Sequence[Told], Future[int]]], bool]:
        """What waits, and what comes within `share_s` after the first; False: the door closes."""
        post: list[tuple[str, Sequence[Told], Future[int]]] = []
        item = self._waiting.get()
        if item is not None:
            time.sleep(share_s)
        while item is not None:
            post.append(item)
            item[2].set_running_or_notify_cancel()  # who has gone away can no longer take his answer back
            if sum(len(news) for _, news, _ in post) >= MOST:
                return post, True
            try:
                item = self._waiting.get_nowait()
            except Empty:
                return post, True
        return post, False

    def _keep(self, carrier: str, post: Sequence[tuple[str, Sequence[Told], Future[int]]]) -> list[UUID]:
        mine = [item for item in post if item[0] == carrier]
        try:
            told = [piece for _, news, _ in mine for piece in news]
            ids = receipts.keep(self._house.store, carrier, told, now=self._house.now(), own_for=OURS_FOR)
        except Exception as fault:  # nothing was kept: every sender is told so, and tells it again
            for _, _, done in mine:
                if not done.cancelled():
                    done.set_exception(fault)
            return []
        for _, news, done in mine:
            if not done.cancelled():
                done.set_result(len(news))
        self._count("kept", len(ids))
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
