"""Every figure equals its recount by plain SQL, of the whole and of any part, before and after they are at rest."""

from __future__ import annotations

import random
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
from days import REGIONS, SOURCES, TYPES, live
from recount import Window
from recount_all import Counts, recount_all
from scramble import scramble
from story import NOON, Town

from dispatcher import figures
from dispatcher.figures import DEFINITIONS, Scope

RESIDENTS = "alerts_per_100k"
"""Its denominator is no row."""


def parts(draw: random.Random, many: int) -> Iterator[Window]:
    """So many parts of the whole, each narrowed in one or two ways."""
    for number in range(many):
        wishes: dict[str, Any] = {
            "since": NOON + timedelta(hours=draw.randrange(200)),
            "until": NOON + timedelta(hours=draw.randrange(40, 300)),
            "region": draw.choice(REGIONS)[: draw.choice((2, 4, 6))].ljust(6, "0"),
            "source": draw.choice(SOURCES),
            "fraud_type": draw.choice(TYPES),
            "risk": draw.choice(("L1", "L2", "L3", "L4")),
        }
        yield Window(**{name: wishes[name] for name in draw.sample(sorted(wishes), k=1 + number % 2)})


def both(town: Town, window: Window) -> tuple[Counts, Counts]:
    """The figures' own count and the recount, in one shape."""
    kinds = [() if one is None else (one,) for one in (window.source, window.fraud_type, window.risk)]
    scope = Scope(window.since, window.until, window.region, *kinds)
    with town.store.read() as connection:
        told = figures.count(connection, scope, kpis=[*DEFINITIONS], now=town.now).whole
        again = recount_all(connection, window, now=town.now, on_time_push_s=600.0)
    assert set(told) - set(again) == {RESIDENTS}, "a figure that nobody recounts"
    assert told[RESIDENTS].numerator == again["alerts"][0]
    mine = {name: (int(kpi.numerator or 0), int(kpi.denominator or 0)) for name, kpi in told.items()}
    return {name: mine[name] for name in again}, again


@pytest.mark.parametrize("store", ["sqlite"], indirect=True)
@pytest.mark.parametrize(("seed", "nobody"), [(1, "defrauded_after_sms"), (17, "dissuaded")])
def test_every_figure_counts_the_same_twice(town: Town, seed: int, nobody: str) -> None:
    """Days went by in the town and rows were changed by chance: every figure equals its recount, in whole and parts."""
    live(town, seed=seed, steps=130)
    town.later(days=31)
    scramble(town, seed=seed)
    windows = list(parts(random.Random(seed), 15))
    whole, again = both(town, Window())
    assert whole == again
    assert {name for name, (above, _) in whole.items() if not above} <= {nobody}, "what befell nobody proves nothing"
    seen: set[str] = set()
    for at_rest in (False, True):
        while at_rest and figures.fold(town.store, now=town.now):
            pass
        for window in [Window(), *windows] if at_rest else windows[:4]:
            mine, again = both(town, window)
            assert mine == again, (window, at_rest)
            seen.add(str(again))
    assert len(seen) > 10, "the windows must differ to prove anything"
