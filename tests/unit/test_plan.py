"""What is promised at which level: channels, hours, limits; and what a raise adds."""

from __future__ import annotations

from datetime import UTC, datetime, time, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from config.policy import Policy, load_policy
from dispatcher.effects import AddHuman, AddRelative, AddVisit
from dispatcher.plan import (
    HUMAN,
    LOCAL,
    RELATIVE,
    ROBOT,
    SMS,
    VISIT,
    Plan,
    Way,
    next_opening,
    plan,
    plan_extra,
    plan_raise,
)
from dispatcher.words import DeadlineKind, Risk

DEFAULT, DEMO = load_policy("default"), load_policy("demo")
POLICIES = st.sampled_from([DEFAULT, DEMO])
NOON = datetime(2026, 11, 22, 4, 0, tzinfo=UTC)

# Source: the domain's table of levels.
CHANNELS = {Risk.L1: {SMS, HUMAN, VISIT}, Risk.L2: {SMS, HUMAN, VISIT}, Risk.L3: {SMS, ROBOT}, Risk.L4: {SMS, ROBOT}}
HAND_OVER_S = {Risk.L1: 10, Risk.L2: 30, Risk.L3: 60, Risk.L4: 300}
CONTACT_S = {Risk.L1: 600, Risk.L2: 1800, Risk.L3: 7200, Risk.L4: 86400}
MET_S = {Risk.L1: 3600, Risk.L2: 7200}
FEEDBACK_S = {Risk.L1: 4 * 3600, Risk.L2: 86400}
HOURS = {Risk.L3: (time(8), time(21)), Risk.L4: (time(9), time(20))}

risks = st.sampled_from(Risk)
instants = st.datetimes(datetime(2026, 1, 1), datetime(2027, 12, 31), timezones=st.just(UTC))  # noqa: DTZ001 # bounds
ways = st.frozensets(st.sampled_from([SMS, ROBOT, HUMAN, RELATIVE, VISIT]))


def ways_of(planned: Plan) -> list[Way]:
    """The ways of a plan, in order."""
    return [one.way for one in planned.dispatches]


def limits(planned: Plan) -> dict[DeadlineKind, float]:
    """Seconds from start to due, by kind."""
    return {limit.kind: (limit.due_at - limit.started_at).total_seconds() for limit in planned.deadlines}


@given(risks, instants, st.integers(0, 200_000))
def test_each_level_promises_its_channels_and_limits(risk: Risk, received: datetime, before_s: int) -> None:
    """Whoever is alerted at whatever hour is promised exactly what the table of levels says."""
    pushed = received - timedelta(seconds=before_s)
    planned = plan(DEFAULT, risk, received_at=received, pushed_at=pushed)
    assert set(ways_of(planned)) == CHANNELS[risk]
    assert len(planned.dispatches) == len(CHANNELS[risk])
    (text,) = (one for one in planned.dispatches if one.way == SMS)
    assert text.due_at == received
    assert text.hand_over_by == received + timedelta(seconds=HAND_OVER_S[risk])
    want = {DeadlineKind.CONTACT: CONTACT_S[risk]}
    want |= {DeadlineKind.MET: MET_S[risk], DeadlineKind.FEEDBACK: FEEDBACK_S[risk]} if risk in MET_S else {}
    assert limits(planned) == want
    for limit in planned.deadlines:
        by_push = limit.kind is DeadlineKind.FEEDBACK
        assert limit.started_at == (pushed if by_push else received)
        assert limit.late_on_arrival == (by_push and limit.due_at <= received)


@given(POLICIES, risks, instants)
def test_people_and_texts_start_at_once(policy: Policy, risk: Risk, received: datetime) -> None:
    """Only a robot ever waits, and only for its opening hour."""
    for one in plan(policy, risk, received_at=received, pushed_at=received).dispatches:
        assert one.due_at == received or one.way == ROBOT


@given(st.sampled_from(sorted(HOURS)), instants)
def test_a_robot_never_wakes_anybody(risk: Risk, at: datetime) -> None:
    """A robot's call is due within its hours, at once when they are open, else at the very next opening."""
    opens, closes = HOURS[risk]
    due = next_opening(DEFAULT.level(risk), at)
    local, asked = due.astimezone(LOCAL), at.astimezone(LOCAL)
    assert opens <= local.time() < closes
    if opens <= asked.time() < closes:
        assert due == at
    else:
        assert local.time() == opens
        assert timedelta(0) < due - at < timedelta(hours=13)


