"""Robots and people on the phone: redials, hours, caps, relatives, and who goes to the door."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from story import GRANDMOTHER, Town

from config.policy import load_policy
from dispatcher import tables
from dispatcher.plan import HUMAN, RELATIVE, ROBOT, SMS, VISIT
from dispatcher.store import Store

NIGHT = datetime(2026, 11, 22, 14, 0, tzinfo=UTC)
"""22:00 in Shanghai."""


def rings(town: Town, code: str) -> None:
    """The robot calls, and the carrier tells how it went."""
    (letter,) = town.takes([town.one(ROBOT)["id"]])
    town.answered([letter])
    town.told(letter, code)


def test_a_robot_redials_as_planned_and_then_a_person_calls(town: Town) -> None:
    """L3: three rings, a quarter of an hour apart, nobody answers: a person is asked to call."""
    town.hears_of(GRANDMOTHER, risk="L3")
    for ring in range(3):
        assert (town.state(ROBOT), town.all(HUMAN)) == ("waiting", [])
        rings(town, "NOANSWER")
        if ring < 2:
            assert town.one(ROBOT)["due_at"] == town.later(minutes=15)
    assert town.state(ROBOT) == "missed"
    assert town.state(HUMAN) == "waiting"
    assert town.all(VISIT) == []
    assert [row["due_at"] for row in town.limits("feedback")] != []


def test_an_l4_robot_that_reaches_nobody_is_the_end_of_it(town: Town) -> None:
    """L4: two rings, nobody answers, no person calls; the case closes itself at 48 hours."""
    town.hears_of(GRANDMOTHER, risk="L4")
    town.works()
    town.told(town.reference(town.one(SMS)), "DELIVRD")
    town.told(town.reference(town.one(ROBOT)), "BUSY")
    town.later(hours=2)
    rings(town, "BUSY")
    assert town.state(ROBOT) == "missed"
    assert sorted(town.ways()) == sorted([SMS, ROBOT])
    assert town.case()["state"] == "open"
    town.later(hours=46)
    town.ticks()
    assert town.case()["close_code"] == "auto_closed"


def test_a_platforms_fault_is_no_try_on_the_person(town: Town) -> None:
    """The calling platform fails five times: it is called again, and grandmother keeps her three rings."""
    town.hears_of(GRANDMOTHER, risk="L3")
    for _ in range(5):
        rings(town, "FAULT")
        town.later(minutes=15)
    assert (town.state(ROBOT), town.one(ROBOT)["tries"], town.one(ROBOT)["attempts"]) == ("waiting", 0, 5)


@pytest.mark.parametrize("code", ["INVALID", "SUSPENDED"])
def test_a_dead_number_sends_an_officer(town: Town, code: str) -> None:
    """L3: the number does not exist: no redial, no human call to it, an officer goes."""
    town.hears_of(GRANDMOTHER, risk="L3")
    rings(town, code)
    assert (town.state(ROBOT), town.state(VISIT), town.all(HUMAN)) == ("missed", "waiting", [])
    assert len(town.limits("met")) == 1


def test_an_answering_machine_is_no_contact(town: Town) -> None:
    """A voicemail heard the robot out: grandmother did not."""
    town.hears_of(GRANDMOTHER, risk="L3")
    rings(town, "MACHINE")
    assert town.case()["contacted_at"] is None
    assert town.state(ROBOT) == "waiting"


def test_the_second_key_raises_and_sends_people(town: Town) -> None:
    """L3: she presses 2, she has paid: the case is L2 now, a person calls, an officer goes, and texts say so."""
    town.hears_of(GRANDMOTHER, risk="L3")
    rings(town, "KEY2")
    assert town.case()["risk"] == "L2"
    assert town.case()["contacted_by"] == "robot"
    assert {HUMAN, VISIT} <= set(town.ways(state="waiting"))
    assert [row["why"] for row in town.tells("raised")] == ["says_he_has_paid"]


def test_an_l3_robot_does_not_ring_at_night(town: Town) -> None:
    """An alert at 22:00: the text goes at once, the robot waits for eight in the morning."""
    town.now = NIGHT
    town.hears_of(GRANDMOTHER, risk="L3")
    assert town.one(ROBOT)["due_at"] == datetime(2026, 11, 23, 0, 0, tzinfo=UTC)
    assert [letter.channel for letter in town.works()] == ["sms"]
    town.now = datetime(2026, 11, 23, 0, 0, tzinfo=UTC)
    assert [letter.channel for letter in town.takes()] == ["call"]


def test_a_redial_that_falls_into_the_night_waits_for_the_morning(town: Town) -> None:
    """The last ring of the evening is at 20:50; its redial would be at 21:05: it is at eight."""
    town.now = datetime(2026, 11, 22, 12, 50, tzinfo=UTC)
    town.hears_of(GRANDMOTHER, risk="L3")
    rings(town, "NOANSWER")
    assert town.one(ROBOT)["due_at"] == datetime(2026, 11, 23, 0, 0, tzinfo=UTC)


def test_a_claim_that_comes_too_late_in_the_evening_is_put_off(town: Town) -> None:
    """The workers were down all day; at 22:00 they come back: the robot's call is put off, not placed."""
    town.hears_of(GRANDMOTHER, risk="L3")
    town.now = NIGHT
    assert [letter.channel for letter in town.takes()] == ["sms"]
    assert town.one(ROBOT)["due_at"] == datetime(2026, 11, 23, 0, 0, tzinfo=UTC)
    assert town.one(ROBOT)["reason"] == "outside_hours"


