"""Windows by name, a year earlier, just before: in Shanghai, whatever day it is."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dispatcher.figures.windows import Change, Name, Window, change, custom, just_before, named, year_before
from dispatcher.plan import LOCAL

INSTANTS = st.datetimes(datetime(2000, 1, 1), datetime(2099, 1, 1), timezones=st.just(LOCAL))  # noqa: DTZ001  # the strategy adds it
SPANS = st.timedeltas(timedelta(microseconds=1), timedelta(days=800))


def at(text: str) -> datetime:
    """An instant in Shanghai."""
    return datetime.fromisoformat(text).replace(tzinfo=LOCAL)


def days(since: str, until: str) -> Window:
    """A window of somebody's choice."""
    return custom(at(since), at(until))


def ends(window: Window) -> tuple[datetime, datetime]:
    """Where it begins and ends."""
    return window.since, window.until


NOW = at("2026-05-22T15:30")


@pytest.mark.parametrize(
    ("name", "since", "before"),
    [
        (Name.TODAY, "2026-05-22", ("2026-05-21", "2026-05-21T15:30")),
        (Name.MONTH, "2026-05-01", ("2026-04-01", "2026-04-22T15:30")),
        (Name.YTD, "2026-01-01", ("2025-01-01", "2025-05-22T15:30")),
    ],
)
def test_a_window_by_its_name(name: Name, since: str, before: tuple[str, str]) -> None:
    """A supervisor asked for today, the month, the year: each runs to now, and its forerunner to the same point."""
    window = named(name, NOW.astimezone(UTC))
    assert ends(window) == (at(since), NOW)
    assert ends(just_before(window)) == (at(before[0]), at(before[1]))


def test_last_year_to_now() -> None:
    """去年至今 begins on 1 January of last year, by Shanghai's clock and not by London's."""
    new_year = datetime(2025, 12, 31, 16, 30, tzinfo=UTC)
    assert ends(named(Name.SINCE_LAST_YEAR, new_year)) == (at("2025-01-01"), at("2026-01-01T00:30"))


@pytest.mark.parametrize(
    ("since", "until", "a_year_before"),
    [
        ("2026-01-01", "2026-05-23", ("2025-01-01", "2025-05-23")),
        ("2024-02-29", "2024-03-01", ("2023-02-28", "2023-03-01")),
        ("2024-02-28", "2024-02-29", ("2023-02-28", "2023-03-01")),
        ("2024-02-01", "2024-03-01", ("2023-02-01", "2023-03-01")),
        ("2024-01-01", "2024-02-29T12:00", ("2023-01-01", "2023-02-28T12:00")),
    ],
)
def test_a_year_earlier(since: str, until: str, a_year_before: tuple[str, str]) -> None:
    """A report of leap-year days is compared with what those days were a year before: 29 February with the 28th."""
    assert ends(year_before(days(since, until))) == (at(a_year_before[0]), at(a_year_before[1]))


@pytest.mark.parametrize(
    ("since", "until", "before"),
    [
        ("2026-03-01", "2026-04-01", ("2026-02-01", "2026-03-01")),
        ("2026-01-01", "2026-04-01", ("2025-10-01", "2026-01-01")),
        ("2026-01-01", "2027-01-01", ("2025-01-01", "2026-01-01")),
        ("2026-03-02", "2026-03-09", ("2026-02-23", "2026-03-02")),
    ],
)
def test_the_one_before(since: str, until: str, before: tuple[str, str]) -> None:
    """March is compared with February, a quarter with a quarter, seven days with the seven days just before."""
    assert ends(just_before(days(since, until))) == (at(before[0]), at(before[1]))


@given(INSTANTS, SPANS)
def test_no_comparison_is_empty_or_in_the_future(since: datetime, span: timedelta) -> None:
    """Whatever window somebody chose: its forerunners hold instants, and end no later than it does."""
    window = custom(since, since + span)
    for other in (year_before(window), just_before(window)):
        assert other.since < other.until <= window.until
    assert just_before(window).until <= window.since


@given(INSTANTS, st.sampled_from(Name))
def test_a_name_always_ends_now(now: datetime, name: Name) -> None:
    """At any instant, midnight of New Year included, a named window ends now and its forerunner lies before."""
    window = named(name, now)
    assert window.since < window.until and timedelta(0) <= window.until - now <= timedelta(microseconds=1)
    assert window.since.astimezone(LOCAL).timetz().replace(tzinfo=None) == datetime.min.time()
    assert just_before(window).until <= window.since
    assert year_before(window).until < window.until


@given(INSTANTS, SPANS)
def test_a_year_earlier_is_about_as_long(since: datetime, span: timedelta) -> None:
    """A year earlier has the same length, but for the leap day."""
    window = custom(since, since + span)
    other = year_before(window)
    assert abs((other.until - other.since) - (window.until - window.since)) <= timedelta(days=1)


def test_an_empty_window_is_refused() -> None:
    """Somebody asked for the alerts from Tuesday to Monday."""
    with pytest.raises(ValueError, match="begins before it ends"):
        days("2026-03-03", "2026-03-02")


@given(st.floats(0, 1), st.floats(0, 1))
def test_a_rate_moves_in_points_too(current: float, previous: float) -> None:
    """A rate that went from 60 % to 75 % grew by a quarter, and by 15 points; from nothing there is no growth."""
    told = change(current, previous, is_rate=True)
    assert told.points == pytest.approx((current - previous) * 100)
    assert (told.growth is None) == (previous == 0)
    assert change(current, previous, is_rate=False).points is None


def test_what_is_not_known_does_not_move() -> None:
    """Nobody was called last year: neither growth nor points are claimed."""
    assert change(0.5, None, is_rate=True) == change(None, 0.5, is_rate=True) == Change(None, None)
    assert change(12, 0, is_rate=False) == Change(None, None)
    assert change(75, 60, is_rate=False).growth == 0.25