@given(risks, instants)
def test_a_demo_robot_calls_at_any_hour(risk: Risk, at: datetime) -> None:
    """What a demo shows does not depend on the time of day."""
    assert next_opening(DEMO.level(risk), at) == at


@pytest.mark.parametrize("policy", [DEFAULT, DEMO], ids=["default", "demo"])
def test_limits_stand_in_their_order(policy: Policy) -> None:
    """Sign in, reach, meet, report: each later than the one before; by default no level is laxer than the next."""
    order = ("sign_in_s", "contact_s", "met_s", "feedback_s", "closes_itself_s")
    for risk in Risk:
        level = policy.level(risk)
        at_once = level.visit is not None and level.visit.start == "at_once"  # else the meeting's clock starts later
        names = [name for name in order if at_once or name != "met_s"]
        told = [limit for name in names if (limit := getattr(level, name)) is not None]
        assert told == sorted(told), risk
    for name in order[:-1] if policy is DEFAULT else ():
        by_level = [limit for risk in Risk if (limit := getattr(policy.level(risk), name)) is not None]
        assert by_level == sorted(by_level), name


@given(POLICIES, risks, instants)
def test_a_linked_case_brings_its_text_only(policy: Policy, risk: Risk, at: datetime) -> None:
    """The call and the visit of the first case serve the second."""
    assert ways_of(plan(policy, risk, received_at=at, pushed_at=at, shared=True)) == [SMS]


@given(risks, ways, instants, st.booleans())
def test_a_raise_adds_what_is_missing_and_takes_nothing(
    risk: Risk, have: frozenset[Way], at: datetime, shared: bool
) -> None:
    """Never a way that is there, never a second visit, and nothing is taken back but a robot's call."""
    added = plan_raise(DEFAULT, risk, raised_at=at, pushed_at=at, have=have, shared=shared)
    assert not set(ways_of(added)) & have
    assert ways_of(added).count(VISIT) <= (VISIT not in have)
    assert len(set(ways_of(added))) == len(added.dispatches)
    assert set(added.needless) <= {ROBOT}
    assert not added.needless or risk in (Risk.L1, Risk.L2)
    if not shared:
        assert set(ways_of(added)) | have >= CHANNELS[risk] - ({ROBOT} if HUMAN in have else set())
    for limit in added.deadlines:
        assert limit.started_at == at


@given(risks, ways, instants, st.booleans())
def test_a_raise_twice_is_a_raise_once(risk: Risk, have: frozenset[Way], at: datetime, shared: bool) -> None:
    """The same raise again adds nothing."""
    first = plan_raise(DEFAULT, risk, raised_at=at, pushed_at=at, have=have, shared=shared)
    again = plan_raise(DEFAULT, risk, raised_at=at, pushed_at=at, have={*have, *ways_of(first)}, shared=shared)
    assert again.dispatches == ()


@given(risks, risks, instants)
def test_a_raise_leaves_nobody_with_less_than_the_level_promises(old: Risk, new: Risk, at: datetime) -> None:
    """From any level to any higher one: whoever had the lower plan now has every channel of the higher."""
    if new.higher(old) is not new:
        return
    have = set(ways_of(plan(DEFAULT, old, received_at=at, pushed_at=at)))
    added = plan_raise(DEFAULT, new, raised_at=at, pushed_at=at, have=have)
    assert CHANNELS[new] <= have | set(ways_of(added))


@pytest.mark.parametrize("risk", Risk)
@pytest.mark.parametrize("effect", [AddHuman("x"), AddRelative(), AddVisit("x")], ids=["human", "relative", "visit"])
def test_an_extra_is_one_dispatch_with_each_limit_once(risk: Risk, effect: AddHuman | AddRelative | AddVisit) -> None:
    """What a ruling asks for is added where the level has it, and owes each limit once."""
    extra = plan_extra(DEFAULT, risk, effect, now=NOON, pushed_at=NOON)
    kinds = [limit.kind for limit in extra.deadlines]
    assert len(kinds) == len(set(kinds))
    if risk is Risk.L4:
        assert extra == Plan((), ())
        return
    way = {AddHuman: HUMAN, AddRelative: RELATIVE, AddVisit: VISIT}[type(effect)]
    assert ways_of(extra) == [way]
    owed = {HUMAN: {DeadlineKind.FEEDBACK}, RELATIVE: set(), VISIT: {DeadlineKind.FEEDBACK, DeadlineKind.MET}}
    assert set(kinds) == owed[way]