def test_people_call_at_any_hour(town: Town) -> None:
    """L1 at 22:00: the caller and the officer are sent at once."""
    town.now = NIGHT
    town.hears_of(GRANDMOTHER, risk="L1")
    town.works()
    assert town.state(HUMAN) == town.state(VISIT) == town.state(SMS) == "handed_over"


def test_a_person_redials_and_relatives_are_called_from_the_third_miss(town: Town) -> None:
    """L1: misses three minutes apart; with the third a relative's call stands beside the fourth try."""
    town.hears_of(GRANDMOTHER, risk="L1")
    for miss in (1, 2, 3):
        town.works()
        assert town.all(RELATIVE) == []
        assert town.missed(town.one(HUMAN)).state == "waiting"
        assert town.one(HUMAN)["tries"] == miss
        assert town.one(HUMAN)["due_at"] == town.later(minutes=3)
    assert town.state(RELATIVE) == "waiting"
    town.works()
    town.missed(town.one(HUMAN))
    assert len(town.all(RELATIVE)) == 1


def test_a_redial_keeps_its_unit_and_its_sign_in(town: Town) -> None:
    """The caller who signed in has the redial too; the sign-in clock does not start again."""
    town.hears_of(GRANDMOTHER, risk="L1")
    town.works()
    town.signs_in(town.one(HUMAN))
    first = town.one(HUMAN)
    town.missed(first)
    town.later(minutes=3)
    town.works()
    again = town.one(HUMAN)
    assert (again["unit_id"], again["signed_in_at"]) == (first["unit_id"], first["signed_in_at"])
    assert len(town.limits("sign_in", dispatch_id=first["id"])) == 1


def test_twenty_misses_and_the_call_is_spent(town: Town) -> None:
    """L1: after the twentieth miss nobody dials any more; the visit still stands."""
    town.hears_of(GRANDMOTHER, risk="L1")
    for _ in range(20):
        town.works()
        town.missed(town.one(HUMAN))
        town.later(minutes=3)
    assert town.state(HUMAN) == "missed"
    assert town.state(VISIT) == "handed_over"


def test_a_relative_reached_is_not_the_person(town: Town) -> None:
    """Her son promises to tell her: his call is done, she is not contacted, her own calls go on."""
    town.hears_of(GRANDMOTHER, risk="L1")
    for _ in range(3):
        town.works()
        town.missed(town.one(HUMAN))
        town.later(minutes=3)
    town.works()
    town.reports(town.one(RELATIVE), verdict="unknown", dissuasion="not_needed")
    assert (town.state(RELATIVE), town.case()["contacted_at"]) == ("fulfilled", None)
    assert town.state(HUMAN) == "handed_over"


