"""The rules of judging by name: 11 (unsure), dead numbers, relatives, busy lines, the worst word."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from config.policy import load_policy
from dispatcher import judge as rules
from dispatcher.effects import AddHuman, AddRelative, AddVisit, Escalate
from dispatcher.happenings import Answered, Asked, Fatigued, Happening, News, NoNews, Reported
from dispatcher.judge import Promise, Ruling, judge
from dispatcher.lifecycle import Event
from dispatcher.words import Answer, Channel, DispatchState, Means, Outcome, Risk, Target

NOON = datetime(2026, 11, 22, 4, 0, tzinfo=UTC)
DEFAULT = load_policy("default")


def text(risk: Risk, tries: int = 1, state: DispatchState = DispatchState.HANDED_OVER) -> Promise:
    """A text of this level."""
    return Promise(state, Channel.SMS, Means.CARRIER, Target.SELF, risk, tries, tries)


def call(risk: Risk, means: Means, tries: int = 1, target: Target = Target.SELF) -> Promise:
    """A call that is with robot or caller."""
    return Promise(DispatchState.HANDED_OVER, Channel.CALL, means, target, risk, tries, tries)


def ruled(promise: Promise, happening: Happening, now: datetime = NOON) -> Ruling:
    """Under the default policy."""
    return judge(promise, happening, level=DEFAULT.level(promise.risk), now=now)


@pytest.mark.parametrize("risk", [Risk.L1, Risk.L2])
def test_rule_11_an_unsure_urgent_text_repeats_once_after_a_minute(risk: Risk) -> None:
    """L1 and L2: sixty seconds, then one more; never a third."""
    sent = text(risk, state=DispatchState.UNDERWAY)
    assert ruled(sent, Answered(Answer.UNSURE)).news_in_s == 60
    again = ruled(text(risk), NoNews(unsure=True))
    assert (again.event, again.due_in_s) == (Event.RETRY, 0)
    assert ruled(replace(sent, tries=2, attempts=2), Answered(Answer.UNSURE)).news_in_s == 3600
    assert ruled(text(risk, tries=2), NoNews(unsure=True)).event is Event.SILENCE


@pytest.mark.parametrize("risk", [Risk.L3, Risk.L4])
def test_rule_11_an_unsure_routine_text_never_repeats(risk: Risk) -> None:
    """L3 and L4: silence is the end of it."""
    assert ruled(text(risk), NoNews(unsure=True)).event is Event.SILENCE
    assert ruled(text(risk, state=DispatchState.UNDERWAY), Answered(Answer.UNSURE)).news_in_s == 259_200


@pytest.mark.parametrize("risk", Risk)
def test_a_text_that_was_surely_sent_never_repeats_for_silence(risk: Risk) -> None:
    """Accepted and no receipt: unknown, at every level."""
    assert ruled(text(risk), NoNews(unsure=False)).event is Event.SILENCE


def test_rule_11_an_unsure_call_counts_as_no_answer() -> None:
    """It waited for its planned redial, so it is due now; on its last try it is spent."""
    again = ruled(call(Risk.L3, Means.ROBOT), NoNews(unsure=True))
    assert (again.event, again.outcome, again.due_in_s, again.forgiven) == (Event.RETRY, Outcome.NO_ANSWER, 0, False)
    assert ruled(call(Risk.L3, Means.ROBOT, tries=3), NoNews(unsure=True)).event is Event.SPEND


def test_rule_11_a_visit_is_never_repeated() -> None:
    """No report, sure or unsure: unknown."""
    visit = Promise(DispatchState.HANDED_OVER, Channel.VISIT, Means.OFFICER, Target.SELF, Risk.L1, 1, 1)
    for unsure in (True, False):
        assert ruled(visit, NoNews(unsure)).event is Event.SILENCE


def test_not_found_when_asked_is_surely_not_sent() -> None:
    """It goes again at once and costs no try."""
    again = ruled(text(Risk.L4), Asked(found=False))
    assert (again.event, again.due_in_s, again.forgiven) == (Event.RETRY, 0, True)


@pytest.mark.parametrize("outcome", [Outcome.SUSPENDED, Outcome.INVALID_NUMBER])
def test_a_dead_number_sends_an_officer_where_the_level_has_one(outcome: Outcome) -> None:
    """L3 sends one, L4 has none to send."""
    assert ruled(call(Risk.L3, Means.ROBOT), News(outcome)).effects == (AddVisit("dead_number"),)
    assert ruled(call(Risk.L4, Means.ROBOT), News(outcome)).effects == ()


def test_a_spent_robot_hands_over_to_a_person() -> None:
    """L3, third miss; and when the cap on machines stops it."""
    for happening in (News(Outcome.NO_ANSWER), NoNews(unsure=False), Fatigued()):
        promise = call(Risk.L3, Means.ROBOT, tries=3)
        if isinstance(happening, Fatigued):
            promise = replace(promise, state=DispatchState.WAITING)
        assert ruled(promise, happening).effects == (AddHuman("robot_did_not_reach"),)


@pytest.mark.parametrize(("miss", "relatives"), [(1, 0), (2, 0), (3, 1), (4, 0)])
def test_relatives_are_called_from_the_third_miss_once(miss: int, relatives: int) -> None:
    """L1: not at the second, at the third, not again at the fourth."""
    ruling = ruled(call(Risk.L1, Means.HUMAN, tries=miss), Reported(Outcome.NOT_REACHED, "no_answer"))
    assert [type(effect) for effect in ruling.effects] == [AddRelative] * relatives


def test_a_relatives_miss_calls_no_further_relative() -> None:
    """Her son does not answer either: he is redialled, nobody else is added."""
    ruling = ruled(call(Risk.L1, Means.HUMAN, 3, Target.RELATIVE), Reported(Outcome.NOT_REACHED, "no_answer"))
    assert (ruling.event, ruling.effects) == (Event.SPEND, ())


@pytest.mark.parametrize(("minutes", "up"), [(10, False), (11, True)])
def test_a_busy_line_escalates_after_more_than_ten_minutes(minutes: int, up: bool) -> None:
    """L2: ten minutes exactly is not yet more than ten."""
    busy = replace(call(Risk.L2, Means.HUMAN), busy_since=NOON - timedelta(minutes=minutes))
    ruling = ruled(busy, Reported(Outcome.NOT_REACHED, "busy"))
    assert (Escalate("line_busy") in ruling.effects) == up


def test_a_report_on_an_earlier_try_changes_nothing() -> None:
    """The second call is on its way; the first one's miss comes again."""
    assert ruled(call(Risk.L1, Means.HUMAN, 2), Reported(Outcome.NOT_REACHED, "busy", of_latest=False)) == rules.STAY


