"""An upstream says that its alert was wrong: it counts nowhere, and nobody sets out in vain."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from story import GRANDFATHER, GRANDMOTHER, LEASE, STUDENT, Town

from dispatcher import figures, tables
from dispatcher.carriers import simulator
from dispatcher.claim import Lease, claim
from dispatcher.intake import Status
from dispatcher.intake.batch import UNKNOWN
from dispatcher.plan import HUMAN, ROBOT, SMS, VISIT
from dispatcher.words import Answer

OTHER_TYPE = "romance"


def counted(town: Town, **scope: Any) -> figures.Figures:
    """Today's figures."""
    with town.store.read() as connection:
        return figures.figures(connection, replace(figures.Scope(), **scope), on_time_push_s=600.0, now=town.now)


def test_a_wrong_alert_is_taken_back_before_anybody_moves(town: Town) -> None:
    """Grandmother was never in danger: her text, call and visit are cancelled and her case ends as a false alarm."""
    alert = town.alert(GRANDMOTHER, risk="L1")
    town.hears([alert])
    result = town.withdraws(alert["source_ref"], reason="wrong customer")
    assert result.status is Status.WITHDRAWN
    assert {row["state"] for row in town.rows(tables.dispatches)} == {"cancelled"}
    assert {row["reason"] for row in town.rows(tables.dispatches)} == {"withdrawn"}
    assert (town.case()["state"], town.case()["close_code"]) == ("closed", "false_alarm")
    assert [row["why"] for row in town.tells("withdrawn")] == ["bank: wrong customer"]
    town.later(hours=5)
    town.ticks()
    assert not [row for row in town.rows(tables.deadlines) if row["missed_at"] is not None]
    assert town.works() == []


def test_the_officer_who_was_sent_is_called_back(town: Town) -> None:
    """Officer and caller have the tasks on their lists when it turns out wrong: the tasks are gone."""
    town.hears([alert := town.alert(GRANDMOTHER, risk="L1")])
    town.works()
    assert town.state(VISIT) == town.state(HUMAN) == "handed_over"
    town.withdraws(alert["source_ref"])
    assert town.state(VISIT) == town.state(HUMAN) == "cancelled"
    assert {row["reason"] for row in town.rows(tables.dispatches, state="cancelled")} == {"withdrawn"}
    assert town.state(SMS) == "handed_over", "the text is with the carrier: its receipt is awaited"
    assert town.case()["close_code"] == "false_alarm"


def test_what_a_worker_has_is_not_tried_again(town: Town) -> None:
    """The text was underway when the alert was withdrawn, and the carrier was busy: it is not sent a second time."""
    town.hears([alert := town.alert(GRANDMOTHER, risk="L4")])
    letters = town.takes([town.one(SMS)["id"]])
    town.withdraws(alert["source_ref"])
    town.answered(letters, Answer.BUSY)
    assert town.state(SMS) == "cancelled"
    town.later(minutes=10)
    assert town.works() == []


def test_another_upstream_still_speaks_of_her(town: Town) -> None:
    """The bank takes its alert back, the telecom's stands: everything goes on, and figures count her once."""
    town.hears([alert := town.alert(GRANDMOTHER, risk="L2")])
    town.later(minutes=5)
    town.hears_of(GRANDMOTHER, source="telecom_cmcc")
    town.withdraws(alert["source_ref"])
    assert "cancelled" not in {row["state"] for row in town.rows(tables.dispatches)}
    assert town.case()["state"] == "open"
    found = counted(town)
    assert (found.alerts["received"], found.alerts["merged"], found.alerts["persons"]) == (1, 0, 1)
    assert counted(town, sources=("bank",)).alerts["persons"] == 0
    town.withdraws(town.rows(tables.alerts, source="telecom_cmcc")[0]["source_ref"], source="telecom_cmcc")
    assert town.case()["close_code"] == "false_alarm"
    assert counted(town).alerts["persons"] == 0


def test_withdrawing_twice_is_harmless(town: Town) -> None:
    """The upstream repeats its withdrawal, and its alert: both are answered as known, nothing changes."""
    town.hears([alert := town.alert(GRANDMOTHER)])
    town.withdraws(alert["source_ref"])
    before = town.rows(tables.events)
    assert town.withdraws(alert["source_ref"]).status is Status.REPEATED
    assert town.hears([alert])[0].status is Status.REPEATED
    assert town.rows(tables.events) == before


