"""What may be decided when: pure, and in one place.

Source: a stop lasts 48 hours, and one account is stopped twice at the most (紧急止付's published rule).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from dispatcher.words import StopState

LASTS = timedelta(hours=48)
MOST = 2


class AlreadyDecided(Exception):
    """Somebody has decided this one: look at the list again."""


class AlreadyRequested(Exception):
    """A stop of the same account was requested and the bank has not answered: note its answer first."""


class StoppedTwice(Exception):
    """The account has been stopped twice, and is not stopped again: a freeze needs another procedure."""


@dataclass(frozen=True, slots=True)
class Earlier:
    """A stop of the same account that counts: requested, or one by which money was stopped until an instant."""

    number: int
    state: StopState
    stopped_until: datetime | None


def must_be(state: str, wanted: StopState) -> None:
    """Raises: AlreadyDecided."""
    if state != wanted:
        raise AlreadyDecided(f"this stop is {state}; only a {wanted} one can be decided so")


def next_number(earlier: Sequence[Earlier]) -> int:
    """Which stop of its account the next one is: 1 or 2. Raises: AlreadyRequested, StoppedTwice."""
    if any(one.state is StopState.REQUESTED for one in earlier):
        raise AlreadyRequested("a stop of this account is with the bank; note its answer first")
    if len(earlier) >= MOST:
        raise StoppedTwice("this account has been stopped twice, which is the most that may be")
    return 1 if not earlier else 3 - earlier[0].number


def ends_at(earlier: Sequence[Earlier], now: datetime) -> datetime:
    """When a stop that the bank has just confirmed ends; a second one begins when the first has ended."""
    return max([now, *(one.stopped_until for one in earlier if one.stopped_until is not None)]) + LASTS
