"""Every happening on every promise under every level: possible moves, bounded waits, no false contact."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from hypothesis import given, settings
from hypothesis import strategies as st

from config.policy import LevelRule, load_policy
from dispatcher import judge as rules
from dispatcher.effects import Contacted
from dispatcher.happenings import (
    Answered,
    Asked,
    Fatigued,
    Happening,
    LeaseRanOut,
    News,
    NoNews,
    NotNeeded,
    OnItsWay,
    Reported,
    WrongPerson,
)
from dispatcher.judge import FAULTS_FORGIVEN, LONGEST_PAUSE_S, Promise, judge
from dispatcher.lifecycle import Event, can
from dispatcher.words import Answer, Channel, DispatchState, Means, Outcome, Risk, Target

NOON = datetime(2026, 11, 22, 4, 0, tzinfo=UTC)
POLICIES = [load_policy("default"), load_policy("demo")]
DEFAULT = POLICIES[0]
CHANNEL = {
    Means.CARRIER: Channel.SMS,
    Means.ROBOT: Channel.CALL,
    Means.HUMAN: Channel.CALL,
    Means.OFFICER: Channel.VISIT,
}
REASONS = [None, "no_answer", "busy", "rejected", "powered_off", "suspended", "empty_number", "wrong_person"]

seconds = st.none() | st.floats(0, 100_000)
outcomes = st.sampled_from(Outcome)
happenings: st.SearchStrategy[Happening] = st.one_of(
    st.builds(Answered, st.sampled_from(Answer), st.none() | outcomes, st.none(), st.none(), seconds, seconds),
    st.builds(Asked, st.booleans()),
    st.builds(OnItsWay),
    st.builds(News, outcomes, st.booleans()),
    st.builds(NoNews, st.booleans()),
    st.builds(LeaseRanOut, st.booleans(), seconds),
    st.builds(Reported, outcomes, st.sampled_from(REASONS), st.booleans(), st.booleans(), st.booleans()),
    st.builds(Fatigued),
    st.builds(NotNeeded, st.just("case_closed")),
    st.builds(WrongPerson),
)


@st.composite
def promises(draw: st.DrawFn) -> Promise:
    """Any promise that a table could hold."""
    means = draw(st.sampled_from(Means))
    tries = draw(st.integers(0, 40))
    return Promise(
        state=draw(st.sampled_from(DispatchState)),
        channel=CHANNEL[means],
        means=means,
        target=draw(st.sampled_from(Target)),
        risk=draw(st.sampled_from(Risk)),
        tries=tries,
        attempts=tries + draw(st.integers(0, 100)),
        busy_since=draw(st.none() | st.just(NOON - timedelta(minutes=20))),
        outcome=draw(st.none() | outcomes),
    )


levels = st.sampled_from([policy.level(risk) for policy in POLICIES for risk in Risk])


@settings(max_examples=1500)
@given(promises(), happenings, levels)
def test_every_ruling_can_be_carried_out(promise: Promise, happening: Happening, level: LevelRule) -> None:
    """Nothing that can happen makes the judge fail, or rule what the table of moves does not have."""
    ruling = judge(promise, happening, level=level, now=NOON)
    assert ruling.event is None or can(promise.state, ruling.event)
    if ruling.event is Event.RETRY:
        assert ruling.due_in_s is not None
        assert ruling.due_in_s >= 0
    if ruling.event in (Event.ACCEPT, Event.UNSURE):
        assert ruling.news_in_s is not None
        assert ruling.news_in_s > 0
    if ruling.event is Event.CANCEL:
        assert ruling.why


@settings(max_examples=500)
@given(promises(), happenings, levels)
def test_an_end_is_left_only_for_the_better(promise: Promise, happening: Happening, level: LevelRule) -> None:
    """A fulfilled promise is moved by a person's correction alone; a cancelled one by nothing."""
    ruling = judge(promise, happening, level=level, now=NOON)
    if promise.state is DispatchState.FULFILLED:
        assert ruling.event in (None, Event.CORRECT)
        assert (ruling.event is Event.CORRECT) == isinstance(happening, WrongPerson)
    if promise.state is DispatchState.CANCELLED:
        assert ruling.event is None


@settings(max_examples=500)
@given(promises(), happenings, levels)
def test_only_the_persons_own_voice_is_contact(promise: Promise, happening: Happening, level: LevelRule) -> None:
    """No text, no relative, no machine that picked up makes a contact; nor does anything that did not reach him."""
    ruling = judge(promise, happening, level=level, now=NOON)
    if not any(isinstance(effect, Contacted) for effect in ruling.effects):
        return
    assert isinstance(happening, News | Reported)
    assert happening.outcome in {
        *(Outcome.HEARD, Outcome.KEY_UNDERSTOOD, Outcome.KEY_PAID),
        *(Outcome.REACHED, Outcome.REFUSED_ADVICE, Outcome.MET, Outcome.DELIVERED),
    }
    if isinstance(happening, News):
        assert (promise.means, promise.target) == (Means.ROBOT, Target.SELF)


@given(levels, st.sampled_from(Means), st.sampled_from([Outcome.GATEWAY_TEMPORARY, Outcome.PLATFORM_FAULT]))
def test_the_pause_after_a_fault_grows_and_is_bounded(level: LevelRule, means: Means, fault: Outcome) -> None:
    """A carrier that is down is tried less and less often, at most every five minutes apart, and not for ever."""
    pauses, attempts = [], 1
    while attempts < 200:
        promise = Promise(
            DispatchState.UNDERWAY, CHANNEL[means], means, Target.SELF, Risk.L3, tries=1, attempts=attempts
        )
        ruling = judge(promise, Answered(Answer.REFUSED, fault), level=level, now=NOON)
        if ruling.event is not Event.RETRY:
            break
        assert ruling.forgiven
        pauses.append(ruling.due_in_s or 0.0)
        attempts += 1
    assert pauses == sorted(pauses)
    assert all(0 < pause <= LONGEST_PAUSE_S for pause in pauses)
    assert len(pauses) == FAULTS_FORGIVEN


@given(levels, st.sampled_from([Means.CARRIER, Means.ROBOT]), st.sampled_from(sorted(rules.REDIAL)))
def test_tries_on_the_person_are_counted_out(level: LevelRule, means: Means, miss: Outcome) -> None:
    """A phone that never answers is tried as often as the level says, and no more."""
    limit = level.sms.tries if means is Means.CARRIER else level.robot.tries if level.robot else 1
    for tries in range(1, limit + 1):
        promise = Promise(DispatchState.HANDED_OVER, CHANNEL[means], means, Target.SELF, Risk.L3, tries, tries)
        ruling = judge(promise, News(miss), level=level, now=NOON)
        assert ruling.event is (Event.RETRY if tries < limit else Event.SPEND)
