"""What this process has taken and not yet let go."""

import itertools
import threading
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from workers.filequeue.shelf import Shelf

# One count for the whole process, and a forked child goes on counting: a tag that a child inherited
# can never be mistaken for one of its own.
_tags = itertools.count(1)


@dataclass(frozen=True)
class Claim:
    """One message in the hands of one channel of this process."""

    tag: int
    channel: int
    shelf: Shelf
    file: Path
    payload: dict[str, Any]

    @property
    def queue_folder(self) -> Path:
        return self.shelf.folder


class Claims:
    """Keyed by delivery tag, in the order of delivery. Threads may share it: each claim is handed out once."""

    def __init__(self) -> None:
        self._held: dict[int, Claim] = {}
        self._lock = threading.Lock()

    def hold(self, channel: int, shelf: Shelf, file: Path, payload: dict[str, Any]) -> Claim:
        with self._lock:
            claim = Claim(next(_tags), channel, shelf, file, payload)
            self._held[claim.tag] = claim
        return claim

    def take(self, tag: int) -> Claim | None:
        """The claim, which is now the caller's alone; None if it was let go before."""
        with self._lock:
            return self._held.pop(tag, None)

    def take_up_to(self, tag: int, channel: int) -> list[Claim]:
        """All claims of the channel delivered no later than this one, oldest first; 0 means all."""
        with self._lock:
            due = [c for c in self._held.values() if c.channel == channel and (not tag or c.tag <= tag)]
            for claim in due:
                del self._held[claim.tag]
        return due

    def take_all(self) -> list[Claim]:
        with self._lock:
            held = list(self._held.values())
            self._held.clear()
        return held
