"""Which carrier comes first, and when a person may be reached again."""

from __future__ import annotations

from collections import Counter
from datetime import UTC, datetime, timedelta
from uuid import uuid4

from hypothesis import given
from hypothesis import strategies as st

from config.carriers import Window
from config.carriers.outcomes import NOT_FINAL, OF_CALLS, OF_TEXTS
from config.carriers.routes import Route
from dispatcher.outcomes import OF_MEANS
from dispatcher.routing.order import order_of
from dispatcher.routing.windows import may_at
from dispatcher.words import Means, Outcome

NOON = datetime(2026, 11, 22, 4, 0, tzinfo=UTC)
VOICE = (Window(most=1, seconds=60), Window(most=5, seconds=3600), Window(most=20, seconds=86_400))


def test_an_ordered_route_is_tried_in_its_order() -> None:
    """The first first; what failed this try is left out; once all have, all may be tried again."""
    route = Route(("a", "b", "c"))
    assert order_of(route, b"x") == ("a", "b", "c")
    assert order_of(route, b"x", "a") == ("b", "c")
    assert order_of(route, b"x", "a,c,b") == ("a", "b", "c")


def test_a_weighted_route_shares_out_by_weight() -> None:
    """Three in four of 4,000 letters go by the carrier of weight 3, and the same letter always by the same."""
    route = Route(("a", "b"), (3.0, 1.0))
    seeds = [uuid4().bytes for _ in range(4000)]
    first = Counter(order_of(route, seed)[0] for seed in seeds)
    assert 0.71 < first["a"] / 4000 < 0.79
    assert all(order_of(route, seed) == order_of(route, seed) for seed in seeds[:50])


@given(st.lists(st.floats(0, 90_000), max_size=40))
def test_nobody_is_reached_more_often_than_the_windows_allow(gaps: list[float]) -> None:
    """Whoever calls only when he may never has more calls in any window than it lets through."""
    now, calls = NOON, list[datetime]()
    for gap_s in gaps:
        now += timedelta(seconds=gap_s)
        if may_at(VOICE, calls, now) == now:
            calls.append(now)
    for window in VOICE:
        for start in calls:
            inside = [at for at in calls if start <= at < start + timedelta(seconds=window.seconds)]
            assert len(inside) <= window.most


@given(st.lists(st.floats(0, 7200), min_size=1, max_size=30))
def test_who_is_told_a_time_may_then(ago: list[float]) -> None:
    """At the instant that was told the answer is "now", and never a microsecond before."""
    tries = [NOON - timedelta(seconds=one) for one in ago]
    at = may_at(VOICE, tries, NOON)
    assert at >= NOON and may_at(VOICE, tries, at) == at
    if at > NOON:
        early = at - timedelta(microseconds=1)
        assert may_at(VOICE, tries, early) > early


def test_a_carriers_file_knows_our_outcomes() -> None:
    """What a code may be said to mean is what news can say of a text and of a call."""
    assert {*OF_MEANS[Means.CARRIER], Outcome.UNKNOWN, NOT_FINAL} == OF_TEXTS
    assert {*OF_MEANS[Means.ROBOT], Outcome.UNKNOWN, NOT_FINAL} == OF_CALLS
