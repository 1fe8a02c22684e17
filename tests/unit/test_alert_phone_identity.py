"""The two numbers that say who somebody is: the phone, which is the key, and the identity number."""

from datetime import UTC, date, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dispatcher.alert.identity import check_character, fault_of_identity
from dispatcher.alert.phone import e164

NOON = datetime(2026, 11, 22, 4, tzinfo=UTC)
DIGITS = "0123456789"


@pytest.mark.parametrize(
    "notation",
    [
        "13800138000",
        "+8613800138000",
        "8613800138000",
        "008613800138000",
        "138 0013 8000",
        "138-0013-8000",
        "+86 138-0013-8000",
        "(+86) 13800138000",
    ],
)
def test_one_person_in_many_notations(notation: str) -> None:
    """The same person is found however an upstream writes the mobile."""
    assert e164(notation) == "+8613800138000"


@pytest.mark.parametrize(
    ("notation", "number"),
    [
        ("0351-7654321", "+863517654321"),
        ("(0351)7654321", "+863517654321"),
        ("+86 351 7654321", "+863517654321"),
        ("+8603517654321", "+863517654321"),
        ("8603517654321", "+863517654321"),
        ("863517654321", "+863517654321"),
        ("010-87654321", "+861087654321"),
        ("02187654321", "+862187654321"),
        ("0755 28765432", "+8675528765432"),
    ],
)
def test_an_old_couple_with_a_landline(notation: str, number: str) -> None:
    """People without a mobile are found by their landline."""
    assert e164(notation) == number


@pytest.mark.parametrize(
    "wrong",
    [
        "",
        "110",
        "96110",
        "12800138000",
        "1380013800",
        "138001380000",
        "+85291234567",
        "7654321",
        "3517654321",
        "0351-0654321",
        "１３８００１３８０００",
        "13800138000\n",
        "1380013800O",
        "+86" * 20,
        "13800138000 ext 1",
    ],
)
def test_what_is_no_mainland_number(wrong: str) -> None:
    """Nobody is called at a number that was guessed."""
    assert e164(wrong) is None


@given(st.sampled_from("3456789"), st.text(DIGITS, min_size=9, max_size=9), st.sampled_from(["", "+86", "86", "0086"]))
def test_every_mobile_has_one_key(second: str, rest: str, country: str) -> None:
    """Whatever the mobile, its notations give one key, and the key gives itself."""
    key = e164(country + "1" + second + rest)
    assert key == "+861" + second + rest
    assert e164(key) == key


@given(st.text(max_size=40))
def test_any_text_gives_a_key_or_nothing(text: str) -> None:
    """Rubbish in the phone's place is refused and breaks nothing."""
    key = e164(text)
    assert key is None or e164(key) == key


def test_a_number_from_the_standards_own_examples() -> None:
    """The standard's example of an identity number is right, and each slip in it is told apart."""
    right = "11010519491231002X"
    assert check_character(right[:17]) == "X"
    assert fault_of_identity(right, NOON) is None
    assert "check character" in (fault_of_identity("110105194912310021", NOON) or "")
    assert "exists" in (fault_of_identity("110105194902300020", NOON) or "")
    assert "future" in (fault_of_identity("110105204912310020", NOON) or "")
    for odd in ("", "110105491231002", "11010519491231002", "1101051949123100２X", "X" * 18, "11010519491231002X\n"):
        assert "18 characters" in (fault_of_identity(odd, NOON) or "")


def test_a_baby_born_today_in_china() -> None:
    """A child born on the day that has begun in Shanghai, but not yet in Greenwich, has a right number."""
    first = "14010520261123001"
    number = first + check_character(first)
    assert fault_of_identity(number, datetime(2026, 11, 22, 16, tzinfo=UTC)) is None
    assert fault_of_identity(number, datetime(2026, 11, 22, 15, 59, tzinfo=UTC)) is not None


@given(
    st.dates(date(1900, 1, 1), date(2026, 11, 21)),
    st.integers(0, 999),
    st.integers(0, 17),
    st.sampled_from(DIGITS),
)
def test_one_wrong_digit_is_always_noticed(born: date, sequence: int, place: int, digit: str) -> None:
    """A clerk who mistypes one digit is told so, wherever it stands."""
    first = f"140105{born:%Y%m%d}{sequence:03d}"
    number = first + check_character(first)
    assert fault_of_identity(number, NOON) is None
    mistyped = number[:place] + digit + number[place + 1 :]
    assert (fault_of_identity(mistyped, NOON) is None) == (mistyped == number)
