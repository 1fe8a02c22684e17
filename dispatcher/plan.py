"""What is promised to a person: pure functions from policy and level to dispatches and deadlines.

plan(level, …) -> Plan        for a new case
plan_raise(old, new, …)       what a higher level adds, and what it makes needless
plan_extra(effect, …)         what a ruling adds: a human call, a relative, a visit
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime, time, timedelta
from zoneinfo import ZoneInfo

from config.policy import LevelRule, Policy
from dispatcher.effects import AddHuman, AddRelative, AddVisit
from dispatcher.words import Channel, DeadlineKind, Means, Risk, Target

LOCAL = ZoneInfo("Asia/Shanghai")

Way = tuple[Channel, Means, Target]
SMS: Way = (Channel.SMS, Means.CARRIER, Target.SELF)
ROBOT: Way = (Channel.CALL, Means.ROBOT, Target.SELF)
HUMAN: Way = (Channel.CALL, Means.HUMAN, Target.SELF)
RELATIVE: Way = (Channel.CALL, Means.HUMAN, Target.RELATIVE)
VISIT: Way = (Channel.VISIT, Means.OFFICER, Target.SELF)


@dataclass(frozen=True, slots=True)
class Planned:
    """One promise to be written: a way, from when on, and (texts) by when handed over."""

    way: Way
    risk: Risk
    due_at: datetime
    hand_over_by: datetime | None = None


@dataclass(frozen=True, slots=True)
class PlannedDeadline:
    """One promise of time; `late_on_arrival` when it had run out before it began."""

    kind: DeadlineKind
    started_at: datetime
    due_at: datetime
    late_on_arrival: bool


@dataclass(frozen=True, slots=True)
class Plan:
    """What to write. `needless` names the ways that a raise makes void while they still wait."""

    dispatches: tuple[Planned, ...]
    deadlines: tuple[PlannedDeadline, ...]
    closes_itself_at: datetime | None = None
    needless: tuple[Way, ...] = ()


def plan(policy: Policy, risk: Risk, *, received_at: datetime, pushed_at: datetime, shared: bool = False) -> Plan:
    """The promises of a new case. `shared`: another open case of the person brings the call and the visit."""
    level = policy.level(risk)
    dispatches = [_text(level, risk, received_at)]
    if not shared:
        dispatches += _voices_and_visits(level, risk, received_at, have=())
    return Plan(
        tuple(dispatches),
        _deadlines(level, risk, start=received_at, pushed_at=pushed_at, people=_people(dispatches)),
        _after(received_at, level.closes_itself_s),
    )


def plan_raise(
    policy: Policy, new: Risk, *, raised_at: datetime, pushed_at: datetime, have: Collection[Way], shared: bool = False
) -> Plan:
    """What the higher level `new` adds to the ways that the case has: the missing channels, never a second visit.

    The new limits run from the raise.
    """
    level = policy.level(new)
    dispatches = [] if SMS in have else [_text(level, new, raised_at)]
    if not shared:
        dispatches += _voices_and_visits(level, new, raised_at, have=have)
    needless = (ROBOT,) if level.robot is None and level.human is not None else ()
    people = _people(dispatches) or any(way in (HUMAN, VISIT) for way in have)
    return Plan(
        tuple(dispatches),
        _deadlines(level, new, start=raised_at, pushed_at=pushed_at, people=people),
        _after(raised_at, level.closes_itself_s),
        needless,
    )


def plan_extra(
    policy: Policy, risk: Risk, effect: AddHuman | AddRelative | AddVisit, *, now: datetime, pushed_at: datetime
) -> Plan:
    """The one dispatch that a ruling asks for, with the deadlines that people's work brings."""
    level = policy.level(risk)
    match effect:
        case AddHuman() if level.human:
            way = HUMAN
        case AddRelative() if level.human:
            way = RELATIVE
        case AddVisit() if level.visit:
            way = VISIT
        case _:
            return Plan((), ())
    limits = () if way == RELATIVE else _deadlines(level, risk, start=now, pushed_at=pushed_at, people=True)
    owed = [limit for limit in limits if limit.kind is DeadlineKind.FEEDBACK]
    if way == VISIT and level.met_s is not None:
        owed.append(_deadline(DeadlineKind.MET, now, level.met_s))
    return Plan((Planned(way, risk, now),), tuple(owed))


def next_opening(level: LevelRule, at: datetime) -> datetime:
    """`at`, or the next instant at which a robot may call at this level (local hours, rule 8)."""
    robot = level.robot
    if robot is None or robot.opens is None or robot.closes is None:
        return at
    local = at.astimezone(LOCAL)
    if robot.opens <= local.time() < robot.closes:
        return at
    day = local.date() if local.time() < robot.opens else local.date() + timedelta(days=1)
    return _at(day, robot.opens).astimezone(at.tzinfo)


def _at(day: object, hour: time) -> datetime:
    return datetime.fromisoformat(f"{day}T{hour.isoformat()}").replace(tzinfo=LOCAL)


def _text(level: LevelRule, risk: Risk, start: datetime) -> Planned:
    return Planned(SMS, risk, start, start + timedelta(seconds=level.sms.hand_over_s))


def _voices_and_visits(level: LevelRule, risk: Risk, start: datetime, *, have: Collection[Way]) -> list[Planned]:
    out = []
    if level.robot is not None and ROBOT not in have and HUMAN not in have:
        out.append(Planned(ROBOT, risk, next_opening(level, start)))
    if level.human is not None and level.human.start == "at_once" and HUMAN not in have:
        out.append(Planned(HUMAN, risk, start))
    if level.visit is not None and level.visit.start == "at_once" and VISIT not in have:
        out.append(Planned(VISIT, risk, start))
    return out


def _people(dispatches: Collection[Planned]) -> bool:
    return any(planned.way in (HUMAN, VISIT) for planned in dispatches)


def _deadlines(
    level: LevelRule, risk: Risk, *, start: datetime, pushed_at: datetime, people: bool
) -> tuple[PlannedDeadline, ...]:
    out = []
    if level.contact_s is not None:
        out.append(_deadline(DeadlineKind.CONTACT, start, level.contact_s))
    if level.met_s is not None and level.visit is not None and level.visit.start == "at_once":
        out.append(_deadline(DeadlineKind.MET, start, level.met_s))
    if level.feedback_s is not None and people:
        due = pushed_at + timedelta(seconds=level.feedback_s)
        out.append(PlannedDeadline(DeadlineKind.FEEDBACK, pushed_at, due, late_on_arrival=due <= start))
    return tuple(out)


def _deadline(kind: DeadlineKind, start: datetime, limit_s: float) -> PlannedDeadline:
    return PlannedDeadline(kind, start, start + timedelta(seconds=limit_s), late_on_arrival=False)


def _after(start: datetime, seconds: float | None) -> datetime | None:
    return None if seconds is None else start + timedelta(seconds=seconds)
