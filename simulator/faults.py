"""How often the carrier misbehaves: a share of requests, of letters, of news."""

from collections.abc import Mapping
from dataclasses import dataclass, fields, replace


class FaultsUnreadable(ValueError):
    """The text of `--faults` cannot be read; the message names every fault in it."""


@dataclass(frozen=True, slots=True)
class Faults:
    """Shares, each 0 .. 1. Of requests: the first six, of which at most one befalls a request. Of letters:
    `refuse`, `busy`. Of news: the last five, at most one each. The defaults are mild; our own proposal.
    """

    slow: float = 0.02
    hang: float = 0.002
    drop: float = 0.004
    late_accept: float = 0.002
    unavailable: float = 0.005
    throttle: float = 0.005
    refuse: float = 0.004
    busy: float = 0.005
    late: float = 0.02
    twice: float = 0.01
    reversed: float = 0.01
    early: float = 0.01
    never: float = 0.003

    def of_requests(self) -> Mapping[str, float]:
        """The shares that befall whole requests."""
        return {name: getattr(self, name) for name in REQUEST}

    def of_letters(self) -> Mapping[str, float]:
        """The shares that befall single letters at the door."""
        return {name: getattr(self, name) for name in LETTER}

    def of_news(self) -> Mapping[str, float]:
        """The shares that befall the news of an effect."""
        return {name: getattr(self, name) for name in NEWS}

    def wrong(self) -> list[str]:
        """Every fault of these shares, in words; empty when there is none."""
        found = [
            f"faults.{field.name}: {getattr(self, field.name)} is not a share between 0 and 1"
            for field in fields(self)
            if not 0 <= getattr(self, field.name) <= 1
        ]
        for title, shares in (
            ("of requests", self.of_requests()),
            ("of letters", self.of_letters()),
            ("of news", self.of_news()),
        ):
            if sum(shares.values()) > 1 + 1e-9:
                found.append(f"faults: the shares {title} ({', '.join(shares)}) sum to more than 1")
        return found


REQUEST = ("unavailable", "throttle", "drop", "hang", "late_accept", "slow")
LETTER = ("refuse", "busy")
NEWS = ("never", "late", "twice", "reversed", "early")

MILD = Faults()
NONE = replace(MILD, **dict.fromkeys(REQUEST + LETTER + NEWS, 0.0))


def parse_faults(text: str) -> Faults:
    """Shares from `hang=0.01,drop=0.002`: what is not named is 0. `none` is no fault, `mild` the defaults.

    Raises: FaultsUnreadable: an unknown name, a repeat, not a number; every fault at once.
    """
    if text.strip() in ("", "none"):
        return NONE
    if text.strip() == "mild":
        return MILD
    shares: dict[str, float] = {}
    wrong: list[str] = []
    for part in text.split(","):
        name, _, number = (piece.strip() for piece in part.partition("="))
        if name not in REQUEST + LETTER + NEWS:
            wrong.append(f"faults: {name!r} is not one of {', '.join(REQUEST + LETTER + NEWS)}")
            continue
        if name in shares:
            wrong.append(f"faults.{name}: named twice")
        try:
            shares[name] = float(number)
        except ValueError:
            wrong.append(f"faults.{name}: {number!r} is not a number")
    faults = replace(NONE, **shares)
    wrong += faults.wrong()
    if wrong:
        raise FaultsUnreadable("; ".join(wrong))
    return faults
