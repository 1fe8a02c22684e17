"""A carrier is never given more than it takes, and the urgent find their part of it."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dispatcher.tokens import Bucket, Grant, Limit, full, refilled, take

NOON = datetime(2026, 11, 22, 4, 0, tzinfo=UTC)
FIFTY = Limit(50)

rates = st.one_of(st.floats(0.1, 10_000), st.integers(1, 5_000).map(float))
steps = st.lists(
    st.tuples(
        st.floats(0, 3),  # seconds that pass before
        st.floats(-2, 2),  # how wrong this host's clock is
        st.booleans(),  # urgent?
        st.integers(0, 60),  # who come again
        st.integers(0, 60),  # who come now
    ),
    max_size=25,
)


def at(seconds: float) -> datetime:
    """So long after noon."""
    return NOON + timedelta(seconds=seconds)


def took(bucket: Bucket, seconds: float, *, urgent: bool = False, again: int = 0, fresh: int = 0) -> Grant:
    """Fifty a second, so long after noon."""
    return take(bucket, FIFTY, now=at(seconds), urgent=urgent, again=again, fresh=fresh)


@given(rates, steps)
def test_no_window_grants_more_than_rate_and_burst(
    per_s: float, asked: list[tuple[float, float, bool, int, int]]
) -> None:
    """Whoever asks, in whatever order: any t seconds by the true clock see at most rate * t + burst."""
    limit, bucket, true_s = Limit(per_s), full(Limit(per_s), NOON), 0.0
    grants: list[tuple[float, int]] = []
    for passed_s, _, urgent, again, fresh in asked:
        true_s += passed_s
        grant = take(bucket, limit, now=at(true_s), urgent=urgent, again=again, fresh=fresh)
        bucket = grant.bucket
        grants.append((true_s, grant.again + grant.fresh))
    for first, (since, _) in enumerate(grants):
        granted = 0
        for until, count in grants[first:]:
            granted += count
            assert granted <= per_s * (until - since) + limit.burst + 1e-3


@given(rates, steps)
def test_a_clock_that_goes_backwards_gains_nothing(
    per_s: float, asked: list[tuple[float, float, bool, int, int]]
) -> None:
    """Hosts whose clocks are wrong by up to two seconds take turns: only the time that the foremost saw is refilled."""
    limit, bucket, true_s, latest = Limit(per_s), full(Limit(per_s), NOON), 0.0, 0.0
    granted = 0
    for passed_s, wrong_s, urgent, again, fresh in asked:
        true_s += passed_s
        latest = max(latest, true_s + wrong_s)
        grant = take(bucket, limit, now=at(true_s + wrong_s), urgent=urgent, again=again, fresh=fresh)
        bucket = grant.bucket
        granted += grant.again + grant.fresh
        assert granted <= per_s * latest + limit.burst + 1e-3
        assert grant.bucket.refilled_at >= at(latest) - timedelta(microseconds=1)


@given(rates, steps)
def test_everybody_who_asks_is_granted_or_told_when(
    per_s: float, asked: list[tuple[float, float, bool, int, int]]
) -> None:
    """Nobody is forgotten: who gets no token gets a time, in order, later than now, one place to each."""
    limit, bucket, true_s = Limit(per_s), full(Limit(per_s), NOON), 0.0
    for passed_s, wrong_s, urgent, again, fresh in asked:
        true_s += passed_s
        now = at(true_s + wrong_s)
        grant = take(bucket, limit, now=now, urgent=urgent, again=again, fresh=fresh)
        bucket = grant.bucket
        assert grant.again + len(grant.again_at) == again
        assert grant.fresh + len(grant.fresh_at) == fresh
        for places in (grant.again_at, grant.fresh_at):
            assert list(places) == sorted(places)
            assert all(place > now for place in places)
        assert bucket.tokens >= 0
        assert bucket.urgent_tokens >= 0


@given(rates, st.lists(st.tuples(st.floats(0, 2), st.integers(0, 500)), max_size=10), st.integers(0, 1_000))
def test_the_urgent_find_their_part_whatever_routine_takes(
    per_s: float, routine: list[tuple[float, int]], wanted: int
) -> None:
    """L3 and L4 take all they can get for a while: L1 still finds a fifth of the bucket, at once."""
    limit, bucket, true_s = Limit(per_s), full(Limit(per_s), NOON), 0.0
    for passed_s, count in routine:
        true_s += passed_s
        bucket = take(bucket, limit, now=at(true_s), urgent=False, again=0, fresh=count).bucket
    got = take(bucket, limit, now=at(true_s), urgent=True, again=0, fresh=wanted).fresh
    assert got >= min(wanted, int(limit.kept))


@given(st.floats(5, 100), st.integers(1, 5))
def test_the_urgent_have_the_whole_rate_before_routine_has_any(per_s: float, seconds: int) -> None:
    """Both lanes ask for everything, routine first each time: the urgent are given what every second brings."""
    limit, bucket, got = Limit(per_s), full(Limit(per_s), NOON), 0
    ask = int(3 * per_s) + 3
    for tick in range(seconds * 10):
        routine = take(bucket, limit, now=at(tick / 10), urgent=False, again=ask, fresh=0)
        urgent = take(routine.bucket, limit, now=at(tick / 10), urgent=True, again=ask, fresh=0)
        bucket = urgent.bucket
        got += urgent.again
    assert got >= per_s * (seconds - 0.2) * (1 - 1e-6) - 2


@pytest.mark.parametrize("per_s", [0.2, 1, 3, 5, 50, 5_000])
def test_both_lanes_get_on_at_any_rate(per_s: float) -> None:
    """Even a carrier that takes one call in five seconds takes routine ones, and urgent ones before."""
    limit = Limit(per_s)
    for urgent in (True, False):
        assert take(full(limit, NOON), limit, now=NOON, urgent=urgent, again=0, fresh=1).fresh == 1
        got, bucket = 0, full(limit, NOON)
        for tick in range(1, 201):
            grant = take(bucket, limit, now=at(tick / per_s), urgent=urgent, again=10, fresh=0)
            bucket, got = grant.bucket, got + grant.again
        assert got >= 199


def test_a_hundred_wait_one_after_the_other() -> None:
    """A hundred ask at fifty a second: forty go at once, sixty are told a place each, 20 ms apart."""
    grant = took(full(FIFTY, NOON), 0, fresh=100)
    assert grant.fresh == 40
    assert grant.fresh_at[0] == at(0.02)
    assert grant.fresh_at[-1] == at(1.2)


def test_newcomers_stand_behind_who_was_there() -> None:
    """Two chunks ask one after the other: the second one's places begin where those of the first end."""
    first = took(full(FIFTY, NOON), 0, fresh=140)
    second = took(first.bucket, 0.5, fresh=10)
    assert first.fresh_at[-1] == at(2.0)
    assert second.fresh == 0  # though 25 tokens are there: they were promised
    assert second.fresh_at[0] == at(2.02)


