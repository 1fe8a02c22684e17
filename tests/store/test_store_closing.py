"""How cases end: by a person's word, by rule, with their leader, or not at all."""

from __future__ import annotations

import pytest
from story import GRANDFATHER, GRANDMOTHER, Town

from dispatcher import tables
from dispatcher.claim import Letter
from dispatcher.clock import close_due, closing
from dispatcher.plan import HUMAN, ROBOT, SMS, VISIT


def texts_arrive(town: Town) -> None:
    """Every text that is with the carrier is delivered."""
    for row in town.rows(tables.dispatches, channel="sms", state="handed_over"):
        town.told(town.reference(row), "DELIVRD")


def at_the_door(town: Town, risk: str = "L2") -> None:
    """Grandmother's text is there, her caller and her officer are assigned."""
    town.hears_of(GRANDMOTHER, risk=risk)
    town.works()
    texts_arrive(town)


def test_called_and_met_is_dissuaded(town: Town) -> None:
    """The call reaches her, the officer meets her: the case closes as dissuaded, once everything has ended."""
    at_the_door(town)
    town.reached(town.one(HUMAN))
    assert town.case()["state"] == "open"
    town.met(town.one(VISIT))
    assert (town.case()["state"], town.case()["close_code"]) == ("closed", "dissuaded")


def test_a_case_waits_for_its_text(town: Town) -> None:
    """Called and met while the receipt is out: it closes when the receipt comes."""
    town.hears_of(GRANDMOTHER, risk="L2")
    town.works()
    town.reached(town.one(HUMAN))
    town.met(town.one(VISIT))
    assert town.case()["state"] == "open"
    texts_arrive(town)
    assert town.case()["state"] == "closed"


def test_unreachable_after_all_tries_stays_open(town: Town) -> None:
    """Six calls, a relative's three, a visit in vain: she cannot be found for now; only a supervisor closes that."""
    at_the_door(town)
    for _ in range(6):
        town.missed(town.one(HUMAN))
        town.later(minutes=10)
        town.works()
    for _ in range(3):
        for relative in town.rows(tables.dispatches, target="relative", state="handed_over"):
            town.missed(relative)
        town.later(minutes=10)
        town.works()
    town.not_met(town.one(VISIT))
    assert (town.case()["state"], town.case()["close_code"]) == ("open", "temp_unreachable")
    town.later(days=30)
    town.ticks()
    assert (town.case()["state"], town.case()["close_code"]) == ("open", "temp_unreachable")


def test_one_who_was_not_to_be_found_and_is_heard_after_all(town: Town) -> None:
    """L3: everything in vain and 48 hours over; then the robot's "heard" comes in late: the case can end."""
    town.hears_of(GRANDMOTHER, risk="L3")
    town.works()
    texts_arrive(town)
    call = town.reference(town.one(ROBOT))
    town.told(call, "INVALID")
    town.works()
    town.not_met(town.one(VISIT))
    assert town.case()["close_code"] == "temp_unreachable"
    town.later(hours=48)
    town.ticks()
    assert town.case()["state"] == "open"
    town.told(call, "HEARD")
    assert (town.case()["state"], town.case()["close_code"]) == ("closed", "auto_closed")


def test_an_l4_case_closes_itself_at_48_hours(town: Town) -> None:
    """L4, heard but no key: it stays until its hour, and closes itself then."""
    town.hears_of(GRANDMOTHER, risk="L4")
    town.works()
    texts_arrive(town)
    town.told(town.reference(town.one(ROBOT)), "HEARD")
    town.later(hours=48, seconds=-1)
    town.ticks()
    assert town.case()["state"] == "open"
    town.later(seconds=1)
    town.ticks()
    assert (town.case()["close_code"], town.case()["closed_at"]) == ("auto_closed", town.now)


def test_an_l4_case_that_understood_closes_at_once(town: Town) -> None:
    """L4: she pressed 1."""
    town.hears_of(GRANDMOTHER, risk="L4")
    town.works()
    texts_arrive(town)
    town.told(town.reference(town.one(ROBOT)), "KEY1")
    assert town.case()["close_code"] == "dissuaded"


