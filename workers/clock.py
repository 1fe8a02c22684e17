"""The clock: a thread in every worker; whichever takes the turn does the sweeps of this second."""

from __future__ import annotations

import threading
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import structlog
from celery import bootsteps

from dispatcher import clock, receipts
from dispatcher.bells import Bell
from workers import meters
from workers.engine import Engine, engine_of

log = structlog.get_logger("clock")

EVERY = timedelta(seconds=0.9)
LOOK_S = 1.0
MOST_ROUNDS = 20
"""A sweep that finds a full page is run again at once, up to this often in one turn."""


class ClockStep(bootsteps.StartStopStep):
    """Starts the clock with its worker, after the pool was forked."""

    requires = ("celery.worker.components:Pool",)

    def __init__(self, parent: Any, **options: Any) -> None:
        super().__init__(parent, **options)
        self.clock: Clock | None = None

    def start(self, parent: Any) -> None:
        """Begin to look at the time."""
        self.clock = Clock(engine_of(parent.app))
        self.clock.start()

    def stop(self, parent: Any) -> None:
        """End after the sweep in hand."""
        if self.clock is not None:
            self.clock.stop()

    terminate = stop


class Clock(threading.Thread):
    """See the module."""

    def __init__(self, engine: Engine) -> None:
        super().__init__(name="clock", daemon=True)
        self._engine = engine
        self._stopping = threading.Event()

    def stop(self, within_s: float = 5.0) -> None:
        """Ask it to end, and wait for the sweep in hand."""
        self._stopping.set()
        self.join(within_s)

    def run(self) -> None:
        """Look, and sweep when it is this worker's turn. A fault of one turn never ends the clock."""
        while not self._stopping.wait(LOOK_S):
            try:
                now = datetime.now(UTC)
                if clock.take_turn(self._engine.store, "sweep", every=EVERY, by=self._engine.owner, now=now):
                    self.sweep()
                    meters.swept("done", (datetime.now(UTC) - now).total_seconds())
            except Exception as fault:  # the database may be away: look again
                meters.swept("failed")
                log.warning("sweep_failed", fault=type(fault).__name__, exc_info=fault)

    def sweep(self) -> None:
        """All duties once."""
        store = self._engine.store
        self._rounds("free_leases", lambda now: clock.free_leases(store, ask_in=self._ask_in, now=now))
        self._rounds("apply_receipts", self._apply_receipts)
        for _ in range(MOST_ROUNDS):
            if not self._ask() or self._stopping.is_set():
                break
        self._rounds("close_news", lambda now: clock.close_news(store, now=now))
        self._rounds("watch_promises", lambda now: (clock.watch_promises(store, now=now), []))
        self._rounds("close_due", lambda now: (clock.close_due(store, now=now), []))
        self._engine.relay.ring(clock.finish_releases(store, now=datetime.now(UTC)))
        self._engine.relay.ring(clock.notice_idle_units(store, now=datetime.now(UTC)))
        self._engine.relay.ring(clock.ring_due(store, now=datetime.now(UTC)))

    def _ask_in(self, _carrier: str) -> float | None:
        """See `clock.leases.AskIn`."""
        after_s = self._engine.carrier.ask_after_s
        return None if after_s is None else after_s - self._engine.settings.request_timeout_s

    def _apply_receipts(self, now: datetime) -> tuple[int, list[Bell]]:
        applied = receipts.apply(self._engine.store, now=now)
        meters.received("placed", applied.placed)
        return applied.placed, applied.bells

    def _rounds(self, name: str, duty: Callable[[datetime], tuple[int, list[Bell]]]) -> None:
        for _ in range(MOST_ROUNDS):
            done, bells = duty(datetime.now(UTC))
            self._engine.relay.ring(bells)
            meters.acted(name, done)
            if done == 0 or self._stopping.is_set():
                return

    def _ask(self) -> bool:
        """Ask the carrier for unsure tries; no transaction is open while it thinks. True when it answered."""
        asks = clock.asks_due(self._engine.store, now=datetime.now(UTC))
        if not asks:
            return False
        found = self._engine.run(self._engine.carrier.ask([ask.reference for ask in asks])).result()
        if found is None:
            log.warning("carrier_cannot_be_asked_now", waiting=len(asks))
            return False
        answers = [
            clock.Asked(ask, told.found, told.carrier_ref, told.code, told.at)
            for ask in asks
            if (told := found.get(ask.reference)) is not None
        ]
        bells = clock.settle_asked(self._engine.store, answers, now=datetime.now(UTC))
        self._engine.relay.ring(bells)
        return True
