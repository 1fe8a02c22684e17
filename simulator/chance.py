"""Chance without luck: every draw is a keyed hash of the seed and of facts, so a town can be lived again.

The facts are a purpose, a person, and how many times it happened to that person before. References, the wall
clock and the order in which different persons come are never among them.
"""

from collections.abc import Mapping
from hashlib import blake2b
from struct import unpack

EIGHT = 64  # bytes that hold eight draws
TOP = float(1 << 53)


def draws(seed: int, *facts: str | int) -> tuple[float, ...]:
    """Eight independent draws for these facts, each 0 <= x < 1."""
    words = unpack("<8Q", _digest(seed, facts, EIGHT))
    return tuple((word >> 11) / TOP for word in words)


def draw(seed: int, *facts: str | int) -> float:
    """One draw for these facts, 0 <= x < 1."""
    word: int = unpack("<Q", _digest(seed, facts, 8))[0]
    return (word >> 11) / TOP


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
    return blake2b(spoken, key=str(seed).encode()[:64], digest_size=size).digest()
