"""Promises of time: sign-ins that go up, reminders, duty phones, feedback, follow-ups."""

from __future__ import annotations

from datetime import timedelta

import pytest
from sqlalchemy import insert
from story import COUNTY, GRANDFATHER, GRANDMOTHER, Town

from dispatcher import tables
from dispatcher.ids import new_id
from dispatcher.plan import HUMAN, VISIT, Way
from dispatcher.units import set_duty_phone
from dispatcher.words import Channel, Means, Target

DUTY: Way = (Channel.SMS, Means.CARRIER, Target.DUTY)


def assigned(town: Town, risk: str = "L1") -> None:
    """Grandmother's call and visit lie on the county's list."""
    town.hears_of(GRANDMOTHER, risk=risk)
    town.works()


def unit_of(town: Town, way: Way) -> str:
    """On whose list a dispatch lies, by the unit's code."""
    (unit,) = town.rows(tables.units, id=town.one(way)["unit_id"])
    return str(unit["code"])


def duty_phone(town: Town, code: str = COUNTY) -> None:
    """The unit has a duty phone."""
    with town.store.write() as connection:
        assert set_duty_phone(connection, town.store.keys, code, "+8613700001111")


def test_work_goes_to_the_county_of_the_case(town: Town) -> None:
    """Her county has a unit: the call and the visit lie there, with the sign-in clock of L1 running."""
    assigned(town)
    assert unit_of(town, HUMAN) == unit_of(town, VISIT) == COUNTY
    assert {row["due_at"] - town.now for row in town.limits("sign_in")} == {timedelta(minutes=5)}


@pytest.mark.parametrize(
    ("region", "desk"), [("140105", "140105"), ("140106", "140100"), ("140203", "140000"), (None, "140000")]
)
def test_no_unit_or_no_address_goes_to_the_desk_above(town: Town, region: str | None, desk: str) -> None:
    """A county without a unit goes to its city, a city without one to the province: never nowhere."""
    told = {"region": region} if region else {}
    alert = {name: value for name, value in town.alert(risk="L1").items() if name != "region"}
    town.hears([alert | told])
    town.works()
    assert unit_of(town, VISIT) == desk


def test_a_sign_in_is_reminded_of_at_half_its_time(town: Town) -> None:
    """Two and a half minutes and nobody has signed: one reminder for each task, and only one."""
    assigned(town)
    town.later(seconds=149)
    town.ticks()
    assert town.tells("reminded") == []
    town.later(seconds=1)
    town.ticks()
    town.ticks()
    assert len(town.tells("reminded")) == 2


def test_a_missed_sign_in_goes_up_one_step_at_a_time(town: Town) -> None:
    """Nobody signs: after 5 minutes the city has it, after 10 the province, and there it stays."""
    assigned(town)
    for desk in ("140100", "140000", "140000"):
        town.later(minutes=5)
        town.ticks()
        assert unit_of(town, VISIT) == desk
    steps = sorted((row["step"], row["missed_at"] is not None) for row in town.limits("sign_in"))
    assert steps == [(0, True), (0, True), (1, True), (1, True), (2, True), (2, True)]
    assert len(town.tells("went_up")) == 4


def test_whoever_signs_in_stops_the_climb(town: Town) -> None:
    """The officer signs in the fourth minute: kept, no reminder of it later, it stays with the county."""
    assigned(town)
    town.later(minutes=4)
    town.signs_in(town.one(VISIT))
    town.later(minutes=10)
    town.ticks()
    assert unit_of(town, VISIT) == COUNTY
    (kept,) = town.limits("sign_in", dispatch_id=town.one(VISIT)["id"])
    assert kept["done_at"] == town.one(VISIT)["signed_in_at"]
    assert kept["missed_at"] is None


def test_a_late_sign_in_is_late_and_missed(town: Town) -> None:
    """Signed in the seventh minute: done late, and that it was missed stays written; the next step is kept."""
    assigned(town)
    town.later(minutes=5)
    town.ticks()
    town.later(minutes=2)
    town.signs_in(town.one(VISIT))
    first, second = sorted(town.limits("sign_in", dispatch_id=town.one(VISIT)["id"]), key=lambda row: int(row["step"]))
    assert first["missed_at"] < first["done_at"] == town.now
    assert second["done_at"] < second["due_at"]
    assert second["missed_at"] is None


