"""The clock: a thread in every worker; whichever takes the turn does the sweeps of this second."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any

import structlog
from celery import bootsteps
from sqlalchemy.exc import OperationalError, SQLAlchemyError
from sqlalchemy.exc import TimeoutError as NoConnection

from dispatcher import clock, receipts
from dispatcher.bells import Bell
from workers import meters
from workers.carriers.interface import Question
from workers.engine import Engine, engine_of

log = structlog.get_logger("clock")

EVERY = timedelta(seconds=0.9)
LOOK_S = 1.0
MOST_ROUNDS = 20
"""A sweep that finds a full page is run again at once, up to this often in one turn."""


ASKING_S = 2.0
"""No further question is begun in a turn after this."""


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
                    result = "done" if self.sweep() else "failed"
                    meters.swept(result, (datetime.now(UTC) - now).total_seconds())
            except Exception as fault:  # the database may be away: look again
                meters.swept("failed")
                log.warning("sweep_failed", fault=type(fault).__name__, exc_info=fault)

    def sweep(self) -> bool:
        """All duties once. True when all went well: one that meets a fault of ours keeps no other from its turn.

        Raises: OperationalError, NoConnection: the database is away, and would be for the next duty too.
        """
        store, ring = self._engine.store, self._engine.relay.ring
        rounds: dict[str, Callable[[datetime], tuple[int, list[Bell]]]] = {
            "free_leases": lambda now: clock.free_leases(store, ask_in=self._ask_in, now=now),
            "apply_receipts": self._apply_receipts,
            "close_news": lambda now: clock.close_news(store, now=now),
            "watch_promises": lambda now: (clock.watch_promises(store, now=now), []),
            "close_due": lambda now: (clock.close_due(store, now=now), []),
        }
        duties: list[Callable[[], object]] = [partial(self._rounds, name, duty) for name, duty in rounds.items()]
        duties.insert(2, self._ask_on)
        duties += [
            lambda: ring(clock.finish_releases(store, now=datetime.now(UTC))),
            lambda: ring(clock.notice_idle_units(store, now=datetime.now(UTC))),
            lambda: ring(clock.ring_due(store, now=datetime.now(UTC))),
        ]
        went_well = [_went_well(duty) for duty in duties]
        return all(went_well)

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

    def _ask_on(self) -> None:
        """Ask while there is something to ask for, and for a while only: a slow carrier holds up no bell."""
        until = time.monotonic() + ASKING_S
        for _ in range(MOST_ROUNDS):
            if not self._ask() or self._stopping.is_set() or time.monotonic() > until:
                return

    def _ask(self) -> bool:
        """Ask the carrier for unsure tries; no transaction is open while it thinks. True when it answered."""
        asks = clock.asks_due(self._engine.store, now=datetime.now(UTC))
        if not asks:
            return False
        found = self._engine.run(self._engine.carrier.ask([_question(ask) for ask in asks])).result()
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


def _question(ask: clock.Ask) -> Question:
    return Question(ask.reference, ask.carrier_ref, ask.to, ask.begun_at)


def _went_well(duty: Callable[[], object]) -> bool:
    try:
        duty()
    except Exception as fault:
        if isinstance(fault, OperationalError | NoConnection) and not _was_answered(fault):
            raise
        log.error("duty_broken", fault=type(fault).__name__, exc_info=fault)
        return False
    return True


def _was_answered(fault: SQLAlchemyError) -> bool:
    """Whether a server said so, as of a lock that somebody holds: it is there, and the next duty may fare better."""
    return getattr(getattr(fault, "orig", None), "sqlstate", None) is not None