def test_she_had_paid_and_it_was_stopped(town: Town) -> None:
    """Both reports tell of money, the second that some was stopped: that is how the case ends."""
    at_the_door(town)
    paid = {"verdict": "defrauded", "dissuasion": None, "defrauded_yuan": "5000.00", "fraud_time": town.now}
    town.reached(town.one(HUMAN), **paid)
    assert town.case()["risk"] == "L1"
    town.met(town.one(VISIT), **paid, stopped_yuan="3000.00")
    assert town.case()["close_code"] == "defrauded_stopped"


def test_she_had_paid_and_it_is_gone(town: Town) -> None:
    """Nothing could be stopped."""
    at_the_door(town)
    paid = {"verdict": "defrauded", "dissuasion": None, "defrauded_yuan": "5000.00", "fraud_time": town.now}
    town.reached(town.one(HUMAN), **paid)
    town.met(town.one(VISIT), **paid, stopped_yuan="0.00")
    assert town.case()["close_code"] == "defrauded_lost"


def test_refused_on_the_phone_and_dissuaded_at_the_door(town: Town) -> None:
    """She would not hear the caller; the officer persuades her: the latest word stands."""
    at_the_door(town)
    town.reached(town.one(HUMAN), dissuasion="refused")
    town.met(town.one(VISIT))
    assert town.case()["close_code"] == "dissuaded"


def test_the_report_that_came_last_is_the_latest_word_whichever_was_kept_first(town: Town) -> None:
    """The caller's report came first and waited for the case; the officer's, that she refuses, was kept before it."""
    at_the_door(town)
    call, visit = town.one(HUMAN), town.one(VISIT)
    came_first = town.later(minutes=5)
    town.later(seconds=3)
    town.met(visit, dissuasion="refused")
    town.now = came_first
    town.reached(call)
    case = town.case()
    assert (case["state"], case["dissuasion"]) == ("open", "refused")


def test_the_money_of_the_report_that_came_last_decides_how_a_loss_ends(town: Town) -> None:
    """She had paid: the officer tells of nothing stopped, the caller later of 500 yuan, and is kept first."""
    at_the_door(town)
    call, visit = town.one(HUMAN), town.one(VISIT)
    came_first = town.later(minutes=5)
    town.later(seconds=3)
    paid = {"verdict": "defrauded", "dissuasion": None, "defrauded_yuan": 900, "fraud_time": came_first}
    town.reached(call, **paid, stopped_yuan=500)
    town.now = came_first
    town.met(visit, **paid, stopped_yuan=0)
    assert town.case()["close_code"] == "defrauded_stopped"


def test_a_linked_case_follows_its_leader(town: Town) -> None:
    """Two kinds of fraud, one call and one visit: reached is reached for both, and both close alike."""
    town.hears_of(GRANDMOTHER, risk="L2")
    town.hears_of(GRANDMOTHER, risk="L2", fraud_type="fake_loan")
    town.works()
    texts_arrive(town)
    town.reached(town.one(HUMAN))
    assert all(case["contacted_by"] == "human" for case in town.cases())
    assert all(row["done_at"] == town.now for row in town.limits("contact"))
    town.met(town.one(VISIT))
    assert {(case["state"], case["close_code"]) for case in town.cases()} == {("closed", "dissuaded")}


def test_a_linked_case_that_waits_for_its_text_holds_its_leader(town: Town) -> None:
    """The second kind's text is still out: neither closes; it arrives: both do."""
    first = town.hears_of(GRANDMOTHER, risk="L2")
    second = town.hears_of(GRANDMOTHER, risk="L2", fraud_type="fake_loan")
    town.works()
    town.told(town.reference(town.one(SMS, case_id=first.case_id)), "DELIVRD")
    town.reached(town.one(HUMAN))
    town.met(town.one(VISIT))
    assert {case["state"] for case in town.cases()} == {"open"}
    town.told(town.reference(town.one(SMS, case_id=second.case_id)), "DELIVRD")
    assert {case["state"] for case in town.cases()} == {"closed"}


