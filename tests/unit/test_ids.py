"""Names: keys that grow, references that fit every carrier."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dispatcher.bells import ring_pause
from dispatcher.ids import new_id, new_stem, reference

numbers = st.integers(1, 36 * 36 - 1)


def test_keys_grow() -> None:
    """A thousand keys in a row are distinct, in order, and version 7."""
    made = [new_id() for _ in range(1000)]
    assert made == sorted(set(made))
    assert {key.version for key in made} == {7}


@given(numbers)
def test_a_reference_fits_every_carrier(number: int) -> None:
    """At most fifteen ASCII letters and digits, and it begins with its dispatch's stem."""
    stem = new_stem()
    name = reference(stem, number)
    assert name.startswith(stem)
    assert len(name) <= 15
    assert name.isascii()
    assert name.isalnum()


@given(numbers, numbers)
def test_no_two_tries_share_a_reference(one: int, other: int) -> None:
    """The hundredth try and the thousandth have names of their own."""
    assert (reference("a" * 12, one) == reference("a" * 12, other)) == (one == other)


@pytest.mark.parametrize("number", [0, -1, 36 * 36])
def test_a_try_without_a_name_is_refused(number: int) -> None:
    """Before the first and after the last that two letters can count."""
    with pytest.raises(ValueError, match=r"1 \.\. 1295"):
        reference("a" * 12, number)


def test_stems_do_not_collide() -> None:
    """Ten thousand dispatches, ten thousand stems of twelve."""
    stems = {new_stem() for _ in range(10_000)}
    assert len(stems) == 10_000
    assert {len(stem) for stem in stems} == {12}


def test_stems_of_one_minute_lie_side_by_side() -> None:
    """A thousand dispatches of one minute begin with the same three letters, or of two, should it just turn."""
    assert len({new_stem()[:3] for _ in range(1000)}) <= 2


@given(st.integers(0, 10_000))
def test_the_bell_is_never_silent_for_long(rings: int) -> None:
    """However often it was rung in vain: again within half a minute, and never without a pause."""
    assert 5 <= ring_pause(rings).total_seconds() <= 30
    assert ring_pause(rings) <= ring_pause(rings + 1)