def test_a_unit_that_does_not_look_is_told_by_its_duty_phone(town: Town) -> None:
    """Three idle minutes: one text to the duty phone, receipted like any other, with nobody's data in it."""
    duty_phone(town)
    assigned(town)
    town.later(seconds=179)
    town.ticks()
    assert town.all(DUTY) == []
    town.later(seconds=1)
    town.ticks()
    town.ticks()
    notice = town.one(DUTY)
    assert (notice["lane"], notice["state"]) == ("urgent", "waiting")
    (letter,) = town.takes()
    assert letter.to == "+8613700001111"
    town.answered([letter])
    town.told(letter, "DELIVRD")
    assert town.state(DUTY) == "fulfilled"
    assert town.case()["state"] == "open"


def test_a_unit_that_has_looked_is_not_disturbed(town: Town) -> None:
    """Somebody opened the list a minute after: nobody is texted."""
    duty_phone(town)
    assigned(town)
    town.later(minutes=1)
    town.change(tables.units, town.one(VISIT)["unit_id"], looked_at=town.now)
    town.later(minutes=4)
    town.ticks()
    assert town.all(DUTY) == []


def test_new_work_is_noticed_anew(town: Town) -> None:
    """The unit was told of grandmother; an hour later grandfather's visit lies idle: it is told again."""
    duty_phone(town)
    assigned(town)
    town.later(minutes=3)
    town.ticks()
    town.later(seconds=30)
    town.hears_of(GRANDFATHER, risk="L1")
    town.works()
    town.later(minutes=3)
    town.ticks()
    assert len(town.all(DUTY)) == 2


def test_a_unit_without_a_duty_phone_is_passed_over(town: Town) -> None:
    """Nobody looks and there is no phone to text: nobody is told, and her timeline is not filled with it."""
    assigned(town)
    town.later(minutes=3)
    town.ticks()
    town.ticks()
    assert (town.all(DUTY), town.tells("nobody_looked")) == ([], [])


def test_a_missed_contact_is_written_down(town: Town) -> None:
    """L1: ten minutes and nobody reached her: the limit is missed, whatever comes after."""
    assigned(town)
    town.later(minutes=10)
    town.ticks()
    (contact,) = town.limits("contact")
    assert contact["missed_at"] == town.now
    town.later(minutes=1)
    town.reached(town.one(HUMAN))
    (contact,) = town.limits("contact")
    assert contact["done_at"] == town.now
    assert contact["missed_at"] is not None


def test_contact_in_time_is_kept(town: Town) -> None:
    """Reached in the ninth minute: kept, and the clock later finds nothing to miss."""
    assigned(town)
    town.later(minutes=9)
    town.reached(town.one(HUMAN))
    town.later(minutes=5)
    town.ticks()
    (contact,) = town.limits("contact")
    assert (contact["done_at"] < contact["due_at"], contact["missed_at"]) == (True, None)


def test_feedback_stops_its_clock_at_the_first_word(town: Town) -> None:
    """The first report of a miss is feedback too: its limit is kept."""
    assigned(town)
    town.missed(town.one(HUMAN))
    (feedback,) = town.limits("feedback")
    assert feedback["done_at"] == town.now
    assert feedback["started_at"] == town.now - timedelta(minutes=1)


def test_a_closed_case_owes_nothing_more_but_follow_ups(town: Town) -> None:
    """Called, met, dissuaded: nothing is missed any more; a day, three and seven days later somebody asks."""
    assigned(town)
    for letter in town.rows(tables.attempts, carrier="simulator"):
        town.told(letter["reference"], "DELIVRD")
    town.signs_in(town.one(HUMAN))
    town.reached(town.one(HUMAN))
    town.met(town.one(VISIT))
    assert town.case()["close_code"] == "dissuaded"
    assert [row["due_at"] - town.now for row in town.limits("follow_up")] == [timedelta(days=n) for n in (1, 3, 7)]
    assert town.limits("sign_in", done_at=None) == []  # the officer signed in by reporting
    town.later(days=2)
    town.ticks()
    assert town.tells("missed") == []


def test_a_unit_of_the_same_region_twice_still_has_one_desk(town: Town) -> None:
    """A development zone's police sit in the county: its work still goes to the centre that was there first."""
    (county,) = town.rows(tables.units, code=COUNTY)
    with town.store.write() as connection:
        zone = county | {"id": new_id(), "code": "ZONE", "parent_id": county["id"]}
        connection.execute(insert(tables.units), [zone])
    assigned(town)
    assert unit_of(town, VISIT) == COUNTY