def test_who_comes_at_his_time_does_not_go_to_the_end_of_the_line() -> None:
    """L1 took the tokens that were promised to twenty: they come again within the second, not behind the thousand."""
    bucket = took(full(FIFTY, NOON), 0, fresh=1_040).bucket
    bucket = took(bucket, 0.4, urgent=True, fresh=30).bucket
    grant = took(bucket, 0.4, again=20)
    assert grant.again == 0
    assert grant.again_at[-1] == at(0.8)
    assert grant.bucket.line.ends_at == at(20)


def test_a_full_bucket_forgets_the_line() -> None:
    """A batch of ten thousand was cancelled at night: the next alert does not wait for three minutes behind nobody."""
    bucket = took(full(FIFTY, NOON), 0, fresh=10_000).bucket
    assert took(bucket, 5, fresh=1).fresh == 1


def test_a_clock_set_back_by_an_hour_does_not_stop_anybody_for_an_hour() -> None:
    """The database's clock was an hour ahead and is set right: nothing is gained, and refilling goes on from there."""
    empty = took(took(full(FIFTY, NOON), 3_600, fresh=40).bucket, 3_600, urgent=True, fresh=10).bucket
    assert refilled(empty, FIFTY, at(0)).tokens == 0
    grant = took(refilled(empty, FIFTY, at(0)), 2, fresh=10)
    assert refilled(empty, FIFTY, at(0)).refilled_at == NOON
    assert took(grant.bucket, 2, urgent=True, fresh=1).fresh == 1
