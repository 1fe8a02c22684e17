"""What a reviewer once broke, and must not break again."""

from __future__ import annotations

from datetime import timedelta

import pytest
from story import GRANDMOTHER, Town

from dispatcher import receipts, tables
from dispatcher.plan import HUMAN, ROBOT, SMS, VISIT
from dispatcher.worklist.reports import Disagrees


def test_a_worse_report_of_the_same_visit_does_not_undo_that_she_was_met(town: Town) -> None:
    """The officer met her; his second report of the same visit says nobody was at home: she stays met."""
    town.hears_of(GRANDMOTHER, risk="L1")
    town.works()
    reference = town.reference(town.one(VISIT))
    town.met(town.one(VISIT))
    town.not_met(town.one(VISIT), reference=reference)
    (visit,) = [row for row in town.rows(tables.attempts) if row["reference"] == reference]
    assert (town.state(VISIT), visit["outcome"]) == ("fulfilled", "met")


def test_nobody_hears_a_text_and_no_robot_meets_anybody(town: Town) -> None:
    """A carrier tells HEARD of a text and of an officer's visit: neither is believed."""
    town.hears_of(GRANDMOTHER, risk="L1")
    town.works()
    for way in (SMS, VISIT):
        town.told(town.reference(town.one(way)), "HEARD")
    assert (town.state(SMS), town.state(VISIT)) == ("handed_over", "handed_over")
    assert {row["outcome"] for row in town.rows(tables.attempts)} == {None}


def test_an_earlier_contact_that_is_told_later_keeps_the_limit(town: Town) -> None:
    """A robot reached her in time, but that was told only after a caller had reached her too late: it counts."""
    town.hears_of(GRANDMOTHER, risk="L3")
    town.works()
    robot = town.reference(town.one(ROBOT))
    heard_at = town.now + timedelta(seconds=30)
    town.hears_of(GRANDMOTHER, risk="L2", source="police_110")
    town.works()
    town.later(hours=3)
    town.reached(town.one(HUMAN))
    town.overhears(robot, "HEARD", at=heard_at)
    receipts.apply(town.store, now=town.now)
    (contact,) = town.limits("contact")
    assert contact["done_at"] == heard_at <= contact["due_at"]


def test_nobody_is_met_before_the_task_was_there(town: Town) -> None:
    """An officer dates his meeting a year back, before anybody had heard of her: it is refused, and names the field."""
    town.hears_of(GRANDMOTHER, risk="L1")
    town.works()
    with pytest.raises(Disagrees) as refused:
        town.met(town.one(VISIT), happened_at=town.now - timedelta(days=365))
    assert [fault.field for fault in refused.value.faults] == ["happened_at"]
