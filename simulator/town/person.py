"""What somebody is like: traits by a hash of seed and phone, the same for every channel and every day."""

from dataclasses import dataclass
from enum import StrEnum

from simulator.chance import between, draws


class Line(StrEnum):
    """What a person's phone is: working, no such number, suspended, or one that nobody ever picks up."""

    WORKS = "works"
    INVALID = "invalid"
    SUSPENDED = "suspended"
    SILENT = "silent"


INVALID_SHARE = 0.008
SUSPENDED_SHARE = 0.004
SILENT_SHARE = 0.028
PAID_SHARE = 0.013
STUBBORN_SHARE = 0.03
BLOCKED_SHARE = 0.005


@dataclass(frozen=True, slots=True)
class Person:
    """One inhabitant. Shares are 0 .. 1.

    `robot_ear`, `human_ear`: how often a ring is heard out. `presses`: how often a heard robot gets a key.
    `home`: how often an officer finds the person. `paid`: has already transferred money. `stubborn`: refuses
    a caller's advice, but is always at home and listens to an officer. `blocked`: the carrier's blacklist.
    `self_aware`: did not need us. `purse`: 0 .. 1, how much money is at stake.
    """

    line: Line
    robot_ear: float
    human_ear: float
    presses: float
    home: float
    paid: bool
    stubborn: bool
    blocked: bool
    self_aware: bool
    purse: float


def live(seed: int, phone: str) -> Person:
    """The person who lives behind `phone` (E.164). About 4 % never answer; half of those are never home."""
    a = draws(seed, "person", phone)
    b = draws(seed, "person's mind", phone)
    line = _line(a[0])
    never_home = line is not Line.WORKS and a[4] < 0.5
    paid = b[0] < PAID_SHARE
    stubborn = not paid and not never_home and b[1] < STUBBORN_SHARE
    home = 1.0 if stubborn else 0.0 if never_home else between(a[5], 0.76, 0.99)
    return Person(
        line=line,
        robot_ear=between(a[1], 0.42, 0.85),
        human_ear=between(a[2], 0.60, 0.95),
        presses=between(a[3], 0.2, 0.7),
        home=home,
        paid=paid,
        stubborn=stubborn,
        blocked=b[2] < BLOCKED_SHARE,
        self_aware=b[3] < 0.20,
        purse=b[4],
    )


def _line(x: float) -> Line:
    for line, share in (
        (Line.INVALID, INVALID_SHARE),
        (Line.SUSPENDED, SUSPENDED_SHARE),
        (Line.SILENT, SILENT_SHARE),
    ):
        x -= share
        if x < 0:
            return line
    return Line.WORKS
