"""A carrier that fails is passed by, tried with a few letters, and used again: whatever workers tell, in any order."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from dispatcher.routing.breaker import RULE, Breaker, Report, State, after, probed, sound

NOON = datetime(2026, 11, 22, 4, 0, tzinfo=UTC)
FAILS = Report(failed=RULE.in_a_row, last_run=RULE.in_a_row)


def reports() -> st.SearchStrategy[Report]:
    """What a process may tell."""
    counts = st.integers(0, 50)
    return st.builds(lambda good, failed, run: Report(good, failed, min(run, failed)), counts, counts, counts)


def steps() -> st.SearchStrategy[list[tuple[float, Report | None]]]:
    """Pauses, after each a report or (None) somebody who would probe; clocks may differ by a second."""
    return st.lists(st.tuples(st.floats(-1, 90), st.none() | reports()), max_size=40)


def lives(story: list[tuple[float, Report | None]]) -> list[tuple[datetime, Breaker]]:
    """The carrier after each step."""
    now, breaker, seen = NOON, sound(NOON), []
    for pause_s, report in story:
        now += timedelta(seconds=pause_s)
        breaker = (probed(breaker, now) or breaker) if report is None else after(breaker, report, now)
        seen.append((now, breaker))
    return seen


@given(steps())
def test_what_the_table_keeps_is_always_sane(story: list[tuple[float, Report | None]]) -> None:
    """Closed needs no probe and open has one; failures are never more than requests; shares are shares."""
    for _, breaker in lives(story):
        assert (breaker.state is State.CLOSED) == (breaker.probe_at is None)
        assert 0 <= breaker.failed <= breaker.asked + 1e-9
        assert breaker.run >= 0 and breaker.opened >= 0
        assert breaker.share is None or 0 <= breaker.share <= 1


@given(steps())
def test_a_carrier_that_is_passed_by_always_has_another_chance(story: list[tuple[float, Report | None]]) -> None:
    """However it came there, within the longest pause somebody may probe, and one success closes it."""
    seen = lives(story)
    now, breaker = seen[-1] if seen else (NOON, sound(NOON))
    if breaker.state is State.CLOSED:
        return
    later = now + timedelta(seconds=RULE.longest_pause_s + 2)
    tried = probed(breaker, later)
    assert tried is not None and tried.state is State.HALF_OPEN
    assert after(tried, Report(good=1), later).state is State.CLOSED


@given(st.lists(st.integers(1, 20), min_size=1, max_size=30))
def test_a_carrier_that_never_fails_is_never_passed_by(goods: list[int]) -> None:
    """Successes alone close nothing and open nothing."""
    breaker = sound(NOON)
    for number, good in enumerate(goods):
        breaker = after(breaker, Report(good=good), NOON + timedelta(seconds=number))
    assert breaker == sound(NOON) or (breaker.state is State.CLOSED and breaker.failed == 0)


def test_failures_in_a_row_open_it_whichever_worker_saw_them() -> None:
    """Two workers saw two failures each: together that is enough."""
    breaker = sound(NOON)
    for number in range(RULE.in_a_row):
        assert breaker.state is State.CLOSED
        breaker = after(breaker, Report(failed=1, last_run=1), NOON + timedelta(milliseconds=number))
    assert breaker.state is State.OPEN


def test_half_of_the_latest_failing_opens_it() -> None:
    """A carrier that fails every other time is passed by, though it never fails twice in a row."""
    breaker = sound(NOON)
    for number in range(20):
        breaker = after(breaker, Report(good=number % 2, failed=1 - number % 2, last_run=0), NOON)
    assert breaker.state is State.OPEN


def test_failures_of_long_ago_are_forgotten() -> None:
    """Three failures in the morning and one in the evening, with successes between, open nothing."""
    breaker = after(sound(NOON), Report(failed=3, last_run=3), NOON)
    breaker = after(breaker, Report(good=1), NOON + timedelta(minutes=1))
    breaker = after(breaker, Report(failed=1, last_run=1), NOON + timedelta(hours=6))
    assert breaker.state is State.CLOSED


def test_one_probe_at_a_time_and_a_longer_pause_after_each_failure() -> None:
    """A second worker that would probe is told no; a probe that fails doubles the pause."""
    breaker = after(sound(NOON), FAILS, NOON)
    assert probed(breaker, NOON + timedelta(seconds=1)) is None
    pauses, now = [], NOON
    for _ in range(6):
        assert breaker.probe_at is not None
        pauses.append((breaker.probe_at - now).total_seconds())
        now = breaker.probe_at
        tried = probed(breaker, now)
        assert tried is not None and probed(tried, now) is None
        breaker = after(tried, Report(failed=1, last_run=1), now)
    assert pauses == [5, 10, 20, 40, 60, 60]


def test_what_was_sent_before_it_opened_changes_nothing() -> None:
    """A late success of a carrier that hangs does not bring everybody back to it."""
    breaker = after(sound(NOON), FAILS, NOON)
    assert after(breaker, Report(good=3), NOON + timedelta(seconds=1)).state is State.OPEN
