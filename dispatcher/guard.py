"""What one process knows of the carriers that fail: a copy of their rows, half a second old at the most."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta

from dispatcher.health import Health, let_probe
from dispatcher.routing.breaker import State
from dispatcher.store import Store

PROBES = 3
"""Letters that try a carrier which is passed by."""

NOBODY_CAME = timedelta(seconds=10)
"""A carrier that only urgent letters go by is tried with one of them, when its time has been over for so long."""


class Guard:
    """Asked for every letter; told by whoever reads or writes the rows. One thread's dict at a time, swapped whole."""

    def __init__(self) -> None:
        self._known: dict[str, Health] = {}

    def learn(self, found: Iterable[Health]) -> None:
        """These carriers fare so."""
        self._known = self._known | {one.carrier: one for one in found}

    def shut(self, carrier: str, now: datetime) -> datetime | None:
        """Until when this carrier is passed by; None: it is used."""
        known = self._known.get(carrier)
        if known is None or known.state is State.CLOSED:
            return None
        return known.breaker.probe_at or now

    def nobody_probes(self, carrier: str, now: datetime) -> bool:
        """Whether it should have been tried long ago."""
        at = self.shut(carrier, now)
        return at is not None and at + NOBODY_CAME <= now

    def probe(self, store: Store, carrier: str, now: datetime) -> int:
        """How many letters may try it now, 0 or a few. Commits where its time has come."""
        at = self.shut(carrier, now)
        if at is None or at > now:
            return 0
        found = let_probe(store, carrier, now)
        if found is not None:
            self.learn([found])
        return PROBES if found is not None else 0