def test_a_linked_case_whose_leader_is_gone_stands_alone(town: Town) -> None:
    """The leader was closed by hand while the linked text was out; the linked case goes up: it gets its own people."""
    first = town.hears_of(GRANDMOTHER, risk="L3")
    second = town.hears_of(GRANDMOTHER, risk="L3", fraud_type="fake_loan")
    town.works()
    town.change(tables.cases, first.case_id, state="closed", close_code="false_alarm", closed_at=town.now)  # type: ignore[arg-type]  # accepted, so it has a case
    town.hears_of(GRANDMOTHER, risk="L1", fraud_type="fake_loan")
    assert {HUMAN, VISIT} <= set(town.ways(case_id=second.case_id))
    assert town.case(id=second.case_id)["shares_case_id"] is None
    (parted,) = [row for row in town.rows(tables.events) if row["what"] == "parted"]
    assert (parted["case_id"], parted["why"]) == (second.case_id, str(first.case_id))


def test_a_reason_to_close_ends_everything(town: Town) -> None:
    """The caller reports that it was a false alarm: the visit is called off, the case is closed as that."""
    at_the_door(town)
    town.reached(town.one(HUMAN), dissuasion="not_needed", close="false_alarm")
    assert (town.case()["close_code"], town.state(VISIT)) == ("false_alarm", "cancelled")
    assert town.one(VISIT)["reason"] == "case_closed"


def test_every_case_comes_to_its_end_in_silence(town: Town) -> None:
    """Nobody answers anything, no carrier, no officer: within a week every dispatch has ended, every case is told."""
    for number, risk in enumerate(("L1", "L2", "L3", "L4")):
        town.hears_of(f"1370000000{number}", risk=risk)
    for _ in range(90):
        town.works()
        town.later(hours=2)
        town.ticks()
    ends = {"fulfilled", "missed", "unknown", "cancelled"}
    assert {row["state"] for row in town.rows(tables.dispatches)} <= ends
    assert [case["close_code"] for case in town.cases()] == ["temp_unreachable"] * 3 + ["auto_closed"]


def test_a_linked_case_is_not_to_be_found_either(town: Town) -> None:
    """L3 twice over: the number is dead and the visit in vain: both cases say that she cannot be found for now."""
    for kind in ("fake_police", "fake_loan"):
        town.hears_of(GRANDMOTHER, risk="L3", fraud_type=kind)
    town.works()
    texts_arrive(town)
    town.told(town.reference(town.one(ROBOT)), "INVALID")
    town.works()
    town.not_met(town.one(VISIT))
    assert {(case["state"], case["close_code"]) for case in town.cases()} == {("open", "temp_unreachable")}


def heard_while_her_text_is_underway(town: Town) -> Letter:
    """L4: grandmother's robot was heard; her text is with a worker when the closing time has come."""
    town.hears_of(GRANDMOTHER, risk="L4")
    text, call = sorted(town.takes(), key=lambda letter: letter.channel, reverse=True)
    town.answered([call])
    town.told(call, "HEARD")
    town.later(hours=49)
    return text


def test_a_case_whose_own_work_goes_on_is_left_in_peace(town: Town) -> None:
    """Her closing time came while her text was underway: the clock changed nothing, and closed the case after that."""
    text = heard_while_her_text_is_underway(town)
    before = town.case()
    assert close_due(town.store, now=town.now) == 0
    assert town.case() == before
    town.answered([text])
    assert close_due(town.store, now=town.now) == 1
    assert town.case()["state"] == "closed"


def test_a_page_of_busy_cases_makes_room(town: Town, monkeypatch: pytest.MonkeyPatch) -> None:
    """A look's page was full of cases that were busy at their closing time: the one behind them closed all the same."""
    heard_while_her_text_is_underway(town)
    town.hears_of(GRANDFATHER, risk="L4")
    for letter in town.works():
        town.told(letter, "HEARD" if letter.channel == "call" else "DELIVRD")
    monkeypatch.setattr(closing, "PAGE", 1)
    town.later(hours=48)
    assert close_due(town.store, now=town.now) == 0
    assert close_due(town.store, now=town.now) == 1
    assert sorted(case["state"] for case in town.cases()) == ["closed", "open"]
