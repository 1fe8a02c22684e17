"""Rule 7 as a pure function: where an alert belongs."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from config.policy import load_policy
from dispatcher.join import Join, Known, Open, join
from dispatcher.words import CloseCode

NOW = datetime(2026, 11, 22, 4, 0, tzinfo=UTC)
RULES = load_policy("default").joining
HOUR = 3600
TYPES = ("fake_loan", "fake_police", "romance")


def case(number: int, kind: str = "fake_loan", **told: object) -> Known:
    """An open case, opened `number` hours after midnight."""
    values: dict[str, object] = {
        "id": UUID(int=number),
        "fraud_type": kind,
        "state": "open",
        "opened_at": NOW - timedelta(days=30) + timedelta(hours=number),
        "close_code": None,
        "closed_at": None,
        "shares_case_id": None,
    }
    return Known(**(values | told))  # type: ignore[arg-type]  # a test's shorthand


def closed(number: int, hours_ago: float, code: str = "dissuaded", kind: str = "fake_loan") -> Known:
    """A case closed so many hours ago."""
    return case(number, kind, state="closed", close_code=code, closed_at=NOW - timedelta(hours=hours_ago))


def told(*cases: Known, kind: str = "fake_loan") -> Join | Open:
    """Where an alert of this type belongs."""
    return join(kind, cases, rules=RULES, now=NOW)


def test_a_stranger_gets_a_case_of_his_own() -> None:
    """Nothing is known of him."""
    assert told() == Open()


def test_an_open_case_of_any_age_takes_it() -> None:
    """Open for thirty days: it joins."""
    assert told(case(1)) == Join(UUID(int=1))


def test_an_open_case_without_an_end_takes_it() -> None:
    """Not to be found, and open: it joins."""
    assert told(case(1, close_code="temp_unreachable")) == Join(UUID(int=1))


@pytest.mark.parametrize(
    ("hours", "place"),
    [
        (0, Join(UUID(int=1))),
        (23.99, Join(UUID(int=1))),
        (24, Join(UUID(int=1), second_warning=True)),
        (72, Join(UUID(int=1), second_warning=True)),
        (72.01, Open(previous=UUID(int=1))),
    ],
)
def test_after_dissuasion_it_depends_on_the_hours(hours: float, place: Join | Open) -> None:
    """Within a day it joins, to the third day it is a second warning, after that a new case."""
    assert told(closed(1, hours)) == place


@pytest.mark.parametrize("code", [code for code in CloseCode if code not in ("dissuaded", "temp_unreachable")])
def test_another_ending_takes_nothing(code: CloseCode) -> None:
    """Closed an hour ago as anything but dissuaded: a new case, linked to the old."""
    assert told(closed(1, 1, code)) == Open(previous=UUID(int=1))


def test_another_type_shares_the_open_case() -> None:
    """His loan case is open; now he is in a romance: a case that shares its call and visit, with no forerunner."""
    assert told(case(1), kind="romance") == Open(previous=None, shares=UUID(int=1))


def test_a_case_that_shares_is_not_shared_again() -> None:
    """A third type shares the first case, not the second that has no call itself."""
    first, second = case(1), case(2, "romance", shares_case_id=UUID(int=1))
    assert told(second, first, kind="fake_police") == Open(shares=UUID(int=1))


def test_another_types_closed_case_is_nothing_to_share() -> None:
    """Dissuaded of a loan an hour ago, now a romance: a new case."""
    assert told(closed(1, 1), kind="romance") == Open()


def test_the_newest_ending_counts() -> None:
    """Dissuaded twice, last an hour ago: it joins the later."""
    assert told(closed(2, 1), closed(1, 50)) == Join(UUID(int=2))


known = st.builds(
    lambda number, kind, open_, hours, code: case(number, kind) if open_ else closed(number, hours, code, kind),
    st.integers(1, 10_000),
    st.sampled_from(TYPES),
    st.booleans(),
    st.floats(0, 200),
    st.sampled_from([code.value for code in CloseCode if code != "temp_unreachable"]),
)


@given(st.sampled_from(TYPES), st.lists(known, max_size=6, unique_by=lambda one: one.id), st.randoms())
def test_rule_7_in_full(kind: str, cases: list[Known], chance: object) -> None:
    """Whatever is known, in whatever order: the answer is the rule's, and the same."""
    place = join(kind, cases, rules=RULES, now=NOW)
    shuffled = sorted(cases, key=lambda one: hash((one.id, str(chance))))
    assert join(kind, shuffled, rules=RULES, now=NOW) == place
    same = {one.id: one for one in cases if one.fraud_type == kind}
    if isinstance(place, Join):
        taken = same[place.case]
        if taken.state == "open":
            assert not place.second_warning
            return
        assert taken.close_code == "dissuaded"
        assert all(one.state != "open" for one in same.values())
        assert taken.closed_at is not None
        hours = (NOW - taken.closed_at).total_seconds() / HOUR
        assert hours <= 72
        assert place.second_warning == (hours >= 24)
        return
    assert all(one.state != "open" for one in same.values())
    assert (place.previous is None) == (not same)
    others = {one.id for one in cases if one.fraud_type != kind and one.state == "open"}
    assert (place.shares is None) == (not others)
    assert place.shares is None or place.shares in others
