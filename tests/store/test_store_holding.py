"""A wrong batch at 3 a.m.: what waits is held, let go, cancelled or braked, and nobody is forgotten."""

from __future__ import annotations

import threading
from datetime import timedelta
from typing import Any

import pytest
from story import GRANDFATHER, GRANDMOTHER, STUDENT, Town

from dispatcher import holding, tables
from dispatcher.access import broken_link
from dispatcher.holding.braking import Brakes
from dispatcher.plan import HUMAN, ROBOT, SMS, VISIT
from dispatcher.store import is_postgres
from dispatcher.words import Answer


def wrong_batch(town: Town, **told: Any) -> None:
    """B17 names two people."""
    town.hears([town.alert(person, risk="L4", batch="B17", **told) for person in (GRANDMOTHER, GRANDFATHER)])


def test_a_wrong_batch_is_held_and_let_go(town: Town) -> None:
    """Nobody of B17 gets a text while it is held, everybody else does; after the release the bells ring at once."""
    wrong_batch(town)
    town.hears_of(STUDENT, risk="L4", batch="B18")
    hold_id = town.holds(source="bank", batch="B17")
    assert len(town.works()) == 2, "the student's text and robot call"
    assert town.ticks() == []
    town.later(minutes=10)
    assert town.ticks() == [] and town.works() == []
    bells = town.releases(hold_id)
    assert len(bells) == 4
    assert len(town.works()) == 4
    assert len(town.tells("held")) == len(town.tells("released")) == 4
    assert {(row["actor"], row["why"]) for row in town.tells("held")} == {("desk", "wrong batch")}


def test_what_still_arrives_is_held_too(town: Town) -> None:
    """The upstream is still sending B17 while it is held: those who come later wait as well."""
    hold_id = town.holds(batch="B17")
    wrong_batch(town)
    assert town.works() == []
    assert {row["held_by"] for row in town.rows(tables.dispatches)} == {hold_id}
    assert len(town.releases(hold_id)) == 4


def test_a_redial_is_held_too(town: Town) -> None:
    """Her call was underway when the hold was made; it is not stopped, but its redial waits."""
    town.hears_of(GRANDMOTHER, risk="L3", batch="B17")
    letters = town.takes()
    hold_id = town.holds(batch="B17")
    town.answered(letters, Answer.BUSY)
    town.later(minutes=30)
    assert town.works() == []
    assert {row["held_by"] for row in town.rows(tables.dispatches)} == {hold_id}


@pytest.mark.parametrize(
    ("wanted", "held"),
    [
        ({"source": "bank"}, 6),
        ({"source": "payment"}, 0),
        ({"risk": ["L4"]}, 2),
        ({"channel": ["visit"]}, 1),
        ({"channel": "sms", "risk": "L1"}, 1),
        ({"region": "1401"}, 5),
        ({"region": "140106"}, 0),
        ({"batch": "B17"}, 3),
        ({"batch": "B17", "channel": ["call", "visit"]}, 2),
        ({"since": "2026-11-22T04:30:00+00:00"}, 1),
        ({"until": "2026-11-22T04:30:00+00:00"}, 5),
    ],
)
def test_a_filter_means_what_it_names(town: Town, wanted: dict[str, Any], held: int) -> None:
    """An L1 of B17 in one county, an L4 of no batch, and later one in another city: each filter holds its own."""
    town.hears_of(GRANDMOTHER, risk="L1", batch="B17")
    town.hears_of(GRANDFATHER, risk="L4")
    town.later(hours=1)
    town.hears_of(STUDENT, risk="L3", region="140200")
    town.cancels(channel="call", region="1402")
    assert town.counts(**wanted).total == held
    town.holds(**wanted)
    assert len([row for row in town.rows(tables.dispatches) if row["held_by"]]) == held


def test_whoever_another_upstream_names_is_not_held(town: Town) -> None:
    """Grandmother is in the wrong batch, and the telecom warns of her as well: she is not made to wait."""
    wrong_batch(town)
    town.hears_of(GRANDMOTHER, source="telecom_cmcc", risk="L4")
    assert town.counts(source="bank", batch="B17").cases == 1
    town.holds(source="bank", batch="B17")
    town.works()
    assert town.state(SMS, case_id=town.cases()[0]["id"]) == "handed_over"
    assert town.state(SMS, case_id=town.cases()[1]["id"]) == "waiting"


def test_a_linked_case_keeps_its_leaders_call_free(town: Town) -> None:
    """The call of the wrong batch serves a linked case of another upstream: it is not held."""
    town.hears_of(GRANDMOTHER, risk="L2", batch="B17")
    town.hears_of(GRANDMOTHER, risk="L2", source="telecom_cmcc", fraud_type="romance")
    town.holds(batch="B17")
    town.works()
    assert town.state(HUMAN) == town.state(VISIT) == "handed_over"


