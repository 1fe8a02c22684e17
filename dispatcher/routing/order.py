"""The carriers that a letter may go by, in order: as the route has them, or shared out by weight. Pure.

A share is drawn by the letter's own id, so that whoever looks finds the same order, until the next try draws anew.
"""

from __future__ import annotations

from hashlib import blake2b
from math import log

from config.carriers.routes import Route


def order_of(route: Route, seed: bytes, passed_over: str | None = None) -> tuple[str, ...]:
    """Names, those that have failed this try left out; all of them where all have."""
    failed = passed_over.split(",") if passed_over else ()
    names = route.carriers if not route.weights else _drawn(route, seed)
    return tuple(name for name in names if name not in failed) or names


def _drawn(route: Route, seed: bytes) -> tuple[str, ...]:
    """The first is each carrier in proportion to its weight, the second in proportion among the others, and so on.

    Source: Efraimidis and Spirakis, "Weighted random sampling with a reservoir", 2006: keys of u^(1/w), the largest
    first; here by logarithm.
    """
    keys = {name: log(_chance(seed, name)) / weight for name, weight in zip(route.carriers, route.weights, strict=True)}
    return tuple(sorted(route.carriers, key=lambda name: keys[name], reverse=True))


def _chance(seed: bytes, name: str) -> float:
    """A number in (0, 1), always the same for the same letter and carrier."""
    drawn = int.from_bytes(blake2b(name.encode(), digest_size=6, key=seed[:64]).digest(), "big")
    return (drawn + 0.5) / 2**48
