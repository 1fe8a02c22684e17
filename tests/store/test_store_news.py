"""News never goes backwards: early, twice, reversed, late, for the unknown, or never."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from story import GRANDMOTHER, Town

from dispatcher import receipts, tables
from dispatcher.carriers.simulator import read_news
from dispatcher.claim import Letter
from dispatcher.happenings import WrongPerson
from dispatcher.news import Told
from dispatcher.plan import HUMAN, ROBOT, SMS, VISIT, Way


def sent(town: Town, way: Way = SMS, risk: str = "L4") -> Letter:
    """Grandmother's text (or robot call) is with the carrier."""
    town.hears_of(GRANDMOTHER, risk=risk)
    (letter,) = town.takes([town.one(way)["id"]])
    town.answered([letter])
    return letter


def receipt_states(town: Town) -> list[str]:
    """How the receipts stand, oldest first."""
    return [str(row["state"]) for row in town.rows(tables.receipts)]


def test_delivered_is_fulfilled(town: Town) -> None:
    """The receipt comes: the text is fulfilled, and the try knows when and with which code."""
    town.told(sent(town), "DELIVRD")
    assert (town.state(SMS), town.one(SMS)["outcome"]) == ("fulfilled", "delivered")
    (attempt,) = town.tries(town.one(SMS))
    assert (attempt["outcome"], attempt["outcome_code"], attempt["outcome_at"]) == ("delivered", "DELIVRD", town.now)


def test_a_delivered_text_is_no_contact(town: Town) -> None:
    """Grandmother's phone has the text; whether she read it nobody knows: she is not contacted."""
    town.told(sent(town), "DELIVRD")
    assert town.case()["contacted_at"] is None
    assert town.limits("contact")[0]["done_at"] is None


def test_a_receipt_before_the_answer_waits_for_it(town: Town) -> None:
    """The carrier calls back before it has answered our request: kept, applied right after the answer."""
    town.hears_of(GRANDMOTHER, risk="L4")
    letters = town.takes([town.one(SMS)["id"]])
    assert town.told(letters[0], "DELIVRD").waiting == 1
    assert (town.state(SMS), receipt_states(town)) == ("underway", ["waiting"])
    town.answered(letters)
    town.ticks()
    assert (town.state(SMS), receipt_states(town)) == ("fulfilled", ["applied"])


def test_a_receipt_before_the_answer_survives_a_dead_worker(town: Town) -> None:
    """The worker that sent it is killed; the early receipt decides as soon as its lease has run out."""
    town.hears_of(GRANDMOTHER, risk="L1")
    letters = town.takes([town.one(SMS)["id"]])
    town.told(letters[0], "DELIVRD")
    town.later(seconds=20)
    town.ticks()
    town.later(seconds=2)
    town.ticks()
    assert town.state(SMS) == "fulfilled"
    assert town.tries(town.one(SMS))[0]["ask_at"] is None


def test_a_receipt_twice_counts_once(town: Town) -> None:
    """The carrier repeats itself, in one call and in a later one: noted, nothing more."""
    letter = sent(town, ROBOT, "L3")
    town.told(letter, "KEY2", "KEY2")
    town.told(letter, "KEY2")
    assert receipt_states(town) == ["applied", "noted", "noted"]
    assert town.case()["risk"] == "L2"
    assert len(town.tells("raised")) == 1


def test_good_news_is_never_undone_by_worse(town: Town) -> None:
    """Delivered first, "undeliverable" after: delivered it stays, on the dispatch and on the try."""
    letter = sent(town)
    town.told(letter, "DELIVRD")
    town.told(letter, "UNDELIV", "ENROUTE", "EXPIRED")
    assert (town.state(SMS), town.tries(town.one(SMS))[0]["outcome"]) == ("fulfilled", "delivered")


def test_worse_news_is_bettered(town: Town) -> None:
    """ "Undeliverable" first, delivered after: the good news holds."""
    letter = sent(town)
    town.told(letter, "UNDELIV")
    assert town.state(SMS) == "missed"
    town.told(letter, "DELIVRD")
    assert (town.state(SMS), town.tries(town.one(SMS))[0]["outcome"]) == ("fulfilled", "delivered")


def test_worse_and_better_in_one_call(town: Town) -> None:
    """Both in one callback, in either order: delivered."""
    town.told(sent(town), "REJECTD", "DELIVRD", "UNDELIV")
    assert (town.state(SMS), town.tries(town.one(SMS))[0]["outcome"]) == ("fulfilled", "delivered")