def test_a_withdrawal_that_overtook_its_alert(town: Town) -> None:
    """Nothing of that name was accepted: it is refused, kept, and taken when it is sent again after its alert."""
    alert = town.alert(GRANDMOTHER)
    result = town.withdraws(alert["source_ref"])
    assert (result.status, result.faults) == (Status.REFUSED, (UNKNOWN,))
    assert len(town.rows(tables.dead_letters)) == 1
    town.hears([alert])
    assert town.withdraws(alert["source_ref"]).status is Status.WITHDRAWN


def test_alert_and_withdrawal_in_one_batch(town: Town) -> None:
    """Both come in one batch: the alert is planned and taken back, and a right one after it opens a case of its own."""
    alert = town.alert(GRANDMOTHER)
    taken_back = {"source": "bank", "source_ref": alert["source_ref"], "withdraw": True}
    results = town.hears([alert, taken_back, town.alert(GRANDMOTHER), town.alert(GRANDFATHER)])
    assert [result.status for result in results] == [
        Status.ACCEPTED,
        Status.WITHDRAWN,
        Status.ACCEPTED,
        Status.ACCEPTED,
    ]
    assert [case["close_code"] for case in town.cases()] == ["false_alarm", None, None]
    assert [row["withdrawn_at"] is not None for row in town.rows(tables.alerts)] == [True, False, False]


def test_who_takes_back_at_once_takes_nothing_from_others(town: Town) -> None:
    """The bank warned of her; then a telecom's alert and its withdrawal come in one batch: she is still warned."""
    town.hears([town.alert(GRANDMOTHER, risk="L1")])
    town.later(minutes=60)
    late = town.alert(GRANDMOTHER, risk="L1", source="telecom_cmcc")
    back = {"source": "telecom_cmcc", "source_ref": late["source_ref"], "withdraw": True}
    assert [result.status for result in town.hears([late, back])] == [Status.ACCEPTED, Status.WITHDRAWN]
    assert town.case()["state"] == "open"
    assert {town.state(way) for way in (SMS, HUMAN, VISIT)} == {"waiting"}


def test_who_takes_back_at_once_leaves_a_linked_case_its_call(town: Town) -> None:
    """The same, of another kind of fraud that shares the call of the bank's case: the text alone is in vain."""
    town.hears([town.alert(GRANDMOTHER, risk="L1")])
    town.later(minutes=60)
    late = town.alert(GRANDMOTHER, risk="L1", source="telecom_cmcc", fraud_type=OTHER_TYPE)
    back = {"source": "telecom_cmcc", "source_ref": late["source_ref"], "withdraw": True}
    assert [result.status for result in town.hears([late, back])] == [Status.ACCEPTED, Status.WITHDRAWN]
    leader, sharer = town.cases()
    assert sharer["shares_case_id"] == leader["id"]
    assert (leader["state"], sharer["close_code"]) == ("open", "false_alarm")
    assert {row["state"] for row in town.rows(tables.dispatches, case_id=leader["id"])} == {"waiting"}


def test_another_upstream_cannot_withdraw(town: Town) -> None:
    """The bank's alert stands, whatever a telecom says under the same reference."""
    town.hears([alert := town.alert(GRANDMOTHER)])
    assert town.withdraws(alert["source_ref"], source="telecom_cmcc").status is Status.REFUSED
    assert town.case()["state"] == "open"


def test_she_was_reached_before_it_was_withdrawn(town: Town) -> None:
    """The caller has spoken to her: the visit goes on, since she may have told what no upstream knows."""
    town.hears([alert := town.alert(GRANDMOTHER, risk="L2")])
    town.works()
    town.reached(town.one(HUMAN))
    town.withdraws(alert["source_ref"])
    assert town.state(VISIT) == "handed_over"
    assert town.case()["state"] == "open"
    town.told(town.reference(town.one(SMS)), "DELIVRD")
    town.met(town.one(VISIT))
    assert town.case()["close_code"] == "dissuaded"


def test_a_linked_case_keeps_the_call_and_the_visit(town: Town) -> None:
    """Two kinds of fraud share one visit: the first alert is withdrawn, and the officer still goes for the second."""
    town.hears([first := town.alert(GRANDMOTHER, risk="L2")])
    town.hears([second := town.alert(GRANDMOTHER, risk="L2", fraud_type=OTHER_TYPE)])
    leader, sharer = town.cases()
    assert sharer["shares_case_id"] == leader["id"]
    town.withdraws(first["source_ref"])
    assert town.state(VISIT) == town.state(HUMAN) == "waiting"
    assert town.state(SMS, case_id=leader["id"]) == "cancelled"
    assert town.state(SMS, case_id=sharer["id"]) == "waiting"
    town.withdraws(second["source_ref"])
    assert town.state(VISIT) == town.state(HUMAN) == "cancelled"
    assert {case["close_code"] for case in town.cases()} == {"false_alarm"}


