"""Rule 7 and rule 3 in the tables: which case an alert joins, and what it adds."""

from __future__ import annotations

import threading

import pytest
from story import GRANDMOTHER, Town

from dispatcher import tables
from dispatcher.plan import HUMAN, ROBOT, SMS, VISIT


def dissuaded(town: Town, risk: str = "L3") -> None:
    """Grandmother was warned and presses "understood": her case is closed."""
    town.hears_of(GRANDMOTHER, risk=risk)
    letters = town.works()
    for letter in letters:
        town.told(letter, "DELIVRD" if letter.channel == "sms" else "KEY1")
    assert town.case()["close_code"] == "dissuaded"


@pytest.mark.parametrize("together", [True, False], ids=["in one batch", "in two"])
def test_the_same_danger_pushed_twice_is_one_case(town: Town, together: bool) -> None:
    """The bank pushes grandmother twice: one case, two pushes, one text, one call."""
    alerts = [town.alert(), town.alert()]
    first, second = town.hears(alerts) if together else [town.hears([alert])[0] for alert in alerts]
    assert first.case_id == second.case_id
    assert (first.merged, second.merged) == (False, True)
    assert town.case()["pushes"] == 2
    assert town.case()["risk"] == "L3"
    assert town.ways() == sorted([SMS, ROBOT])


@pytest.mark.parametrize("together", [True, False], ids=["in one batch", "in two"])
def test_a_second_source_raises_by_one(town: Town, together: bool) -> None:
    """Bank and police both push grandmother at L3 within a day: L2, with a human call and a visit at once."""
    alerts = [town.alert(), town.alert(source="police_110")]
    for part in [alerts] if together else [[alert] for alert in alerts]:
        town.hears(part)
    assert town.case()["risk"] == "L2"
    assert {HUMAN, VISIT, SMS} <= set(town.ways())
    assert town.state(ROBOT) == "cancelled"
    assert town.one(SMS)["risk"] == "L2"
    assert town.one(SMS)["lane"] == "urgent"


def test_a_second_source_after_a_day_does_not_raise(town: Town) -> None:
    """The police speak up 25 hours after the bank: it is one case still, and no higher."""
    town.hears_of(GRANDMOTHER)
    town.later(hours=25)
    town.hears_of(GRANDMOTHER, source="police_110")
    assert town.case()["risk"] == "L3"


def test_the_third_push_of_two_sources_raises_no_more(town: Town) -> None:
    """Bank, police, bank again: raised once."""
    for source in ("bank", "police_110", "bank", "police_110"):
        town.hears_of(GRANDMOTHER, source=source, risk="L4")
    assert town.case()["risk"] == "L3"


def test_a_raise_never_adds_a_second_visit_and_shortens_the_limits(town: Town) -> None:
    """An L2 case becomes L1: the same text, call and visit; the limits run from the raise, and are L1's."""
    town.hears_of(GRANDMOTHER, risk="L2")
    town.later(minutes=5)
    town.hears_of(GRANDMOTHER, risk="L1")
    assert town.ways() == sorted([SMS, HUMAN, VISIT])
    assert {row["risk"] for row in town.rows(tables.dispatches)} == {"L1"}
    (contact,), (met,) = town.limits("contact"), town.limits("met")
    assert (contact["due_at"] - town.now).total_seconds() == 600
    assert (met["due_at"] - town.now).total_seconds() == 3600


def test_a_lower_push_lowers_nothing(town: Town) -> None:
    """An L4 push onto an L2 case is counted and changes no promise."""
    town.hears_of(GRANDMOTHER, risk="L2")
    town.hears_of(GRANDMOTHER, risk="L4")
    assert town.case()["risk"] == "L2"
    assert len(town.rows(tables.dispatches)) == 3


def test_another_type_is_a_linked_case_that_shares_call_and_visit(town: Town) -> None:
    """Grandmother meets a second kind of fraud: it gets a text of its own; the call and the visit serve both."""
    first = town.hears_of(GRANDMOTHER, risk="L2")
    second = town.hears_of(GRANDMOTHER, risk="L3", fraud_type="fake_loan")
    assert town.ways(case_id=second.case_id) == [SMS]
    linked = town.case(id=second.case_id)
    assert linked["shares_case_id"] == first.case_id
    assert linked["previous_case_id"] is None


def test_a_more_dangerous_linked_case_lifts_its_leader(town: Town) -> None:
    """The second kind is L1: the one call and the one visit become L1's, for they serve it too."""
    first = town.hears_of(GRANDMOTHER, risk="L3")
    town.hears_of(GRANDMOTHER, risk="L1", fraud_type="fake_loan")
    assert town.case(id=first.case_id)["risk"] == "L1"
    assert {HUMAN, VISIT} <= set(town.ways(case_id=first.case_id))


def test_a_raise_of_the_linked_case_lifts_its_leader_too(town: Town) -> None:
    """The linked case hears from a second source: its leader's call and visit go with it."""
    first = town.hears_of(GRANDMOTHER, risk="L4")
    second = town.hears_of(GRANDMOTHER, risk="L3", fraud_type="fake_loan")
    town.hears_of(GRANDMOTHER, risk="L3", fraud_type="fake_loan", source="police_110")
    assert town.case(id=second.case_id)["risk"] == town.case(id=first.case_id)["risk"] == "L2"
    assert town.ways(case_id=second.case_id) == [SMS]


def test_a_case_dissuaded_today_takes_the_push_and_stays_closed(town: Town) -> None:
    """An hour after she was dissuaded the same source pushes again: counted, and nobody rings her again."""
    dissuaded(town)
    town.later(hours=1)
    assert town.hears_of(GRANDMOTHER).merged
    assert town.case()["state"] == "closed"
    assert town.case()["pushes"] == 2
    assert town.due() == []


