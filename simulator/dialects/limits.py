"""How often a vendor lets one person be reached: sliding windows, in memory, forgotten with a restart."""

from __future__ import annotations

import time
from collections import defaultdict, deque
from collections.abc import Callable, Sequence
from typing import NamedTuple


class Window(NamedTuple):
    """At most so many in so many seconds; `code` is what the vendor answers above it."""

    most: int
    seconds: float
    code: str


class Limits:
    """One vendor's windows, each for one key, such as a person, or a person and a text."""

    def __init__(self, windows: Sequence[Window], *, now: Callable[[], float] = time.monotonic) -> None:
        self._windows, self._now = sorted(windows, key=lambda one: one.seconds), now
        self._longest_s = max((one.seconds for one in windows), default=0.0)
        self._seen: dict[str, deque[float]] = defaultdict(deque)

    def over(self, key: str) -> str | None:
        """The code of the shortest window that is full, or None: then this one is counted."""
        now, seen = self._now(), self._seen[key]
        while seen and seen[0] <= now - self._longest_s:
            seen.popleft()
        for window in self._windows:
            if sum(at > now - window.seconds for at in seen) >= window.most:
                return window.code
        seen.append(now)
        return None