def test_the_worst_word_counts_whenever_it_comes() -> None:
    """She has paid: told by key after "heard", on a call that was called off meanwhile, or in a second report."""
    heard = replace(call(Risk.L3, Means.ROBOT), state=DispatchState.FULFILLED, outcome=Outcome.HEARD)
    off = replace(heard, state=DispatchState.CANCELLED, outcome=None)
    for promise in (heard, off):
        assert Escalate("says_he_has_paid") in ruled(promise, News(Outcome.KEY_PAID)).effects
        assert ruled(replace(promise, outcome=Outcome.KEY_PAID), News(Outcome.KEY_PAID)).effects == ()
    reported = replace(call(Risk.L2, Means.HUMAN), state=DispatchState.FULFILLED, outcome=Outcome.REACHED)
    assert Escalate("says_he_has_paid") in ruled(reported, Reported(Outcome.REACHED, paid=True)).effects


def test_a_key_that_says_less_takes_nothing_back() -> None:
    """After "has paid" comes "understood" or "heard": nothing changes."""
    paid = replace(call(Risk.L3, Means.ROBOT), state=DispatchState.FULFILLED, outcome=Outcome.KEY_PAID)
    for less in (Outcome.HEARD, Outcome.KEY_UNDERSTOOD):
        assert ruled(paid, News(less)) == rules.STAY


def test_a_visit_in_vain_may_go_on() -> None:
    """ "Again" keeps the officer's task open; "straight" ends it."""
    visit = Promise(DispatchState.HANDED_OVER, Channel.VISIT, Means.OFFICER, Target.SELF, Risk.L1, 1, 1)
    assert ruled(visit, Reported(Outcome.VISIT_INVALID, "not_home", again=True)) == rules.STAY
    assert ruled(visit, Reported(Outcome.VISIT_INVALID, "not_home")).event is Event.SPEND