def test_a_dead_number_told_by_a_caller_calls_the_relatives_too(town: Town) -> None:
    """L1: the caller hears that the number is empty: no redial, a relative is called, the visit stands, single."""
    town.hears_of(GRANDMOTHER, risk="L1")
    town.works()
    town.missed(town.one(HUMAN), "empty_number")
    assert (town.state(HUMAN), town.state(RELATIVE), town.state(VISIT)) == ("missed", "waiting", "handed_over")


def test_a_line_busy_for_ten_minutes_escalates_at_l2(town: Town) -> None:
    """L2: busy at once, busy ten minutes later, busy at twenty: the swindler may be on it, the case goes to L1."""
    town.hears_of(GRANDMOTHER, risk="L2")
    for minute in (0, 10):
        town.works()
        town.missed(town.one(HUMAN), "busy")
        assert town.case()["risk"] == "L2", minute
        town.later(minutes=10)
    town.works()
    town.missed(town.one(HUMAN), "busy")
    assert town.case()["risk"] == "L1"


def test_failed_dissuasion_escalates(town: Town) -> None:
    """L2: she does not want to hear it: L1, and the officer is still on the way."""
    town.hears_of(GRANDMOTHER, risk="L2")
    town.works()
    town.reached(town.one(HUMAN), dissuasion="refused")
    assert (town.case()["risk"], town.case()["contacted_by"], town.case()["state"]) == ("L1", "human", "open")
    assert town.state(VISIT) == "handed_over"


def test_once_she_is_reached_nobody_else_rings(town: Town) -> None:
    """L1: her son's call and her own redial both wait; then the officer meets her: both are cancelled."""
    town.hears_of(GRANDMOTHER, risk="L1")
    for _ in range(3):
        town.works()
        town.missed(town.one(HUMAN))
        town.later(minutes=3)
    town.met(town.one(VISIT))
    assert town.state(HUMAN) == town.state(RELATIVE) == "cancelled"
    assert {row["reason"] for row in town.rows(tables.dispatches, state="cancelled")} == {"person_was_reached"}
    assert town.case()["contacted_by"] == "officer"
    assert town.limits("met")[0]["done_at"] == town.now


def test_a_late_report_of_an_earlier_try_does_not_take_the_phone_away(town: Town) -> None:
    """The first caller's "no answer" is sent twice in other words while the second try is out: it stays out."""
    town.hears_of(GRANDMOTHER, risk="L1")
    town.works()
    first = town.reference(town.one(HUMAN))
    town.missed(town.one(HUMAN))
    town.later(minutes=3)
    town.works()
    town.missed(town.one(HUMAN), "powered_off", reference=first)
    assert (town.state(HUMAN), town.one(HUMAN)["tries"]) == ("handed_over", 2)


def test_the_demo_policy_rings_at_any_hour(store: Store) -> None:
    """A demo at night looks like a demo at noon."""
    town = Town(store, load_policy("demo"))
    town.now = NIGHT
    town.hears_of(GRANDMOTHER, risk="L4")
    assert sorted(letter.channel for letter in town.works()) == ["call", "sms"]


def test_a_caller_who_signs_in_late_still_has_his_time(town: Town) -> None:
    """The call lay for 29 of its 30 minutes; the caller who takes it then may report 20 minutes later."""
    town.hears_of(GRANDMOTHER, risk="L1")
    town.works()
    town.later(minutes=29)
    town.signs_in(town.one(HUMAN))
    town.later(minutes=20)
    town.ticks()
    assert town.state(HUMAN) == "handed_over"
    town.missed(town.one(HUMAN))
    assert town.state(HUMAN) == "waiting"


def test_a_miss_that_is_told_too_late_is_a_miss_and_not_unknown(town: Town) -> None:
    """Nobody reported in time, so the call was unknown; an hour later the caller says that nobody answered."""
    town.hears_of(GRANDMOTHER, risk="L1")
    town.works()
    town.later(minutes=31)
    town.ticks()
    assert town.state(HUMAN) == "unknown"
    town.missed(town.one(HUMAN))
    assert (town.state(HUMAN), town.one(HUMAN)["outcome"]) == ("missed", "not_reached")
