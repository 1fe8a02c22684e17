"""Numbers as people say them."""

from __future__ import annotations

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dispatcher.figures import wording
from dispatcher.figures.wording import Lang


@pytest.mark.parametrize(
    ("number", "told"),
    [
        (None, "–"),
        (0, "0"),
        (5_532, "5,532"),
        (9_999, "9,999"),
        (10_000, "1万"),
        (785_600, "78.56万"),
        (1_100_000, "110万"),
        (99_999_949, "9,999.99万"),
        (99_999_950, "1亿"),
        (13_270_000_000, "132.7亿"),
        (Decimal("12345.67"), "1.23万"),
        (-20_000, "-2万"),
    ],
)
def test_counts(number: int | None, told: str) -> None:
    """A spokesman says 78.56万 alerts and 132.7亿 yuan, never a row of digits."""
    assert wording.count(number) == told


def test_counts_in_english() -> None:
    """A foreign reader gets digits with commas."""
    assert wording.count(785_600, Lang.EN) == "785,600"


@pytest.mark.parametrize(
    ("value", "told"),
    [(None, "–"), (0.0, "0.00 %"), (0.7993, "79.93 %"), (1.0, "100.00 %"), (0.00125, "0.13 %"), (2 / 3, "66.67 %")],
)
def test_shares(value: float | None, told: str) -> None:
    """A rate is told to a hundredth of a percent, rounded half up."""
    assert wording.share(value) == told


def test_changes_have_their_sign() -> None:
    """A rise is told with a plus, a fall with a minus, and nothing without either would be mistaken."""
    assert wording.growth(0.2829) == "+28.29 %"
    assert wording.growth(-0.05) == "-5.00 %"
    assert wording.growth(12.5) == "+1,250.00 %"
    assert wording.growth(None) == wording.points(None) == "–"
    assert wording.points(-3.456) == "-3.46 百分点"
    assert wording.points(1.5, Lang.EN) == "+1.50 points"
    assert wording.growth(-0.00001) == "+0.00 %"


@pytest.mark.parametrize(
    ("value", "told", "english"),
    [
        (None, "–", "–"),
        (0.04, "0秒", "0 s"),
        (8.25, "8.3秒", "8.3 s"),
        (59.99, "1分", "1 min"),
        (125, "2分5秒", "2 min 5 s"),
        (3599.7, "1小时", "1 h"),
        (3600, "1小时", "1 h"),
        (4800, "1小时20分", "1 h 20 min"),
        (90_061, "1天1小时", "1 d 1 h"),
    ],
)
def test_durations(value: float | None, told: str, english: str) -> None:
    """How long a person waited is told in the two largest units."""
    assert wording.seconds(value) == told
    assert wording.seconds(value, Lang.EN) == english


@given(st.integers(0, 10**12))
def test_a_wording_is_within_half_a_hundredth(number: int) -> None:
    """Whatever the count: what is said is no further from it than rounding to two decimals allows."""
    told = wording.count(number).replace(",", "")
    unit = {"万": 10_000, "亿": 100_000_000}.get(told[-1], 1)
    assert abs(Decimal(told.rstrip("万亿")) * unit - number) <= Decimal(unit) / 200