def test_a_key_after_heard_says_more(town: Town) -> None:
    """ "Heard" comes first and the pressed key in a callback of its own: she has paid, and the case goes up."""
    letter = sent(town, ROBOT, "L3")
    town.told(letter, "HEARD")
    assert town.case()["contacted_by"] == "robot"
    assert town.told(letter, "KEY2", "KEY2").placed == 2
    assert (town.case()["risk"], town.one(ROBOT)["outcome"]) == ("L2", "key_paid")
    assert town.tries(town.one(ROBOT))[0]["outcome"] == "key_paid"
    assert {HUMAN, VISIT} <= set(town.ways())
    town.told(letter, "HEARD", "KEY1")
    assert town.one(ROBOT)["outcome"] == "key_paid"


def test_understood_after_heard_closes_the_case(town: Town) -> None:
    """She hears it and presses 1; the key comes a second later: the case ends as dissuaded."""
    letters = {letter.channel.value: letter for letter in (town.hears_of(GRANDMOTHER), town.works())[1]}
    town.told(letters["sms"], "DELIVRD")
    town.told(letters["call"], "HEARD")
    assert town.case()["state"] == "open"
    town.told(letters["call"], "KEY1")
    assert town.case()["close_code"] == "dissuaded"


def test_news_of_an_unknown_reference_waits_until_it_is_known(town: Town) -> None:
    """A receipt comes for a reference nobody knows; a minute later its try is there: applied."""
    town.hears_of(GRANDMOTHER, risk="L4")
    reference = town.one(SMS)["stem"] + "01"
    assert town.told(reference, "DELIVRD").waiting == 1
    town.later(minutes=1)
    letters = town.takes([town.one(SMS)["id"]])
    assert letters[0].reference == reference
    town.answered(letters)
    town.ticks()
    assert town.state(SMS) == "fulfilled"


def test_a_stranger_is_looked_up_less_and_less_and_then_let_go(town: Town) -> None:
    """A reference that stays unknown for three days is an orphan; until then it is kept, and looked up seldom."""
    town.told("nobodyknows0001", "DELIVRD")
    looks = 0
    while receipt_states(town) == ["waiting"]:
        town.later(minutes=10)
        looks += receipts.apply(town.store, now=town.now).waiting
        assert looks < 500
    assert receipt_states(town) == ["orphan"]
    assert town.rows(tables.receipts)[0]["received_at"] + timedelta(days=3) < town.now


def test_late_news_betters_unknown(town: Town) -> None:
    """72 hours of silence, then the receipt: unknown becomes fulfilled, or missed."""
    letter = sent(town)
    town.later(days=3, seconds=1)
    town.ticks()
    assert town.state(SMS) == "unknown"
    town.told(letter, "UNDELIV")
    assert town.state(SMS) == "missed"
    town.told(letter, "DELIVRD")
    assert town.state(SMS) == "fulfilled"


def test_news_beside_its_deadline_goes_first(town: Town) -> None:
    """The receipt was kept but not yet applied when the deadline fell: it is not called unknown."""
    from dispatcher import clock

    letter = sent(town)
    town.later(days=3, seconds=1)
    town.overhears(letter.reference, "DELIVRD")
    assert clock.close_news(town.store, now=town.now) == (0, [])
    town.ticks()
    assert town.state(SMS) == "fulfilled"


def test_only_a_persons_correction_undoes(town: Town) -> None:
    """A stranger had answered: corrected to missed; the carrier's repeat of "heard" does not bring it back."""
    letter = sent(town, ROBOT, "L4")
    town.told(letter, "HEARD")
    assert town.happens(town.one(ROBOT), WrongPerson()).moved
    assert town.state(ROBOT) == "missed"
    town.told(letter, "HEARD")
    assert town.state(ROBOT) == "missed"


def test_an_unknown_code_is_neither_delivered_nor_lost(town: Town) -> None:
    """A code from no table: kept as it came, nothing moves, the deadline still runs."""
    letter = sent(town)
    town.told(letter, "ZZ:9999")
    assert town.state(SMS) == "handed_over"
    assert town.rows(tables.receipts)[0]["code"] == "ZZ:9999"
    town.later(days=3, seconds=1)
    town.ticks()
    assert town.state(SMS) == "unknown"


def test_bad_news_of_an_earlier_try_moves_nothing(town: Town) -> None:
    """The first call was busy, the second is out; now "rejected" comes for the first: the second goes on."""
    first = sent(town, ROBOT, "L3")
    town.told(first, "BUSY")
    town.later(minutes=15)
    (second,) = town.takes([town.one(ROBOT)["id"]])
    town.answered([second])
    town.told(first, "REJECTED")
    assert (town.state(ROBOT), town.one(ROBOT)["tries"]) == ("handed_over", 2)


def test_good_news_of_an_earlier_try_ends_the_redialling(town: Town) -> None:
    """The first call seemed unanswered and a redial waits; then "heard" comes for it: nobody rings again."""
    first = sent(town, ROBOT, "L3")
    town.told(first, "NOANSWER")
    assert town.state(ROBOT) == "waiting"
    town.told(first, "HEARD")
    assert town.state(ROBOT) == "fulfilled"
    assert town.case()["contacted_by"] == "robot"


