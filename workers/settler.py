"""Answers are settled in micro-batches: as they come, many in one transaction, none later than a blink."""

from __future__ import annotations

import threading
import time
from collections.abc import Sequence
from concurrent.futures import Future
from datetime import UTC, datetime
from queue import Empty, SimpleQueue

import structlog
from sqlalchemy.exc import SQLAlchemyError

from dispatcher.bells import Ring
from dispatcher.routing.network import SIMULATED, Network
from dispatcher.settle import Settlement, settle
from dispatcher.store import Store
from workers import meters

log = structlog.get_logger("settler")

MOST = 500
PAUSE_S = 0.5
LOOK_S = 0.01


class Settler:
    """One thread that writes what carriers answered; `put` hands it over, its future ends with the commit."""

    def __init__(
        self, store: Store, ring: Ring, *, within_s: float, give_up_after_s: float, network: Network = SIMULATED
    ) -> None:
        self._store = store
        self._ring = ring
        self._network = network
        self._within_s = within_s
        self._give_up_after_s = give_up_after_s
        self._waiting: SimpleQueue[tuple[Sequence[Settlement], Future[None]]] = SimpleQueue()
        threading.Thread(target=self._run, name="settler", daemon=True).start()

    def put(self, settlements: Sequence[Settlement]) -> Future[None]:
        """Settle these soon."""
        done: Future[None] = Future()
        self._waiting.put((settlements, done))
        return done

    def _run(self) -> None:
        while True:
            batch, waiting = self._gather()
            try:
                self._write(batch)
            except Exception as fault:  # the room of these is needed again, and the next ones are settled
                log.error("settle_broken", count=len(batch), fault=type(fault).__name__, exc_info=fault)
            for done in waiting:
                done.set_result(None)

    def _gather(self) -> tuple[list[Settlement], list[Future[None]]]:
        settlements, done = self._waiting.get()
        batch, waiting = list(settlements), [done]
        until = time.monotonic() + self._within_s
        while len(batch) < MOST:
            try:
                settlements, done = self._waiting.get_nowait()
            except Empty:
                if (left := until - time.monotonic()) <= 0:
                    break
                time.sleep(min(left, LOOK_S))  # not to be woken by each of them while they are sent
                continue
            batch += settlements
            waiting.append(done)
        return batch, waiting

    def _write(self, batch: list[Settlement]) -> None:
        """Try until it is written, or until the leases are over and the clock has decided anyway."""
        until = time.monotonic() + self._give_up_after_s
        while True:
            try:
                settled = settle(self._store, batch, now=datetime.now(UTC), network=self._network)
            except SQLAlchemyError as fault:
                meters.unsettled()
                log.warning("settle_failed", count=len(batch), fault=type(fault).__name__)
                if time.monotonic() > until:
                    return
                time.sleep(PAUSE_S)
            except Exception as fault:  # ours: this batch comes back by its leases, and the next ones are settled
                log.error("settle_broken", count=len(batch), fault=type(fault).__name__, exc_info=fault)
                return
            else:
                self._ring(settled.bells)
                meters.settled(batch, settled.counted)
                return
