"""What this process has out: claimed work that waits for a carrier, bounded, and awaited at the end.

A task claims, hands its letters to the event loop and ends; the next task may claim while they are out. There is
room before a claim or there is no claim, so that no lease runs while a letter waits for a connection.

A request that hangs gives its room back before it has ended, so that a carrier which answers nobody cannot take the
whole room of a process, and the letters of the others go out. What hangs has a bound of its own.
"""

from __future__ import annotations

import threading

CONNECTIONS = 200
"""Requests of one process that may be out at once; the carriers' client holds so many connections."""
LETTERS = 1_000
"""Letters of one process that may be out at once, and as many again that hang: what one killed process leaves to be
asked for."""


class InFlight:
    """Counts the requests that are out, and their letters."""

    def __init__(self, requests: int = CONNECTIONS, letters: int = LETTERS) -> None:
        self._most = (requests, letters)
        self._requests = self._letters = 0
        self._hanging = 0
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

    def place(self, letters: int) -> Place:
        """One request of those that have entered, with its letters: to be told when it hangs, and when it has ended."""
        return Place(self, letters)

    def drain(self, within_s: float) -> bool:
        """Wait until nothing is out. False: something still is, and its lease decides."""
        with self._changed:
            return self._changed.wait_for(lambda: self._letters == 0 and self._hanging == 0, timeout=within_s)

    def lend(self, letters: int) -> bool:
        """A request hangs: its room is another's from now on, unless a whole room's letters hang already."""
        with self._changed:
            if self._hanging + letters > self._most[1]:
                return False
            self._hanging += letters
            self._requests -= 1
            self._letters -= letters
            self._changed.notify_all()
            return True

    def ended(self, letters: int) -> None:
        """A request that hung has been answered and settled."""
        with self._changed:
            self._hanging -= letters
            self._changed.notify_all()

    def _has_room(self, requests: int, letters: int) -> bool:
        most_requests, most_letters = self._most
        fits = self._requests + requests <= most_requests and self._letters + letters <= most_letters
        return fits or self._letters == 0


class Place:
    """What one request takes of the room. `hangs` and `leave` may come from different threads, `leave` once."""

    def __init__(self, room: InFlight, letters: int) -> None:
        self._room, self._letters = room, letters
        self._lent = False
        self._left = False
        self._lock = threading.Lock()

    def hangs(self) -> None:
        """It is out for longer than its carrier may take."""
        with self._lock:
            if not (self._lent or self._left):
                self._lent = self._room.lend(self._letters)

    def leave(self) -> None:
        """It has been answered and settled, or was not sent."""
        with self._lock:
            self._left = True
            if self._lent:
                self._room.ended(self._letters)
            else:
                self._room.leave(1, self._letters)
