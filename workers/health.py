"""What this process sees of its carriers, told to the others in time, and what the others see.

A thread of its own: whoever delivers looks at a copy and never waits for a row. Failures are told within a blink,
successes every few seconds; all carriers' rows are read twice a second.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

import structlog
from sqlalchemy.exc import SQLAlchemyError

from dispatcher import health
from dispatcher.guard import Guard
from dispatcher.happenings import Answered
from dispatcher.health import Told
from dispatcher.outcomes import FORGIVEN
from dispatcher.routing.breaker import Report, State
from dispatcher.store import Store
from dispatcher.words import Answer, Outcome
from workers import meters

log = structlog.get_logger("carriers")

READ_EVERY_S = 0.5
GATHER_S = 0.05
"""Failures come in swarms: this long is waited for the others before they are told."""
GOOD_EVERY_S = 5.0
SAID_EVERY_S = 60.0
"""The same fault of ours at the same carrier is logged once in this time."""


@dataclass(slots=True)
class _Seen:
    """Of one carrier, since it was last told."""

    good: int = 0
    failed: int = 0
    last_run: int = 0
    latency_s: float | None = None
    our_fault: str | None = None
    at: datetime | None = None


class Watch:
    """One request. Told `hangs` when it is out for too long, and `ended` with its answers; counted once."""

    def __init__(self, seen: Tally, carrier: str) -> None:
        self._tally = seen
        self._carrier = carrier
        self._begun = time.monotonic()
        self._counted = False

    def hangs(self) -> None:
        """It is out for longer than its carrier may take."""
        self._counted = True
        self._tally.note(self._carrier, failed=True)

    def ended(self, answers: Sequence[Answered]) -> None:
        """A request that hung and was answered after all has been counted as failed, and stays so."""
        fault = next((one.code or "our_fault" for one in answers if one.outcome is Outcome.OUR_FAULT), None)
        verdict = None if self._counted else failed(answers)
        latency_s = time.monotonic() - self._begun if verdict is False else None
        self._tally.note(self._carrier, failed=verdict, latency_s=latency_s, our_fault=fault)


class Tally:
    """Counts what comes of requests; its thread tells and reads. `guard` is what it knows."""

    def __init__(self, store: Store) -> None:
        self.guard = Guard()
        self._store = store
        self._lock = threading.Lock()
        self._seen: dict[str, _Seen] = {}
        self._said: dict[tuple[str, str], float] = {}
        self._urgent = threading.Event()
        self._told_at = time.monotonic()

    def start(self) -> Tally:
        """Begin to tell and to read."""
        self._read()
        threading.Thread(target=self._run, name="carriers", daemon=True).start()
        return self

    def watch(self, carrier: str) -> Watch:
        """A request begins."""
        return Watch(self, carrier)

    def note(
        self, carrier: str, *, failed: bool | None, latency_s: float | None = None, our_fault: str | None = None
    ) -> None:
        """One request's end; `failed` None: it says nothing of the carrier."""
        with self._lock:
            seen = self._seen.setdefault(carrier, _Seen())
            if failed:
                seen.failed, seen.last_run = seen.failed + 1, seen.last_run + 1
            elif failed is not None:
                seen.good, seen.last_run = seen.good + 1, 0
            if latency_s is not None:
                seen.latency_s = latency_s
            if our_fault is not None:
                seen.our_fault, seen.at = our_fault[:64], datetime.now(UTC)
        if our_fault is not None:
            meters.our_fault(carrier)
            self._say(carrier, our_fault)
        if failed or our_fault is not None or self.guard.shut(carrier, datetime.now(UTC)) is not None:
            self._urgent.set()

    def _say(self, carrier: str, code: str) -> None:
        now = time.monotonic()
        if now - self._said.get((carrier, code), -SAID_EVERY_S) >= SAID_EVERY_S:
            self._said[carrier, code] = now
            log.error("carrier_refuses_us", carrier=carrier, code=code)

    def _run(self) -> None:
        while True:
            told_now = self._urgent.wait(READ_EVERY_S)
            if told_now:
                time.sleep(GATHER_S)
                self._urgent.clear()
            try:
                self.tell(everything=told_now or time.monotonic() - self._told_at > GOOD_EVERY_S)
                self._read()
            except SQLAlchemyError as fault:  # what was seen is kept, and told when the database is back
                log.warning("carriers_not_told", fault=type(fault).__name__)
                time.sleep(READ_EVERY_S)

    def tell(self, *, everything: bool = True) -> None:
        """Tell what was seen. Raises: SQLAlchemyError: it is told next time."""
        if not everything:
            return
        self._told_at = time.monotonic()
        with self._lock:
            seen, self._seen = self._seen, {}
        for carrier in sorted(seen):
            one = seen.pop(carrier)
            report = Report(one.good, one.failed, one.last_run)
            before = self.guard.shut(carrier, datetime.now(UTC))
            try:
                found = health.tell(
                    self._store, carrier, Told(report, one.latency_s, one.at, one.our_fault), datetime.now(UTC)
                )
            except SQLAlchemyError:
                self._keep({carrier: one} | seen)
                raise
            self.guard.learn([found])
            if (found.state is State.CLOSED) != (before is None):
                log.warning("carrier_state", carrier=carrier, state=found.state.value, opened=found.breaker.opened)

    def _keep(self, seen: dict[str, _Seen]) -> None:
        """What could not be told is told next time, together with what has come since."""
        with self._lock:
            for carrier, old in seen.items():
                new = self._seen.setdefault(carrier, _Seen())
                new.last_run = new.last_run if new.good else old.last_run + new.last_run
                new.good, new.failed = old.good + new.good, old.failed + new.failed
                new.latency_s = old.latency_s if new.latency_s is None else new.latency_s
                if new.our_fault is None:
                    new.our_fault, new.at = old.our_fault, old.at

    def _read(self) -> None:
        with self._store.read() as connection:
            self.guard.learn(health.health(connection))


def failed(answers: Sequence[Answered]) -> bool | None:
    """Whether a request tells against its carrier: no letter of it fared well. None: it says nothing of the carrier,
    as when it only asks for patience."""
    verdicts = {_against(answer) for answer in answers}
    if False in verdicts:
        return False
    return True if True in verdicts else None


def _against(answer: Answered) -> bool | None:
    match answer.answer:
        case Answer.ACCEPTED:
            return False
        case Answer.UNSURE:
            return True
        case Answer.BUSY:
            return True if answer.code == "not_connected" else None
        case Answer.REFUSED:
            return answer.outcome is None or answer.outcome in FORGIVEN | {Outcome.OUR_FAULT}
