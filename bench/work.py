"""The work that is measured: made-up alerts of people who are all different, and when each of them was settled."""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import UTC, datetime
from random import Random
from typing import NamedTuple

from sqlalchemy import create_engine, text

from cli.sample import SOURCES, TYPES, Town
from config.regions import Regions

WARM_UP = 0.05
"""The first and the last alerts are not looked at when the middle is measured."""


def make_alerts(number: int, *, seed: int, risks: Sequence[str] = ("L3", "L4", "L4")) -> list[bytes]:
    """`number` alerts as JSON, pushed now, of one person each: nothing joins, so that each is the same work."""
    chance = Random(f"{seed}:bench")  # noqa: S311  # made-up alerts, nobody's secret
    town = Town(chance, Regions.load())
    now = datetime.now(UTC).isoformat(timespec="seconds")
    types, sources = list(TYPES), list(SOURCES)
    out = []
    for place in range(number):
        fraud_type = types[place % len(types)]
        person = town.newcomer(fraud_type)
        town.people.clear()
        alert = {
            "source": sources[place % len(sources)],
            "source_ref": f"B{seed}-{place:07d}",
            "risk": risks[place % len(risks)],
            "fraud_type": fraud_type.value,
            "occurred_at": now,
            "pushed_at": now,
            "victim": person.victim,
            "signal": {"call_count": 1 + place % 9, "call_seconds": 60 + place % 600},
        }
        if person.region is not None:
            alert["region"] = person.region
        out.append(json.dumps(alert, ensure_ascii=False, separators=(",", ":")).encode())
    return out


class Settled(NamedTuple):
    """How fast alerts were settled.

    `per_s`: 95 % of them over the time from the first publish until the last of those was settled.
    `middle_per_s`: from the 5th to the 95th of a hundred, the pace once everything is under way.
    `left`: alerts that have no case, or whose dispatches have not all ended.
    """

    alerts: int
    left: int
    per_s: float
    middle_per_s: float


def settled(number: int, began: datetime, ends: Sequence[datetime]) -> Settled:
    """`ends`: when the last dispatch of each settled alert ended, in any order."""
    done = sorted(ends)
    if len(done) < 20:
        return Settled(number, number - len(done), 0.0, 0.0)
    first, last = int(len(done) * WARM_UP), int(len(done) * (1 - WARM_UP)) - 1
    whole_s = max((done[last] - began).total_seconds(), 1e-6)
    middle_s = max((done[last] - done[first]).total_seconds(), 1e-6)
    return Settled(number, number - len(done), (last + 1) / whole_s, (last - first) / middle_s)


class Tables:
    """What the tables of a measured database say; on a connection of its own."""

    def __init__(self, url: str) -> None:
        self._engine = create_engine(url.replace("postgresql://", "postgresql+psycopg://", 1), pool_size=1)

    def open_work(self) -> tuple[int, int]:
        """(alerts kept, machines' dispatches that have not ended)."""
        query = """
            SELECT (SELECT count(*) FROM alerts),
                   (SELECT count(*) FROM dispatches WHERE ended_at IS NULL AND means IN ('carrier', 'robot'))
        """
        with self._engine.connect() as connection:
            alerts, waiting = connection.execute(text(query)).one()
        return int(alerts), int(waiting)

    def ends(self, since: datetime) -> list[datetime]:
        """When each case that was opened since then was settled: the last of its machines' dispatches ended."""
        query = """
            SELECT max(ended_at) FROM dispatches WHERE planned_at >= :since AND means IN ('carrier', 'robot')
            GROUP BY case_id HAVING count(*) >= 2 AND count(*) = count(ended_at)
        """
        with self._engine.connect() as connection:
            return [at for (at,) in connection.execute(text(query), {"since": since})]

    def rows(self) -> dict[str, int]:
        """How many rows the tables hold that an alert fills."""
        names = ("alerts", "cases", "dispatches", "attempts", "receipts", "events")
        with self._engine.connect() as connection:
            return {
                name: int(connection.execute(text(f"SELECT count(*) FROM {name}")).scalar_one())  # noqa: S608  # our own
                for name in names
            }

    def close(self) -> None:
        """Give the connection back."""
        self._engine.dispose()
