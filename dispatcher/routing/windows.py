"""When a carrier lets a person be reached again: sliding windows. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta

from config.carriers import Window


def may_at(windows: Sequence[Window], tries: Sequence[datetime], now: datetime) -> datetime:
    """The earliest instant, >= `now`, at which one more try keeps within all windows. `tries` in any order."""
    earliest = now
    by_age = sorted(tries)
    for window in windows:
        if len(by_age) >= window.most:
            # once this one has left the window, one fewer than `most` are in it
            earliest = max(earliest, by_age[-window.most] + timedelta(seconds=window.seconds))
    return earliest


def longest(windows: Sequence[Window]) -> timedelta:
    """How far back tries have to be known."""
    return timedelta(seconds=max((window.seconds for window in windows), default=0))
