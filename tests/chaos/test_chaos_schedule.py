"""What a campaign does is drawn from its seed alone, and is all that was wished."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace

import pytest

from .schedule import KILLS, Kind, schedule
from .wishes import FULL, SIZES, Wishes


def test_the_same_seed_does_the_same() -> None:
    """A campaign that went wrong can be replayed; another seed is another campaign."""
    assert schedule(FULL) == schedule(FULL)
    assert schedule(FULL) != schedule(replace(FULL, seed=FULL.seed + 1))


@pytest.mark.parametrize("wishes", SIZES.values(), ids=SIZES)
@pytest.mark.parametrize("seed", range(20))
def test_all_that_was_wished_is_done_in_time(wishes: Wishes, seed: int) -> None:
    """As many of each as wished, in order, while alerts are being sent."""
    faults = schedule(replace(wishes, seed=seed))
    counts = Counter(fault.kind for fault in faults)
    assert sum(counts[kind] for kind in KILLS) == wishes.kills
    assert counts[Kind.BROKER_RESTART] == wishes.broker_restarts
    assert counts[Kind.BROKER_WIPE] == wishes.broker_wipes
    assert counts[Kind.DATABASE_RESTART] == wishes.database_restarts
    assert len(faults) == wishes.faults
    assert [fault.at_s for fault in faults] == sorted(fault.at_s for fault in faults)
    assert 0 < faults[0].at_s <= faults[-1].at_s < wishes.drives_s


def test_the_full_campaign_is_what_was_promised() -> None:
    """20,000 alerts, at least 40 kills, 3 broker restarts, a wipe, 3 database restarts, each both ways."""
    assert FULL.alerts >= 20_000
    assert FULL.kills >= 40
    assert (FULL.broker_restarts, FULL.broker_wipes, FULL.database_restarts) == (3, 1, 3)
    ways = {fault.how for fault in schedule(FULL) if fault.kind is Kind.DATABASE_RESTART}
    assert ways == {"fast", "immediate"}