def test_a_raise_frees_what_was_held(town: Town) -> None:
    """A second source speaks of somebody whose text is held: more is known now, and he is warned at once."""
    town.hears_of(GRANDMOTHER, risk="L4", batch="B17")
    town.holds(batch="B17")
    town.later(minutes=1)
    town.hears_of(GRANDMOTHER, risk="L2", source="telecom_cmcc")
    town.works()
    assert town.state(SMS) == "handed_over"


def test_two_holds_and_one_release(town: Town) -> None:
    """What two holds mean stays held by the other when one is released."""
    wrong_batch(town)
    by_batch, by_level = town.holds(batch="B17"), town.holds(risk="L4")
    town.releases(by_batch)
    assert town.works() == []
    assert len(town.releases(by_level)) == 4


def test_deadlines_go_on_running(town: Town) -> None:
    """Being held is an operator's deed; she still waits, and the operator is told how many promises pass."""
    town.hears_of(GRANDMOTHER, risk="L1")
    hold_id = town.holds(source="bank")
    town.later(minutes=15)
    town.ticks()
    assert len(town.limits("contact", missed_at=town.now)) == 1
    counted = town.counts(hold=str(hold_id))
    assert (counted.total, counted.held, counted.late, counted.late_soon) == (3, 3, 2, 1)


def test_what_is_underway_is_not_stopped(town: Town) -> None:
    """Her text is with a worker: the hold says so, and the carrier's answer counts."""
    town.hears_of(GRANDMOTHER, risk="L4")
    letters = town.takes([town.one(SMS)["id"]])
    town.holds(source="bank")
    assert (town.counts(source="bank").not_stopped, town.state(ROBOT)) == (1, "waiting")
    town.answered(letters)
    assert town.state(SMS) == "handed_over"


def test_a_release_whose_operator_died_is_finished_by_the_clock(town: Town) -> None:
    """The release was committed and then the command was killed: a second later all are free and rung for."""
    wrong_batch(town)
    hold_id = town.holds(batch="B17")
    holding.release(town.store, hold_id, town.desk, remote="test", now=town.now)
    assert town.works() == []
    assert len(town.ticks()) == 4
    assert len(town.works()) == 4
    holding.release(town.store, hold_id, town.desk, remote="test", now=town.now)
    assert len(town.tells("released")) == 4


def test_a_batch_is_cancelled_for_good(town: Town) -> None:
    """B17 is cancelled, held or not: its timelines say who and why, and each case comes to rest by its own rule."""
    wrong_batch(town)
    town.hears_of(STUDENT, risk="L3", batch="B17")
    town.holds(batch="B17", risk="L4")
    assert town.cancels(batch="B17") == 6
    assert {row["reason"] for row in town.rows(tables.dispatches)} == {"cancelled_by_operator"}
    assert {(row["actor"], row["why"]) for row in town.tells("cancelled_by_operator")} == {("desk", "not needed")}
    assert town.cases()[2]["close_code"] == "temp_unreachable", "nobody warned him: a supervisor decides"
    town.later(hours=49)
    town.ticks()
    assert {case["close_code"] for case in town.cases()} == {"auto_closed", "temp_unreachable"}


def test_who_was_cancelled_is_warned_by_the_next_alert(town: Town) -> None:
    """Her text was cancelled with a batch; an hour later somebody speaks of her again, and she is warned."""
    town.hears_of(GRANDMOTHER, risk="L3", batch="B17")
    town.cancels(batch="B17")
    town.later(hours=1)
    assert town.hears_of(GRANDMOTHER, risk="L3").merged
    assert [row["state"] for row in town.all(SMS)] == ["cancelled", "waiting"]
    assert [row["state"] for row in town.all(ROBOT)] == ["cancelled", "waiting"]
    assert town.case()["close_code"] is None


def test_a_source_that_goes_wild_is_braked(town: Town) -> None:
    """Of five L4 alerts in a minute two go on at once, three are kept and wait; the next minute counts anew."""
    brake_id = town.brakes("bank", per_minute=2)
    people = [f"1380000{number:04}" for number in range(6)]
    results = town.hears([town.alert(person, risk="L4") for person in people[:3]])
    results += [town.hears_of(person, risk="L4") for person in people[3:5]]
    assert len({result.case_id for result in results}) == 5
    held = [row for row in town.rows(tables.dispatches) if row["held_by"] == brake_id]
    assert len(held) == 6
    assert len(town.works()) == 4
    town.later(minutes=1)
    town.hears_of(people[5], risk="L4")
    assert len(town.works()) == 2
    assert len(town.releases(brake_id)) == 6
    assert len(town.works()) == 6


def test_the_brake_never_slows_l1_and_l2(town: Town) -> None:
    """Beyond the limit an L1 is still warned at once, other sources are too, and people's work is never braked."""
    town.brakes("bank", per_minute=0)
    town.hears_of(GRANDMOTHER, risk="L1")
    town.hears_of(GRANDFATHER, risk="L4", source="payment")
    assert not [row for row in town.rows(tables.dispatches) if row["held_by"]]
    town.brakes("bank", per_minute=0, urgent_too=True)
    town.hears_of(STUDENT, risk="L1")
    town.works()
    assert len(town.rows(tables.holds)) == 1
    mine = town.cases()[-1]["id"]
    assert (town.state(SMS, case_id=mine), town.state(HUMAN, case_id=mine)) == ("waiting", "handed_over")