def test_a_case_dissuaded_today_opens_again_for_a_new_channel(town: Town) -> None:
    """An hour after she was dissuaded comes an L1 push: a person calls and an officer goes."""
    dissuaded(town)
    town.later(hours=1)
    town.hears_of(GRANDMOTHER, risk="L1")
    assert town.case()["state"] == "open"
    assert {HUMAN, VISIT} <= set(town.ways(state="waiting"))


def test_a_raise_that_adds_nothing_leaves_the_case_closed(town: Town) -> None:
    """Called, met and dissuaded at L2; a second source says L2 too: L1 has no channel more, so nothing opens."""
    town.hears_of(GRANDMOTHER, risk="L2")
    for letter in town.works():
        town.told(letter, "DELIVRD")
    town.reached(town.one(HUMAN))
    town.met(town.one(VISIT))
    assert town.case()["close_code"] == "dissuaded"
    town.later(hours=1)
    town.hears_of(GRANDMOTHER, risk="L2", source="police_110")
    assert town.case()["state"] == "closed"
    assert town.case()["risk"] == "L1"
    assert town.due() == []


def test_a_second_warning_warns_again(town: Town) -> None:
    """Two days after she was dissuaded it happens again: the case reopens, and she is texted and called anew."""
    dissuaded(town)
    town.later(days=2)
    assert town.hears_of(GRANDMOTHER).merged
    case = town.case()
    assert (case["state"], case["second_warning"]) == ("open", True)
    assert town.ways(state="waiting") == sorted([SMS, ROBOT])
    assert [(row["done_at"], row["late_on_arrival"]) for row in town.limits("contact", done_at=None)] == [(None, False)]
    for letter in town.works():
        town.told(letter, "DELIVRD" if letter.channel == "sms" else "KEY1")
    assert town.case()["close_code"] == "dissuaded"


def test_a_second_warning_that_reaches_nobody_is_not_called_dissuaded(town: Town) -> None:
    """What she understood two days ago does not count as an answer to the second warning."""
    dissuaded(town, risk="L4")
    town.later(days=2)
    town.hears_of(GRANDMOTHER, risk="L4")
    for letter in town.works():
        town.told(letter, "DELIVRD" if letter.channel == "sms" else "INVALID")
    assert town.case()["state"] == "open"
    town.later(hours=48)
    town.ticks()
    assert town.case()["close_code"] == "auto_closed"


def test_late_news_of_the_first_warning_does_not_answer_the_second(town: Town) -> None:
    """The robot's call of two days ago is told of only now: she is still called for the second warning."""
    town.hears_of(GRANDMOTHER, risk="L3")
    text, robot = sorted(town.works(), key=lambda letter: letter.channel != "sms")
    town.told(text, "DELIVRD")
    town.later(hours=1)
    town.ticks()
    town.works()
    town.reached(town.one(HUMAN))
    assert town.case()["close_code"] == "dissuaded"
    town.later(days=2)
    town.hears_of(GRANDMOTHER, risk="L3")
    assert town.told(robot, "KEY1").placed == 1
    assert town.case()["contacted_at"] is None
    assert town.ways(state="waiting") == sorted([SMS, ROBOT])
    first, second = town.limits("contact")
    assert first["done_at"] is not None
    assert second["done_at"] is None
    assert [row["why"] for row in town.tells("contacted")][-1] == "by_an_earlier_warning"


def test_after_three_days_it_is_a_new_case_after_the_old(town: Town) -> None:
    """Four days after: a new case that names the old one."""
    dissuaded(town)
    town.later(days=4)
    result = town.hears_of(GRANDMOTHER)
    assert not result.merged
    old, new = town.cases()
    assert new["previous_case_id"] == old["id"]
    assert new["shares_case_id"] is None


def test_a_case_closed_for_another_reason_takes_nothing(town: Town) -> None:
    """A case that closed itself without contact does not take tomorrow's alert: that is a new case."""
    town.hears_of(GRANDMOTHER, risk="L4")
    for letter in town.works():
        town.told(letter, "UNDELIV" if letter.channel == "sms" else "INVALID")
    town.later(hours=49)
    town.ticks()
    assert town.case()["close_code"] == "auto_closed"
    town.hears_of(GRANDMOTHER, risk="L4")
    assert len(town.cases()) == 2


def test_two_doors_hear_of_one_person_at_once(town: Town) -> None:
    """Ten upstreams push grandmother in the same instant, through two doors: one case, ten pushes, one text."""
    sources = ("bank", "payment", "police_110", "miit_12381", "ncac_app")
    batches = [[town.alert(source=source) for source in order] for order in (sources, sources[::-1])]
    start = threading.Barrier(2)

    def door(batch: list[dict[str, object]]) -> None:
        start.wait()
        town.hears(batch)

    threads = [threading.Thread(target=door, args=(batch,)) for batch in batches]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert town.case()["pushes"] == 10
    assert town.case()["risk"] == "L1"
    assert len(town.all(SMS)) == len(town.all(VISIT)) == 1


def test_a_source_heard_long_ago_is_new_again(town: Town) -> None:
    """The bank spoke two days ago, the police an hour ago: the bank's new word is a second source, and raises."""
    first = town.hears_of(GRANDMOTHER, risk="L4")
    town.later(days=2)
    town.hears_of(GRANDMOTHER, source="police_110", risk="L4")
    assert town.case(id=first.case_id)["risk"] == "L4"
    town.later(hours=1)
    town.hears_of(GRANDMOTHER, risk="L4")
    assert town.case(id=first.case_id)["risk"] == "L3"