def test_a_call_cancelled_in_the_meantime_still_tells_that_he_paid(town: Town) -> None:
    """The redial was cancelled since a person reached her; then the first try's late key says that she has paid."""
    letter = sent(town, ROBOT, "L3")
    town.told(letter, "NOANSWER")
    town.change(
        tables.dispatches, town.one(ROBOT)["id"], state="cancelled", reason="person_was_reached", ended_at=town.now
    )
    town.told(letter, "KEY2")
    town.told(letter, "KEY2")
    assert (town.state(ROBOT), town.case()["risk"]) == ("cancelled", "L2")


@pytest.mark.parametrize(
    "wrong", [("HEARD", datetime(2000, 1, 1, tzinfo=UTC)), ("KEY1", datetime(2099, 1, 1, tzinfo=UTC))]
)
def test_a_carriers_wrong_clock_makes_no_impossible_contact(town: Town, wrong: tuple[str, datetime]) -> None:
    """One callback is dated in the year 2000, another in 2099: contact lies between the call and now."""
    letter, begun = sent(town, ROBOT, "L3"), town.now
    town.later(seconds=30)
    town.overhears(letter.reference, wrong[0], at=wrong[1])
    town.ticks()
    assert begun <= town.case()["contacted_at"] <= town.now


def test_raw_news_is_kept_whole_and_sealed(town: Town) -> None:
    """What the carrier said is kept as it came, and opens only with the key."""
    town.told("nobodyknows0001", "DELIVRD")
    (row,) = town.rows(tables.receipts)
    assert town.store.keys.open(row["sealed"], row["key_id"], "receipts", row["id"]) == b'{"code": "DELIVRD"}'


@pytest.mark.parametrize(
    ("reference", "at"),
    [
        ("abc", "0001-01-01T00:00:00+14:00"),
        ("abc", "9999-12-31T23:59:59-14:00"),
        ("a\0c", "2026-11-22T12:00:00+08:00"),
        ("a\ud800", "2026-11-22T12:00:00+08:00"),
    ],
)
def test_news_that_no_database_keeps_is_told_apart_at_the_door(town: Town, reference: str, at: str) -> None:
    """One impossible element of a callback never keeps its neighbours from being stored."""
    import json

    good = {"reference": "abcdefghijkl01", "code": "DELIVRD", "at": "2026-11-22T12:00:00+08:00"}
    body = json.dumps({"news": [{"reference": reference, "code": "DELIVRD", "at": at}, good]}).encode()
    told, faults = read_news(body)
    assert [item.reference for item in told] == ["abcdefghijkl01"]
    assert len(faults) == 1
    receipts.keep(town.store, "simulator", told, now=town.now)
    assert receipt_states(town) == ["waiting"]


def test_news_is_left_to_whoever_stored_it_until_he_is_gone(town: Town) -> None:
    """The web process stored it and is killed before it applied it: the clock waits two seconds, then does it."""
    letter = sent(town)
    told = [Told(letter.reference, "DELIVRD", town.now, b"{}")]
    receipts.keep(town.store, "simulator", told, now=town.now, own_for=timedelta(seconds=2))
    town.later(seconds=1)
    town.ticks()
    assert (town.state(SMS), receipt_states(town)) == ("handed_over", ["waiting"])
    town.later(seconds=1)
    town.ticks()
    assert (town.state(SMS), receipt_states(town)) == ("fulfilled", ["applied"])


def test_news_that_only_the_clock_can_place_is_the_clocks_at_once(town: Town) -> None:
    """A carrier calls the try by a name that nobody knows yet: it waits for that name, and not for the web process."""
    told = [Told("", "DELIVRD", town.now, b"{}", carrier_ref="M-1")]
    receipts.keep(town.store, "simulator", told, now=town.now, own_for=timedelta(seconds=2))
    assert town.rows(tables.receipts)[0]["again_at"] == town.now


def test_an_answer_wakes_news_that_was_put_off_alone(town: Town) -> None:
    """One early receipt was looked at and put off, its twin is in other hands: the answer brings the first forward."""
    town.hears_of(GRANDMOTHER, risk="L4")
    letters = town.takes([town.one(SMS)["id"]])
    town.told(letters[0], "DELIVRD")
    told = [Told(letters[0].reference, "DELIVRD", town.now, b"{}")]
    receipts.keep(town.store, "simulator", told, now=town.now, own_for=timedelta(minutes=1))
    town.answered(letters)
    put_off, twin = town.rows(tables.receipts)
    assert (put_off["again_at"], twin["again_at"]) == (town.now, town.now + timedelta(minutes=1))