def test_repeats_do_not_count_against_the_brake(town: Town) -> None:
    """An upstream that resends is not one that goes wild."""
    town.brakes("bank", per_minute=1)
    town.hears([alert := town.alert(GRANDMOTHER, risk="L4")])
    for _ in range(3):
        town.hears([alert])
    assert town.rows(tables.holds)[0]["seen"] == 1
    assert not [row for row in town.rows(tables.dispatches) if row["held_by"]]


def test_two_intakes_count_one_brake(town: Town) -> None:
    """Two consumers take alerts of one source at the same moment: together they let through what one would."""
    brake_id = town.brakes("bank", per_minute=5)
    batches = [[town.alert(f"1380000{10 * half + number:04}", risk="L4") for number in range(10)] for half in range(2)]
    first, second = (threading.Thread(target=town.hears, args=(batch,)) for batch in batches)
    with town.store.write() as connection:
        taken = Brakes(connection, now=town.now)
        taken.load(["bank"])
        first.start()
        first.join(0.5)
        assert first.is_alive(), "it waits until the other has counted"
    second.start()
    first.join()
    second.join()
    texts = town.all(SMS)
    assert len(texts) == 20
    assert len([row for row in texts if row["held_by"] == brake_id]) == 15


def test_a_release_waits_for_who_is_being_caught(town: Town) -> None:
    """A worker is just putting her under the hold when it is released: she is let go too, and not forgotten."""
    hold_id = town.holds(batch="B17")
    wrong_batch(town)
    with town.store.engine.connect() as connection:
        if not is_postgres(connection):
            return  # one writer at a time: there is no such moment
    caught, released = threading.Event(), threading.Thread(target=town.releases, args=(hold_id,))
    with town.store.write() as connection:
        holding.catching.catch(connection, town.due(), now=town.now)
        caught.set()
        released.start()
        released.join(0.5)
        assert released.is_alive(), "the release waits"
    released.join()
    assert not [row for row in town.rows(tables.dispatches) if row["held_by"]]


def test_every_deed_is_in_the_access_log(town: Town) -> None:
    """Who held, braked, released and cancelled stands in the chain that cannot be cut."""
    wrong_batch(town)
    town.releases(town.holds(batch="B17"))
    town.releases(town.brakes())
    town.cancels(batch="B17")
    log = town.rows(tables.access_log)
    assert [row["fields"] for row in log] == [
        f"did:{deed}" for deed in ("hold", "release", "brake", "release", "cancel")
    ]
    assert all(row["why"] and row["remote"] == "test" for row in log)
    with town.store.read() as connection:
        assert broken_link(connection) is None


def test_holds_are_listed_with_what_they_hold(town: Town) -> None:
    """The operator who comes on shift sees what stands, by whom, and what it holds; the released one is told apart."""
    wrong_batch(town)
    first, second = town.holds(batch="B17"), town.brakes("payment", per_minute=9)
    with town.store.read() as connection:
        listed = {one.id: one for one in holding.holds(connection, now=town.now + timedelta(minutes=1))}
    assert set(listed) == {first, second}
    assert listed[first].holding.waiting == {"call": {"L4": 2}, "sms": {"L4": 2}}
    assert (listed[second].source, listed[second].per_minute, listed[second].holding.total) == ("payment", 9, 0)
    town.releases(first)
    with town.store.read() as connection:
        assert [one.id for one in holding.holds(connection, now=town.now)] == [second]
        assert len(holding.holds(connection, now=town.now, released=True)) == 2


@pytest.mark.parametrize(
    ("wanted", "field"),
    [
        ({"colour": "red"}, "filter.colour"),
        ({"risk": ["L9"]}, "filter.risk"),
        ({"channel": ["pigeon"]}, "filter.channel"),
        ({"region": "14010"}, "filter.region"),
        ({"since": "2026-11-22T04:30:00"}, "filter.since"),
        ({"case": "7"}, "filter.case"),
        ({"source": ""}, "filter.source"),
        ([], "filter"),
    ],
)
def test_a_filter_that_cannot_be_read(wanted: Any, field: str) -> None:
    """A slip of the pen holds nobody: the field is named, with what would be right."""
    with pytest.raises(holding.FilterWrong) as wrong:
        holding.read_filter(wanted)
    assert [fault.field for fault in wrong.value.faults] == [field]


def test_what_was_held_and_is_cancelled_is_held_no_more(town: Town) -> None:
    """The wrong batch was held and then cancelled: nothing is held back any more, and operators are told so."""
    town.hears_of(GRANDMOTHER, risk="L4")
    town.holds(source="bank")
    assert town.cancels(source="bank") == 2
    assert {row["held_by"] for row in town.rows(tables.dispatches)} == {None}
