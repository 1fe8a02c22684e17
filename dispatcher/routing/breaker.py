"""Whether a carrier is to be passed by: one state machine, fed by all workers. Pure arithmetic.

    closed --(fails and fails)--> open --(time, a probe)--> half_open --(a probe succeeds)--> closed
                                   ^                            |
                                   +-----(a probe fails)--------+

A carrier is opened by so many failures in a row, or by the share of failures among its latest requests. While it is
open it is passed by. After a pause a few letters may try it; the pause doubles each time they fail.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum


class State(StrEnum):
    """Used as ever; passed by; being tried with a few letters."""

    CLOSED = "closed"
    OPEN = "open"
    HALF_OPEN = "half_open"


@dataclass(frozen=True, slots=True)
class Rule:
    """When a carrier is passed by and when it is tried again. Source: our first guess, to be measured.

    `in_a_row` failures open it, and so does a `share` of failures among at least `of_at_least` requests, of which
    those of `half_life_s` ago count half. It is tried after `pause_s`, doubled up to `longest_pause_s`.
    """

    in_a_row: int = 4
    share: float = 0.5
    of_at_least: float = 10.0
    half_life_s: float = 10.0
    pause_s: float = 5.0
    longest_pause_s: float = 60.0
    probe_every_s: float = 2.0


RULE = Rule()


@dataclass(frozen=True, slots=True)
class Breaker:
    """How a carrier fares. `run`: failures in a row; `opened`: how often in a row it was opened without closing."""

    state: State
    since: datetime
    probe_at: datetime | None
    opened: int
    run: int
    asked: float
    failed: float
    counted_at: datetime

    @property
    def share(self) -> float | None:
        """Failures among the latest requests, 0 .. 1; None when there were none to speak of."""
        return self.failed / self.asked if self.asked >= 0.5 else None


@dataclass(frozen=True, slots=True)
class Report:
    """Requests that one process saw end (or hang) since it last told: counts >= 0.

    `last_run`: of the failures, those after the last success.
    """

    good: int = 0
    failed: int = 0
    last_run: int = 0


def sound(now: datetime) -> Breaker:
    """A carrier of which nothing is known so far."""
    return Breaker(State.CLOSED, now, None, 0, 0, 0.0, 0.0, now)


def after(breaker: Breaker, report: Report, now: datetime, rule: Rule = RULE) -> Breaker:
    """How the carrier fares once `report` is known. `now` may lie before the last one, by another host's clock."""
    breaker = _counted(breaker, report, now, rule)
    match breaker.state:
        case State.CLOSED:
            return _opened(breaker, now, rule) if _fails(breaker, rule) else breaker
        case State.HALF_OPEN if report.failed:
            return _opened(breaker, now, rule)
        case State.HALF_OPEN if report.good:
            return sound(now)
    return breaker  # open: what comes now was sent before it was opened


def probed(breaker: Breaker, now: datetime, rule: Rule = RULE) -> Breaker | None:
    """The breaker once a probe has been let through `now`; None: it is not the time for one.

    A probe whose process died tells nothing: the next one is let through a little later.
    """
    if breaker.probe_at is None or breaker.probe_at > now:
        return None
    since = now if breaker.state is State.OPEN else breaker.since
    pause = timedelta(seconds=rule.probe_every_s)
    return replace(breaker, state=State.HALF_OPEN, since=since, probe_at=now + pause)


def _counted(breaker: Breaker, report: Report, now: datetime, rule: Rule) -> Breaker:
    passed_s = max(0.0, (now - breaker.counted_at).total_seconds())
    kept = 0.5 ** (passed_s / rule.half_life_s)
    failed = breaker.failed * kept + report.failed
    asked = max(failed, breaker.asked * kept + report.good + report.failed)
    run = report.last_run if report.good else breaker.run + report.failed
    return replace(breaker, run=run, asked=asked, failed=failed, counted_at=max(now, breaker.counted_at))


def _fails(breaker: Breaker, rule: Rule) -> bool:
    if breaker.run >= rule.in_a_row:
        return True
    return breaker.asked >= rule.of_at_least and breaker.failed > 0 and breaker.failed / breaker.asked >= rule.share


def _opened(breaker: Breaker, now: datetime, rule: Rule) -> Breaker:
    pause_s = min(rule.pause_s * 2 ** min(breaker.opened, 20), rule.longest_pause_s)
    return replace(
        breaker,
        state=State.OPEN,
        since=now,
        probe_at=now + timedelta(seconds=pause_s),
        opened=breaker.opened + 1,
        run=0,
        asked=0.0,
        failed=0.0,
    )
