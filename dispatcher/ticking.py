"""Turns by the tick of a row: whether one that was taken still counts."""

from __future__ import annotations

from datetime import datetime, timedelta

SWEEP, DONE = "sweep", "swept"
"""The ticks of a turn of the clock that begins, and of one that ended with all of its duties done."""
AHEAD = timedelta(seconds=60)
"""A tick further ahead than this was made by a clock that was wrong: it keeps nobody from the turn, for then everybody
would stand still until the time has come that it names."""


def counts(ticked_at: datetime, length: timedelta, *, now: datetime) -> bool:
    """Whether a turn of this length that was taken or kept at `ticked_at` is not yet over."""
    return now - length < ticked_at <= now + AHEAD
