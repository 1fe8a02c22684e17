"""Chance without luck: every draw is a keyed hash of the seed and of facts, so a town can be lived again.

The facts are a purpose, a person, and how many times it happened to that person before. References, the wall
clock and the order in which different persons come are never among them.
"""

from collections.abc import Mapping
from functools import lru_cache
from hashlib import blake2b
from struct import Struct

EIGHT, ONE = Struct("<8Q"), Struct("<Q")
SMALLEST = 2.0**-53


def draws(seed: int, *facts: str | int) -> tuple[float, ...]:
    """Eight independent draws for these facts, each 0 <= x < 1."""
    a, b, c, d, e, f, g, h = EIGHT.unpack(_digest(seed, facts, EIGHT.size))
    return (
        (a >> 11) * SMALLEST,
        (b >> 11) * SMALLEST,
        (c >> 11) * SMALLEST,
        (d >> 11) * SMALLEST,
        (e >> 11) * SMALLEST,
        (f >> 11) * SMALLEST,
        (g >> 11) * SMALLEST,
        (h >> 11) * SMALLEST,
    )


def draw(seed: int, *facts: str | int) -> float:
    """One draw for these facts, 0 <= x < 1."""
    word: int = ONE.unpack(_digest(seed, facts, ONE.size))[0]
    return (word >> 11) * SMALLEST


def between(x: float, low: float, high: float) -> float:
    """The point at share `x` of the way from `low` to `high`."""
    return low + (high - low) * x


def pick(x: float, weights: Mapping[str, float]) -> str:
    """The key that the draw `x` falls on when each has its weight (> 0 in sum; need not sum to 1)."""
    mark = x * sum(weights.values())
    for key, weight in weights.items():
        mark -= weight
        if mark < 0:
            return key
    return list(weights)[-1]


def befalls(x: float, shares: Mapping[str, float]) -> str | None:
    """The key whose share `x` falls into, or None: shares are of 1 and sum to at most 1."""
    for key, share in shares.items():
        x -= share
        if x < 0:
            return key
    return None


def _digest(seed: int, facts: tuple[str | int, ...], size: int) -> bytes:
    spoken = "\x1f".join(map(str, facts)).encode()
    return blake2b(spoken, key=_key(seed), digest_size=size).digest()


@lru_cache(maxsize=16)
def _key(seed: int) -> bytes:
    return str(seed).encode()[:64]
