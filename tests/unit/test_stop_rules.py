"""How often an account may be stopped, and until when."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from dispatcher.stop_payments import LASTS
from dispatcher.stop_payments.rules import AlreadyRequested, Earlier, StoppedTwice, ends_at, next_number
from dispatcher.words import StopState

NOON = datetime(2026, 11, 22, 4, 0, tzinfo=UTC)
LATER = NOON + timedelta(hours=10)


def stood(number: int, until: datetime = LATER) -> Earlier:
    """A stop by which money was stopped."""
    return Earlier(number, StopState.ANSWERED, until)


def test_an_account_is_stopped_twice_and_no_more() -> None:
    """The police stopped an account, and stopped it once more; the third time they are told that it may not be."""
    assert next_number([]) == 1
    assert next_number([stood(1)]) == 2
    assert next_number([stood(2)]) == 1
    with pytest.raises(StoppedTwice):
        next_number([stood(1), stood(2)])


def test_nobody_asks_the_bank_twice_at_once() -> None:
    """Two victims paid into the same account: while the bank has the first request, the second is not sent."""
    with pytest.raises(AlreadyRequested):
        next_number([Earlier(1, StopState.REQUESTED, None)])


def test_a_second_stop_begins_when_the_first_has_ended() -> None:
    """The first stop has ten hours left: the second ends 48 hours after it, not 48 hours from now."""
    assert ends_at([], NOON) == NOON + LASTS
    assert ends_at([stood(1)], NOON) == LATER + LASTS
    assert ends_at([stood(1, NOON - LASTS)], NOON) == NOON + LASTS
