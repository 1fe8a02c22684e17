"""What is done when: drawn from the seed alone, so that a campaign can be replayed."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from random import Random

from .wishes import Wishes

FIRST_AFTER = 0.08
LAST_BEFORE = 0.97
"""Faults fall between these shares of the driving: some work is underway before the first."""


class Kind(StrEnum):
    """What can be done."""

    KILL_ALL = "SIGKILL with all children"
    KILL = "SIGKILL"
    TERM = "SIGTERM"
    KILL_CHILD = "SIGKILL of a child"
    FREEZE = "freeze"
    BROKER_RESTART = "broker restart"
    BROKER_WIPE = "broker wiped"
    DATABASE_RESTART = "database restart"
    CUT = "connections cut"
    REFUSE = "connections refused"
    SWALLOW = "connections swallowed"
    SLOW = "connections slow"
    HANG = "carrier hangs"


KILLS = (Kind.KILL_ALL, Kind.TERM, Kind.KILL_CHILD, Kind.KILL)
CUTS = (Kind.CUT, Kind.REFUSE, Kind.SWALLOW, Kind.SLOW)
VICTIMS = ("worker-intake", "worker-urgent", "worker-routine", "worker-routine", "web")
"""Whom kills befall; the routine lane does most of the work, and is hit most."""
BUSIEST = ("worker-routine", "worker-routine", "worker-urgent")
"""Whose children have requests out."""
FROZEN = ("worker-urgent", "worker-routine")


@dataclass(frozen=True, slots=True, order=True)
class Fault:
    """One thing done: seconds after the first alert, to what, how long, and how (`fast`, `immediate`)."""

    at_s: float
    kind: Kind
    target: str
    length_s: float = 0.0
    how: str = ""


def schedule(wishes: Wishes) -> list[Fault]:
    """Every fault of a campaign, in order; the same for the same wishes."""
    chance = Random(f"{wishes.seed}:faults")
    drawn = [*_kills(wishes, chance), *_servers(wishes, chance), *_others(wishes, chance)]
    chance.shuffle(drawn)
    first, last = FIRST_AFTER * wishes.drives_s, LAST_BEFORE * wishes.drives_s
    step = (last - first) / max(1, len(drawn))
    # one in each stretch of time, somewhere in it: faults crowd now and then, and none is far from the next
    return [
        Fault(round(first + step * (number + chance.random()), 2), *drawn_one) for number, drawn_one in enumerate(drawn)
    ]


Drawn = tuple[Kind, str, float, str]


def _kills(wishes: Wishes, chance: Random) -> list[Drawn]:
    drawn: list[Drawn] = []
    for number in range(wishes.kills):
        kind = KILLS[number % len(KILLS)]
        drawn.append((kind, chance.choice(BUSIEST if kind in (Kind.KILL_ALL, Kind.KILL_CHILD) else VICTIMS), 0.0, ""))
    return drawn


def _servers(wishes: Wishes, chance: Random) -> list[Drawn]:
    def away_s(least: float, most: float) -> float:
        return round(chance.uniform(least, most), 1)

    restarts = [(Kind.BROKER_RESTART, "broker", away_s(0.5, 4), _how(n)) for n in range(wishes.broker_restarts)]
    wipes = [(Kind.BROKER_WIPE, "broker", away_s(0, 2), "") for _ in range(wishes.broker_wipes)]
    database = [(Kind.DATABASE_RESTART, "database", away_s(0.5, 4), _how(n)) for n in range(wishes.database_restarts)]
    return restarts + wipes + database


def _others(wishes: Wishes, chance: Random) -> list[Drawn]:
    drawn: list[Drawn] = []
    for number in range(wishes.cuts):
        kind = CUTS[number % len(CUTS)]
        length_s = 0.0 if kind is Kind.CUT else round(chance.uniform(2, 5), 1)
        drawn.append((kind, "broker" if (number // len(CUTS) + number) % 2 else "database", length_s, ""))
    for _ in range(wishes.freezes):
        # longer than a lease and a question: what it was doing has been given to others when it wakes
        length_s = wishes.lease_s + wishes.settling_s + chance.uniform(2, 4)
        drawn.append((Kind.FREEZE, chance.choice(FROZEN), round(length_s, 1), ""))
    # for less than its settling time: what it took in before it hung is known when it is asked
    drawn += [(Kind.HANG, "simulator", round(chance.uniform(1, 2.5), 1), "") for _ in range(wishes.hangs)]
    return drawn


def _how(number: int) -> str:
    return ("fast", "immediate")[number % 2]
