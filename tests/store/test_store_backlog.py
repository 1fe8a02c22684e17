"""After an outage: a bell that lay long takes along what waits beside it."""

from __future__ import annotations

from datetime import timedelta

from story import GRANDMOTHER, Town

from dispatcher import tables
from dispatcher.backlog import waiting_now
from dispatcher.plan import ROBOT, SMS
from dispatcher.words import Channel


def person(number: int) -> str:
    """One of many."""
    return f"1370000{number:04}"


def test_what_waits_beside_it_is_taken_along(town: Town) -> None:
    """Thirty texts wait; one bell comes late: its text and others are taken, no call, no L1, no more than ten."""
    town.hears([town.alert(person(number), risk="L4") for number in range(30)])
    town.hears_of(GRANDMOTHER, risk="L1")
    texts = {row["id"] for row in town.rows(tables.dispatches, channel="sms", lane="routine")}
    mine = sorted(texts)[:1]
    found = waiting_now(town.store, Channel.SMS, "routine", mine, most=10, now=town.now)
    assert len(found) == len(set(found)) == 10 and set(mine) <= set(found) <= texts
    assert found == sorted(found)
    everything = waiting_now(town.store, Channel.SMS, "routine", mine, most=100, now=town.now)
    assert set(everything) == texts


def test_what_others_have_done_costs_no_claim(town: Town) -> None:
    """Her text is out and her robot call is for later: a late bell for both finds nothing, and nobody is rung twice."""
    town.hears_of(GRANDMOTHER, risk="L3")
    call = next(letter for letter in town.works() if letter.channel == "call")
    town.told(call, "NOANSWER")
    for channel, way in ((Channel.SMS, SMS), (Channel.CALL, ROBOT)):
        assert waiting_now(town.store, channel, "routine", [town.one(way)["id"]], most=100, now=town.now) == []
    later = town.now + timedelta(hours=1)
    assert waiting_now(town.store, Channel.CALL, "routine", [], most=100, now=later) == [town.one(ROBOT)["id"]]


def test_what_is_held_stays_held(town: Town) -> None:
    """An operator holds the texts: a late bell takes none of them along."""
    town.hears([town.alert(person(number), risk="L4") for number in range(3)])
    for row in town.rows(tables.dispatches, channel="sms"):
        town.change(tables.dispatches, row["id"], held_by=row["id"])
    assert waiting_now(town.store, Channel.SMS, "routine", [], most=100, now=town.now) == []
