"""One queue as one reader sees it: a listing that is kept, not made anew for each message."""

import heapq
import os
import threading
import time
from collections import deque
from collections.abc import Callable
from pathlib import Path

from workers.filequeue.names import MESSAGE

# Our first guesses. A folder's change time has the grain of the kernel's tick (1 to 10 ms), so that a
# change within one grain of the listing would show no later time.
GRAIN_NS = 50_000_000
RELIST_S = 1.0
# Listing 30,000 names takes some 20 ms: this keeps it under 2 % of a reader's time.
LISTINGS_APART = 50


class Shelf:
    """The names waiting in one queue's folder, oldest first."""

    def __init__(
        self,
        folder: Path,
        clock: Callable[[], float] = time.monotonic,
        clock_ns: Callable[[], int] = time.time_ns,
    ) -> None:
        self.folder = folder
        self._clock = clock
        self._clock_ns = clock_ns
        self._names: deque[str] = deque()
        self._came_back: list[str] = []
        self._relist_at = 0.0
        self._unchanged_since: int | None = None
        self._lock = threading.Lock()

    def next(self) -> str | None:
        """The oldest name that may still be there, or None if nothing waits.

        Raises: FileNotFoundError: the folder is gone.
        """
        with self._lock:
            if self._clock() >= self._relist_at or (self._is_empty() and self._has_changed()):
                self._list()
            if self._came_back and (not self._names or self._came_back[0] < self._names[0]):
                return heapq.heappop(self._came_back)
            return self._names.popleft() if self._names else None

    def give_back(self, name: str) -> None:
        """A name that was taken lies in the folder again. Any thread may say so."""
        with self._lock:
            heapq.heappush(self._came_back, name)

    def forget(self) -> None:
        """The folder was emptied or made anew."""
        with self._lock:
            self._names.clear()
            self._came_back.clear()
            self._relist_at = 0.0

    def _is_empty(self) -> bool:
        return not self._names and not self._came_back

    def _has_changed(self) -> bool:
        changed = self.folder.stat().st_mtime_ns
        return changed != self._unchanged_since

    def _list(self) -> None:
        began = self._clock()
        # Read before the listing: a change during it shows as a later time afterwards.
        changed = self.folder.stat().st_mtime_ns
        with os.scandir(self.folder) as found:
            names = sorted(entry.name for entry in found if entry.name.endswith(MESSAGE))
        self._names = deque(names)
        self._came_back.clear()
        settled = self._clock_ns() - changed > GRAIN_NS
        self._unchanged_since = changed if settled else None
        took = self._clock() - began
        self._relist_at = began + max(RELIST_S, took * LISTINGS_APART)
