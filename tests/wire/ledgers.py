"""The simulated carrier's ledger: what reached it and when, and whether a window of time saw too much."""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import UTC, datetime
from hashlib import sha256
from typing import Any, NamedTuple

from deployment import Home


class Came(NamedTuple):
    """One letter that reached the carrier."""

    at: datetime
    reference: str
    person: str


class Ledger:
    """What reached the simulated carrier, as it wrote it down."""

    def __init__(self, home: Home) -> None:
        lines = (home.home / "simulator" / "ledger.jsonl").read_bytes().splitlines()
        self.salt: str = json.loads(lines[0])["salt"]
        self.entries: list[dict[str, Any]] = [json.loads(line) for line in lines[1:]]

    def came(self, kind: str) -> list[Came]:
        """The letters of this kind (`text`, `ring`), in the order in which they came."""
        return [
            Came(datetime.fromisoformat(entry["at"]), entry["reference"], entry["person"])
            for entry in self.entries
            if entry["kind"] == kind
        ]

    def person(self, phone: str) -> str:
        """The ledger's name of a person."""
        return sha256(f"{self.salt}+86{phone}".encode()).hexdigest()[:32]


def check_windows(home: Home, came: Sequence[Came], *, per_s: float, burst: float, who: str = "it") -> int:
    """No window saw more than rate and burst allow, were it longer by the slowest way from claim to ledger. Returns
    the most that came in one second."""
    begun = {reference: _utc(at) for reference, at in home.ask("SELECT reference, begun_at FROM attempts")}
    slowest_s = max([(one.at - begun[one.reference]).total_seconds() for one in came], default=0.0)
    for window_s in (1, 2, 5, 10):
        claimed = most_in(window_s, sorted(begun[one.reference] for one in came))
        arrived = most_in(window_s, [one.at for one in came])
        print(f"{who}: most in {window_s} s: {claimed} claimed, {arrived} arrived; slowest way {slowest_s:.2f} s")
        # two seconds for what passes between token and claim on a busy machine
        assert claimed <= per_s * (window_s + 2) + burst
        assert arrived <= per_s * (window_s + 2 + slowest_s) + burst
    return most_in(1, [one.at for one in came])


def most_in(window_s: float, times: Sequence[datetime]) -> int:
    """The most of these instants (ascending) that lie within one window."""
    most, first = 0, 0
    for last, at in enumerate(times):
        while (at - times[first]).total_seconds() > window_s:
            first += 1
        most = max(most, last - first + 1)
    return most


def _utc(at: str | datetime) -> datetime:
    """As SQLite (words without a zone) and PostgreSQL tell an instant."""
    told = datetime.fromisoformat(at) if isinstance(at, str) else at
    return told.replace(tzinfo=UTC) if told.tzinfo is None else told
