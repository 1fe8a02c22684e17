"""The clock: a thread in every worker; whichever takes the turn does the sweeps of this second."""

from __future__ import annotations

import asyncio
import threading
import time
from collections import Counter, defaultdict
from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any

import structlog
from celery import bootsteps
from sqlalchemy.exc import OperationalError, SQLAlchemyError
from sqlalchemy.exc import TimeoutError as NoConnection

from dispatcher import clock, figures, naming, receipts
from dispatcher.bells import Bell
from dispatcher.ticking import SWEEP
from workers import meters
from workers.carriers import Registry
from workers.carriers.interface import Found, Question
from workers.engine import Engine, engine_of

log = structlog.get_logger("clock")

EVERY = timedelta(seconds=0.9)
LOOK_S = 1.0
MOST_ROUNDS = 20
"""A sweep that finds a full page is run again at once, up to this often in one turn."""


ASKING_S = 2.0
"""No further question is begun in a turn after this."""

FOLDING_S = 0.5
"""No further fold is begun in a turn after this."""

RESTING = timedelta(seconds=2)
"""So old is a change before it is folded: most alerts are planned and answered within it, and are folded once."""
YOUNG = timedelta(seconds=1)
"""A case whose first change is younger waits for the next fold. Source: replayed from a run at 200 alerts a second: an
alert was folded 1.26 times without, 0.95 with it."""


RESTING_EVERY = timedelta(seconds=60)
RESTING_S = 1.0
"""So often, and for so long, days that no fold changes any more are summed up."""


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
                if clock.take_turn(self._engine.store, SWEEP, every=EVERY, by=self._engine.owner, now=now):
                    well = self.sweep()
                    ended = datetime.now(UTC)
                    note = clock.note_done if well else clock.note_not_done
                    note(self._engine.store, by=self._engine.owner, now=ended)
                    meters.swept("done" if well else "failed", (ended - now).total_seconds())
            except Exception as fault:  # the database may be away: look again
                meters.swept("failed")
                log.warning("sweep_failed", fault=type(fault).__name__, exc_info=fault)

    def sweep(self) -> bool:
        """All duties once. True when all went well: one that meets a fault of ours keeps no other from its turn.

        Raises: OperationalError, NoConnection: the database is away, and would be for the next duty too.
        """
        store, ring = self._engine.store, self._engine.relay.ring
        rounds: dict[str, Callable[[datetime], tuple[int, list[Bell]]]] = {
            "free_leases": lambda now: clock.free_leases(store, ask_in=self._engine.carriers.ask_in, now=now),
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
            self._ring_due,
            self._fold,
            self._rest,
        ]
        went_well = [_went_well(duty) for duty in duties]
        return all(went_well)

    def _ring_due(self) -> None:
        relay = self._engine.relay
        relay.ring(clock.ring_due(self._engine.store, now=datetime.now(UTC), crowded=relay.crowded()))

    def _apply_receipts(self, now: datetime) -> tuple[int, list[Bell]]:
        network = self._engine.network
        if network.has_names:
            naming.name(self._engine.store, now=now)
        applied = receipts.apply(self._engine.store, now=now, network=network)
        meters.received("placed", applied.placed)
        return applied.placed, applied.bells

    def _fold(self) -> None:
        """Fold while there is something to fold, and for a while only: figures may lag, warnings may not."""
        until = time.monotonic() + FOLDING_S
        push_s = self._engine.intake.policy.on_time_push_s
        while not self._stopping.is_set():
            now = datetime.now(UTC)
            folded = figures.fold(self._engine.store, now=now, on_time_push_s=push_s, rest=RESTING, young=YOUNG)
            meters.acted("fold_figures", folded)
            if folded == 0 or time.monotonic() > until:
                return

    def _rest(self) -> None:
        """Sum up days at rest at a leisurely pace: without them the figures are as right, and slower."""
        store, now = self._engine.store, datetime.now(UTC)
        if clock.take_turn(store, "rest", every=RESTING_EVERY, by=self._engine.owner, now=now):
            made = figures.rest(store, now=now, within_s=RESTING_S, stopping=self._stopping.is_set)
            meters.acted("rest_figures", made)

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
        """Ask each carrier for its own tries; no transaction is open while they think. True when one answered."""
        asks = clock.asks_due(self._engine.store, now=datetime.now(UTC))
        if not asks:
            return False
        found = self._engine.run(ask_all(self._engine.carriers, asks)).result()
        for name, waiting in Counter(ask.carrier for ask in asks if ask.carrier not in found).items():
            log.warning("carrier_cannot_be_asked_now", carrier=name, waiting=waiting)
        answers = [
            clock.Asked(ask, told.found, told.carrier_ref, told.code, told.at)
            for ask in asks
            if (told := found.get(ask.carrier, {}).get(ask.reference)) is not None
        ]
        for name, many in Counter(one.ask.carrier for one in answers if one.code is not None).items():
            if self._engine.network.polls(name):  # of others news is told, and few are asked for: they would hide it
                meters.fetched(name, many)
        now, network = datetime.now(UTC), self._engine.network
        self._engine.relay.ring(clock.settle_asked(self._engine.store, answers, now=now, network=network))
        return bool(found)


async def ask_all(carriers: Registry, asks: Sequence[clock.Ask]) -> dict[str, dict[str, Found]]:
    """What each carrier said of its own tries, by carrier and reference; one that could not be asked is not there.

    All at once: one that is slow keeps no other from its answers.
    """
    questions: dict[str, list[Question]] = defaultdict(list)
    for ask in asks:
        questions[ask.carrier].append(Question(ask.reference, ask.carrier_ref, ask.to, ask.begun_at))
    # a name that the carriers file has no more is nobody whom we could ask
    asked = {
        name: carrier for name in questions if (carrier := carriers.named(name)) and carrier.ask_after_s is not None
    }
    told = await asyncio.gather(*(carrier.ask(questions[name]) for name, carrier in asked.items()))
    return {name: found for name, found in zip(asked, told, strict=True) if found is not None}


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
