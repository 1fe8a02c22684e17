"""How much of machines and carriers a person and a day must bear."""

from __future__ import annotations

from story import GRANDFATHER, GRANDMOTHER, STUDENT, Town

from dispatcher.plan import SMS
from dispatcher.words import Answer, Outcome


def test_a_busy_carrier_costs_no_try(town: Town) -> None:
    """The carrier asks for three seconds twice over: the text waits, its person lost no try, and it goes."""
    town.hears_of(GRANDMOTHER, risk="L4")
    for _ in range(2):
        letters = town.takes([town.one(SMS)["id"]])
        town.answered(letters, Answer.BUSY, retry_after_s=3.0)
        assert (town.state(SMS), town.one(SMS)["tries"]) == ("waiting", 0)
        assert town.one(SMS)["due_at"] == town.later(seconds=3)
    town.works()
    assert (town.one(SMS)["tries"], town.one(SMS)["attempts"]) == (1, 3)


def test_a_carrier_that_never_has_time_is_given_up(town: Town) -> None:
    """Sixty refusals for want of room are enough: the text is missed, and the case can end."""
    town.hears_of(GRANDMOTHER, risk="L4")
    for _ in range(70):
        town.answered(town.takes([town.one(SMS)["id"]]), Answer.BUSY, retry_after_s=0.0)
    assert town.state(SMS) == "missed"
    assert town.one(SMS)["attempts"] < 70


def test_a_dead_number_at_hand_over_ends_the_text(town: Town) -> None:
    """The carrier refuses the number for good: the text is missed at once."""
    town.hears_of(GRANDMOTHER, risk="L4")
    town.answered(town.takes([town.one(SMS)["id"]]), Answer.REFUSED, outcome=Outcome.BAD_NUMBER, code="BADNUMBER")
    assert (town.state(SMS), town.one(SMS)["outcome"]) == ("missed", "bad_number")


def test_a_machine_reaches_for_nobody_more_than_three_times_a_day(town: Town) -> None:
    """Four kinds of fraud in one day: three texts go out, the fourth is missed and says why."""
    for kind in ("fake_loan", "fake_police", "romance", "game_trade"):
        town.hears_of(GRANDFATHER, risk="L4", fraud_type=kind)
    town.works()
    texts = town.all(SMS)
    assert sorted(row["state"] for row in texts) == ["handed_over"] * 3 + ["missed"]
    assert [row["reason"] for row in texts if row["state"] == "missed"] == ["fatigue"]


def test_the_most_endangered_are_never_too_tired(town: Town) -> None:
    """The same four at L2: all four texts go out."""
    for kind in ("fake_loan", "fake_police", "romance", "game_trade"):
        town.hears_of(GRANDFATHER, risk="L2", fraud_type=kind)
    town.works()
    assert {row["state"] for row in town.all(SMS)} == {"handed_over"}


def test_the_cap_is_on_the_person_and_slides(town: Town) -> None:
    """A tired grandfather does not silence the student, and is texted again the day after."""
    kinds = ("fake_loan", "fake_police", "romance")
    for kind in kinds:
        town.hears_of(GRANDFATHER, risk="L4", fraud_type=kind)
    town.hears_of(STUDENT, risk="L4")
    town.works()
    assert {row["state"] for row in town.all(SMS)} == {"handed_over"}
    town.later(hours=24, seconds=1)
    town.hears_of(GRANDFATHER, risk="L4", fraud_type="game_trade")
    town.works()
    assert "fatigue" not in {row["reason"] for row in town.all(SMS)}


def test_refused_requests_tire_nobody(town: Town) -> None:
    """The gateway was down for five tries: the person's own three are untouched."""
    town.hears_of(GRANDMOTHER, risk="L4")
    for _ in range(5):
        town.answered(town.takes([town.one(SMS)["id"]]), Answer.REFUSED, outcome=Outcome.GATEWAY_TEMPORARY)
        town.later(minutes=6)
    town.works()
    assert town.state(SMS) == "handed_over"
