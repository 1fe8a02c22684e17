"""What this process has out: claimed work that waits for a carrier, bounded, and awaited at the end.

A task claims, hands its letters to the event loop and ends; the next task may claim while they are out. There is
room before a claim or there is no claim, so that no lease runs while a letter waits for a connection.
"""

from __future__ import annotations

import threading

CONNECTIONS = 200
"""Requests of one process that may be out at once; the carriers' client holds so many connections."""
LETTERS = 1_000
"""Letters of one process that may be out at once: what one killed process leaves to be asked for."""


class InFlight:
    """Counts the requests that are out, and their letters."""

    def __init__(self, requests: int = CONNECTIONS, letters: int = LETTERS) -> None:
        self._most = (requests, letters)
        self._requests = self._letters = 0
        self._changed = threading.Condition()

    def enter(self, requests: int, letters: int) -> None:
        """Wait until so many more may be out. What is more than there is room for goes alone."""
        with self._changed:
            self._changed.wait_for(lambda: self._has_room(requests, letters))
            self._requests += requests
            self._letters += letters

    def leave(self, requests: int, letters: int) -> None:
        """So many have been answered and settled, or were not needed."""
        with self._changed:
            self._requests -= requests
            self._letters -= letters
            self._changed.notify_all()

    def drain(self, within_s: float) -> bool:
        """Wait until nothing is out. False: something still is, and its lease decides."""
        with self._changed:
            return self._changed.wait_for(lambda: self._letters == 0, timeout=within_s)

    def _has_room(self, requests: int, letters: int) -> bool:
        most_requests, most_letters = self._most
        fits = self._requests + requests <= most_requests and self._letters + letters <= most_letters
        return fits or self._letters == 0
