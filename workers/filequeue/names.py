"""File names: safe for any queue, sorted by age, telling how often a message came back."""

import hashlib
import threading
import time
from collections.abc import Callable
from urllib.parse import quote

MESSAGE = ".msg"
LONGEST = 180  # bytes; file systems allow 255, and set-aside puts two names into one


def folder_name(name: str) -> str:
    """One path component for a queue or an exchange; different names give different components."""
    safe = quote(name, safe="") or "%"
    if safe.startswith("."):
        safe = "%2E" + safe[1:]
    if len(safe) > LONGEST:
        digest = hashlib.sha256(name.encode("utf-8", "surrogatepass")).hexdigest()[:32]
        safe = f"{safe[: LONGEST - 34]}%~{digest}"
    return safe


class Stamps:
    """Names in the order they were asked for, in this process; across processes by the clock (ns)."""

    def __init__(self, who: str, clock_ns: Callable[[], int] = time.time_ns) -> None:
        self._who = who
        self._clock_ns = clock_ns
        self._last = 0
        self._lock = threading.Lock()

    def next(self) -> str:
        with self._lock:
            self._last = max(self._clock_ns(), self._last + 1)
            return f"{self._last:020d}-{self._who}.0{MESSAGE}"


def returns(name: str) -> int:
    """How often this message was taken and came back, >= 0."""
    parts = name.split(".")
    return int(parts[1]) if len(parts) == 3 and parts[1].isdecimal() and parts[1].isascii() else 0


def returned(name: str) -> str:
    """The name of the same message, in the same place of its queue, come back once more."""
    parts = name.split(".")
    if len(parts) != 3:
        return name
    return f"{parts[0]}.{returns(name) + 1}{MESSAGE}"