def test_the_linked_case_alone_is_withdrawn(town: Town) -> None:
    """The second kind of fraud was wrong: its text is cancelled, and the first case's work goes on."""
    town.hears_of(GRANDMOTHER, risk="L2")
    town.hears([second := town.alert(GRANDMOTHER, risk="L2", fraud_type=OTHER_TYPE)])
    town.withdraws(second["source_ref"])
    leader, sharer = town.cases()
    assert (leader["state"], sharer["close_code"]) == ("open", "false_alarm")
    assert town.state(VISIT) == "waiting"


def test_a_new_alert_on_a_case_that_was_left_standing(town: Town) -> None:
    """Of a case that a linked one keeps open all was withdrawn; a new alert of its type is warned of like any other."""
    town.hears([first := town.alert(GRANDMOTHER, risk="L2")])
    town.hears_of(GRANDMOTHER, risk="L2", fraud_type=OTHER_TYPE)
    town.withdraws(first["source_ref"])
    leader = town.cases()[0]
    result = town.hears_of(GRANDMOTHER, risk="L2")
    assert (result.case_id, result.merged) == (leader["id"], False)
    assert [row["state"] for row in town.all(SMS, case_id=leader["id"])] == ["cancelled", "waiting"]
    assert sum(not row["merged"] for row in town.rows(tables.alerts, case_id=leader["id"])) == 1


def test_a_withdrawn_second_source_raises_nobody(town: Town) -> None:
    """All that was said of a case that a linked one keeps open was taken back: the telecom is no second source."""
    town.hears([first := town.alert(GRANDMOTHER, risk="L3")])
    town.hears_of(GRANDMOTHER, risk="L3", fraud_type=OTHER_TYPE)
    town.withdraws(first["source_ref"])
    town.hears_of(GRANDMOTHER, source="telecom_cmcc", risk="L3")
    assert town.cases()[0]["risk"] == "L3"


@pytest.mark.parametrize("wrong", [{"reason": "call 138 0013 8000"}, {"withdraw": "yes"}, {"colour": "red"}])
def test_a_withdrawal_that_cannot_be_read(town: Town, wrong: dict[str, Any]) -> None:
    """It names what is wrong, never what was sent, and changes nothing."""
    town.hears([alert := town.alert(STUDENT)])
    result = town.withdraws(alert["source_ref"], **wrong)
    assert result.status is Status.REFUSED
    assert next(iter(wrong)) in {fault.field for fault in result.faults}
    assert "0013" not in str(result.faults)
    assert town.case()["state"] == "open"


def test_a_test_alert_never_reaches_a_live_carrier(town: Town) -> None:
    """An exercise is planned like any alert; a carrier that reaches people is never given it, a simulated one is."""
    town.hears_of(GRANDMOTHER, risk="L4", test=True)
    town.hears_of(GRANDFATHER, risk="L4")
    live = Lease("worker", "real", LEASE, live=True)
    letters = claim(town.store, town.due(), lease=live, now=town.now)
    mine = {row["id"] for row in town.cases(is_test=False)}
    assert {row["case_id"] for row in town.rows(tables.dispatches, state="underway")} == mine
    assert len(letters) == 2
    assert claim(town.store, town.due(), lease=Lease("worker", simulator.NAME, LEASE), now=town.now)


def test_test_alerts_are_counted_apart(town: Town) -> None:
    """An exercise with one person beside a real alert: neither figure knows of the other."""
    town.hears_of(GRANDMOTHER, risk="L3", test=True)
    town.hears([town.alert(GRANDFATHER, risk="L3"), town.alert(STUDENT, risk="L3")])
    town.works()
    assert (counted(town).alerts["persons"], counted(town, tests=True).alerts["persons"]) == (2, 1)
    assert counted(town).dispatches["sms"]["handed_over"] == 2
    assert counted(town, tests=True).dispatches["sms"]["handed_over"] == 1
    assert counted(town, tests=True).alerts["refused"] is None
    assert town.state(ROBOT, case_id=town.case(is_test=True)["id"]) == "handed_over"
