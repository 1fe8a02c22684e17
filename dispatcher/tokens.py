"""A carrier's tokens: one for each letter, refilled by the second, some kept for the urgent. Pure arithmetic.

    take(bucket, limit, now=…, urgent=…, again=…, fresh=…) -> Grant

Over any t seconds a bucket grants at most `per_s * t + burst`, whoever asks, in whatever order. What it holds is kept
in two parts: the urgent's own and the common one. A refill goes to the urgent's part until that is full, so that L1
and L2 have the whole rate before L3 and L4 have any of it, and find their part whatever these have emptied.

Who gets nothing stands in line and is told when to come: the n-th after n / per_s seconds. Whoever comes for the
first time goes to the end of the line; who comes at his time and still gets nothing stands in a short line of his own,
so that he neither waits behind newcomers nor asks again at once.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from math import floor

BURST_S = 1.0
"""A bucket that nobody asks holds what one second brings."""

URGENT_SHARE = 0.2
"""Of what a bucket holds, this much is for L1 and L2 alone."""

SET_BACK_S = 60.0
"""A bucket that was refilled so far in the future was so by a clock that has been set back since."""


@dataclass(frozen=True, slots=True)
class Limit:
    """How many letters a carrier takes in a second, > 0."""

    per_s: float

    @property
    def burst(self) -> float:
        """The most a bucket holds: one second's letters, and never less than one for each part."""
        return max(self.per_s * BURST_S, 2.0)

    @property
    def kept(self) -> float:
        """The urgent's own part of it."""
        return max(self.burst * URGENT_SHARE, 1.0)


@dataclass(frozen=True, slots=True)
class Line:
    """Until when places are promised: to those who came for the first time, and to those who came again in vain."""

    ends_at: datetime
    again_ends_at: datetime


@dataclass(frozen=True, slots=True)
class Bucket:
    """What is there, since when, and who waits for it."""

    tokens: float
    urgent_tokens: float
    refilled_at: datetime
    line: Line
    urgent_line: Line


@dataclass(frozen=True, slots=True)
class Grant:
    """Tokens for so many of those who came again and of the fresh, and when each of the others is to come."""

    bucket: Bucket
    again: int
    fresh: int
    again_at: tuple[datetime, ...]
    fresh_at: tuple[datetime, ...]


def full(limit: Limit, now: datetime) -> Bucket:
    """A bucket that nobody has asked so far."""
    line = Line(now, now)
    return Bucket(limit.burst - limit.kept, limit.kept, now, line, line)


def take(
    bucket: Bucket, limit: Limit, *, now: datetime, urgent: bool, again: int, fresh: int, stay: bool = True
) -> Grant:
    """Tokens for `again` that have waited until their time and for `fresh` that come now, both >= 0.

    `stay` False: who gets none has another carrier to turn to, and no place is promised. `now` may lie before the last
    refill, by another host's clock: nothing is refilled then.
    """
    bucket = refilled(bucket, limit, now)
    line = bucket.urgent_line if urgent else bucket.line
    if _is_full(bucket, limit, urgent):
        line = Line(now, now)  # nobody came for what was promised: cancelled, or promised at a slower rate
    there = floor(_open_to(bucket, urgent) + 1e-9)
    to_again = min(again, there)
    # nobody who comes now goes before those who have been told to come later
    nobody_waits = max(line.ends_at, line.again_ends_at) <= now
    to_fresh = min(fresh, there - to_again) if nobody_waits else 0
    again_at = _places(line.again_ends_at, limit, now, again - to_again if stay else 0)
    fresh_at = _places(line.ends_at, limit, now, fresh - to_fresh if stay else 0)
    line = Line((fresh_at or (line.ends_at,))[-1], (again_at or (line.again_ends_at,))[-1])
    bucket = _without(bucket, to_again + to_fresh, urgent)
    bucket = replace(bucket, urgent_line=line) if urgent else replace(bucket, line=line)
    return Grant(bucket, to_again, to_fresh, again_at, fresh_at)


def refilled(bucket: Bucket, limit: Limit, now: datetime) -> Bucket:
    """The bucket as it is `now`: the urgent's part first, what is over to the common one, no more than it holds."""
    passed_s = (now - bucket.refilled_at).total_seconds()
    refilled_at = now if passed_s > 0 or passed_s < -SET_BACK_S else bucket.refilled_at
    gained = max(passed_s, 0.0) * limit.per_s
    urgent_tokens = min(limit.kept, bucket.urgent_tokens + gained)
    over = max(0.0, bucket.urgent_tokens + gained - urgent_tokens)
    tokens = min(limit.burst - limit.kept, bucket.tokens + over)
    return replace(bucket, tokens=tokens, urgent_tokens=urgent_tokens, refilled_at=refilled_at)


def _is_full(bucket: Bucket, limit: Limit, urgent: bool) -> bool:
    most = limit.burst if urgent else limit.burst - limit.kept
    return _open_to(bucket, urgent) >= most - 1e-9


def _open_to(bucket: Bucket, urgent: bool) -> float:
    return bucket.tokens + bucket.urgent_tokens if urgent else bucket.tokens


def _without(bucket: Bucket, taken: int, urgent: bool) -> Bucket:
    """The urgent take their own part first: it is the first to be refilled."""
    own = min(float(taken), bucket.urgent_tokens) if urgent else 0.0
    tokens = max(0.0, bucket.tokens - (taken - own))
    return replace(bucket, tokens=tokens, urgent_tokens=bucket.urgent_tokens - own)


def _places(end: datetime, limit: Limit, now: datetime, count: int) -> tuple[datetime, ...]:
    start = max(end, now)
    return tuple(start + timedelta(seconds=number / limit.per_s) for number in range(1, count + 1))
