"""Made-up history: the alerts of many days with what came of them, for trying an import. Nobody's."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import date, datetime, timedelta
from random import Random
from typing import Any

from cli.sample import make_sample

DELIVERED, ANSWERED, MET = 0.94, 0.62, 0.71
"""Shares of texts delivered, calls answered, visits that met; our own guesses."""

CALLED = {"L1": 1.0, "L2": 0.9, "L3": 0.5, "L4": 0.05}
VISITED = {"L1": 0.9, "L2": 0.5, "L3": 0.05, "L4": 0.0}
"""Shares of alerts answered by a call and by a visit besides the text, by level; our own guesses."""


def make_history(alerts: int, *, first: date, last: date, seed: int, now: datetime) -> Iterator[str]:
    """`alerts` lines from `first` to `last`, both days included, spread evenly, in the order of their pushing.

    Raises: ValueError: the days are in the wrong order or lie in the future, or a count below 0.
    """
    days = (last - first).days + 1
    if days < 1:
        raise ValueError("--to must not lie before --from")
    chance = Random(f"{seed}:history")  # noqa: S311 - nobody's secret hangs on a made-up alert
    for number in range(days):
        many = alerts * (number + 1) // days - alerts * number // days
        day = first + timedelta(days=number)
        for line in make_sample(many, day=day, seed=seed * 1000 + number, now=now):
            alert = json.loads(line)
            alert["history"] = _what_came(chance, alert)
            yield json.dumps(alert, ensure_ascii=False, separators=(",", ":"))


def _what_came(chance: Random, alert: dict[str, Any]) -> dict[str, Any]:
    pushed = datetime.fromisoformat(alert["pushed_at"])
    midnight = pushed.replace(hour=0, minute=0, second=0, microsecond=0) + timedelta(days=1)
    # the same day, so that the days asked for hold every alert
    received = min(pushed + timedelta(seconds=chance.randrange(1, 60)), midnight - timedelta(seconds=1))
    told: dict[str, Any] = {"received_at": received.isoformat()}
    dispatches: list[dict[str, Any]] = []

    def warned(channel: str, outcome: str, after_s: int) -> str:
        at = (received + timedelta(seconds=after_s)).isoformat()
        dispatches.append({"channel": channel, "outcome": outcome, "at": at})
        return at

    good = chance.random() < DELIVERED
    warned("sms", "delivered" if good else "phone_temporary", chance.randrange(2, 30))
    contact = None
    if chance.random() < CALLED[alert["risk"]]:
        answered = chance.random() < ANSWERED
        at = warned("call", "reached" if answered else "not_reached", chance.randrange(60, 900))
        contact = (at, "human") if answered else None
    if chance.random() < VISITED[alert["risk"]]:
        met = chance.random() < MET
        at = warned("visit", "met" if met else "visit_invalid", chance.randrange(900, 7200))
        contact = (contact or (at, "officer")) if met else contact
    told["closed_at"] = (received + timedelta(hours=chance.randrange(3, 40))).isoformat()
    if contact is not None:
        dissuasion = chance.choices(("timely", "self_aware", "refused"), (50, 45, 5))[0]
        told |= {"contacted_at": contact[0], "contacted_by": contact[1], "verdict": "not_defrauded"}
        told |= {"dissuasion": dissuasion, "close_code": "dissuaded"}
    return told | {"dispatches": dispatches}
