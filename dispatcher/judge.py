"""What a happening means for a dispatch: one pure function, read from top to bottom.

    judge(promise, happening, level=…) -> Ruling

The ruling names the move of lifecycle.py, when the next try or the news is due, and what follows for the case.
Source of the rules: the default policy, rules 2, 3, 5, 9 and 11, and the carriers' three endings (docs/explanation).
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from config.policy import LevelRule
from dispatcher.effects import AddHuman, AddRelative, AddVisit, Contacted, Effect, Escalate, ProposeStop
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
from dispatcher.lifecycle import Event, can
from dispatcher.outcomes import DEAD_NUMBER, FORGIVEN, GOOD, NEXT_CARRIER, REDIAL, WORTH
from dispatcher.words import Answer, Channel, DispatchState, Means, Outcome, Risk, Target

FAULTS_FORGIVEN = 60
"""Tries that never reached the person (throttled, platform fault) before a dispatch is given up as spent."""

LONGEST_PAUSE_S = 300.0
"""The pause after such a fault doubles from the level's own pause up to this."""

DEAD_REASONS = frozenset({"empty_number", "suspended", "wrong_person"})

HAS_PAID: tuple[Effect, ...] = (Escalate("says_he_has_paid"), ProposeStop("says_he_has_paid"))
"""Rules 3, 6 and 10: one level up; and whether to stop the money is for a person to say, never for a key."""


@dataclass(frozen=True, slots=True)
class Promise:
    """What must be known of a dispatch to judge it; `tries` and `attempts` include the one that is judged.

    `failed_before`: how many carriers of its route have surely not sent this try before the one that is judged.
    """

    state: DispatchState
    channel: Channel
    means: Means
    target: Target
    risk: Risk
    tries: int
    attempts: int
    busy_since: datetime | None = None
    outcome: Outcome | None = None
    failed_before: int = 0


@dataclass(frozen=True, slots=True)
class Ruling:
    """What to do: the move (None: nothing moves), when the next try or the news is due, what follows for the case.

    `forgiven`: the try never reached the person and does not count. `outcome` without a move betters what is known.
    `passed_over`: the next try is another carrier's, and these have failed.
    """

    event: Event | None
    outcome: Outcome | None = None
    why: str | None = None
    due_in_s: float | None = None
    news_in_s: float | None = None
    ask_in_s: float | None = None
    forgiven: bool = False
    effects: tuple[Effect, ...] = ()
    passed_over: str | None = None


STAY = Ruling(None)


def judge(promise: Promise, happening: Happening, *, level: LevelRule, now: datetime) -> Ruling:
    """What `happening` means for a dispatch that stands as `promise` says, under the rule of its level.

    The move it names is one that lifecycle.py allows. Where none is, the person's own word still counts: he was
    reached, he says that he has paid.
    """
    ruling = _ruling(promise, happening, level, now)
    if ruling.event is None or can(promise.state, ruling.event):
        return ruling
    says_more = ruling.outcome is not promise.outcome or (isinstance(happening, Reported) and happening.paid)
    if ruling.event is Event.FULFIL and ruling.effects and says_more:
        return Ruling(None, ruling.outcome, effects=ruling.effects)
    return STAY


def _ruling(promise: Promise, happening: Happening, level: LevelRule, now: datetime) -> Ruling:
    match happening:
        case Answered():
            return _answered(promise, happening, level)
        case Asked(found=True):
            return Ruling(None, why="found_when_asked", news_in_s=news_s(promise.means, level))
        case OnItsWay():
            return Ruling(None, why="told_on_its_way", news_in_s=news_s(promise.means, level))
        case Asked():
            return _again_or_spent(promise, level, Outcome.GATEWAY_TEMPORARY, why="not_found_when_asked", at_once=True)
        case News():
            return _news(promise, happening, level)
        case NoNews():
            return _no_news(promise, happening, level)
        case LeaseRanOut(attempt_open=True):
            return _unsure(promise, level, happening.ask_in_s, why="lease_ran_out")
        case LeaseRanOut():
            return Ruling(Event.LEASE_LOST, why="lease_ran_out", due_in_s=0, forgiven=True)
        case Reported():
            return _reported(promise, happening, level, now)
        case Fatigued():
            return Ruling(Event.SPEND, Outcome.FATIGUE, "fatigue", effects=_when_robot_ends(promise, level))
        case NotNeeded():
            return Ruling(Event.CANCEL, why=happening.why)
        case WrongPerson():
            return Ruling(Event.CORRECT, Outcome.NOT_REACHED, "wrong_person")


def _answered(promise: Promise, answered: Answered, level: LevelRule) -> Ruling:
    outcome = answered.outcome or Outcome.GATEWAY_TEMPORARY
    surely_not_sent = answered.answer is Answer.BUSY or (answered.answer is Answer.REFUSED and outcome in NEXT_CARRIER)
    if surely_not_sent and answered.passed_over is not None and not _too_many_faults(promise):
        return _next_carrier(answered.outcome, answered.passed_over)
    match answered.answer:
        case Answer.ACCEPTED:
            return Ruling(Event.ACCEPT, news_in_s=news_s(promise.means, level))
        case Answer.UNSURE:
            return _unsure(promise, level, answered.ask_in_s, why=answered.code or "unsure")
        case Answer.BUSY:
            pause = answered.retry_after_s if answered.retry_after_s is not None else _pause_s(promise, level)
            if _too_many_faults(promise):
                return _spent(promise, level, Outcome.GATEWAY_TEMPORARY)
            return Ruling(Event.RETRY, why="carrier_busy", due_in_s=pause, forgiven=True)
        case Answer.REFUSED if outcome is Outcome.OUR_FAULT and promise.failed_before and not _too_many_faults(promise):
            # the other carriers of the route failed too, and one of them may be back by the next try
            return Ruling(Event.RETRY, outcome, str(outcome), _pause_s(promise, level), forgiven=True)
        case Answer.REFUSED:
            return _bad(promise, outcome, level)


def _next_carrier(outcome: Outcome | None, passed_over: str) -> Ruling:
    """Surely not sent: the next carrier of the route has it at once, and the person's tries are not touched."""
    return Ruling(Event.RETRY, outcome, "next_carrier", 0.0, forgiven=True, passed_over=passed_over)


def _unsure(promise: Promise, level: LevelRule, ask_in_s: float | None, *, why: str) -> Ruling:
    wait_s = _unsure_wait_s(promise, level)
    return Ruling(Event.UNSURE, why=why, news_in_s=max(wait_s, ask_in_s or 0.0), ask_in_s=ask_in_s)


def _news(promise: Promise, news: News, level: LevelRule) -> Ruling:
    if news.outcome in GOOD:
        return _good(promise, news.outcome)
    if news.outcome in (Outcome.UNKNOWN,) or not news.of_latest:
        return STAY
    if promise.state is DispatchState.HANDED_OVER:
        if news.outcome in NEXT_CARRIER and news.passed_over is not None and not _too_many_faults(promise):
            return _next_carrier(news.outcome, news.passed_over)
        return _bad(promise, news.outcome, level)
    if promise.state is DispatchState.UNKNOWN:
        return Ruling(Event.SPEND, news.outcome, "late_news")
    return STAY


def _good(promise: Promise, outcome: Outcome) -> Ruling:
    effects: tuple[Effect, ...] = ()
    if promise.means is Means.ROBOT and promise.target is Target.SELF:
        effects = (Contacted("robot", acknowledged=outcome is Outcome.KEY_UNDERSTOOD),)
        if outcome is Outcome.KEY_PAID:
            effects += HAS_PAID
    if promise.state is DispatchState.FULFILLED:
        known = WORTH.get(promise.outcome, 0) if promise.outcome is not None else WORTH[outcome]
        return Ruling(None, outcome, effects=effects) if WORTH[outcome] > known else STAY
    return Ruling(Event.FULFIL, outcome, effects=effects)


def _bad(promise: Promise, outcome: Outcome, level: LevelRule) -> Ruling:
    if outcome in REDIAL or outcome in FORGIVEN:
        return _again_or_spent(promise, level, outcome, why=str(outcome))
    return _spent(promise, level, outcome)


def _again_or_spent(promise: Promise, level: LevelRule, outcome: Outcome, *, why: str, at_once: bool = False) -> Ruling:
    if outcome in FORGIVEN:
        if _too_many_faults(promise):
            return _spent(promise, level, outcome)
        return Ruling(Event.RETRY, outcome, why, 0.0 if at_once else _pause_s(promise, level), forgiven=True)
    if promise.tries >= _tries(promise, level):
        return _spent(promise, level, outcome)
    return Ruling(Event.RETRY, outcome, why, due_in_s=0.0 if at_once else _redial_s(promise, level))


def _spent(promise: Promise, level: LevelRule, outcome: Outcome) -> Ruling:
    if outcome in DEAD_NUMBER and promise.means is Means.ROBOT and level.visit is not None:
        return Ruling(Event.SPEND, outcome, str(outcome), effects=(AddVisit("dead_number"),))
    return Ruling(Event.SPEND, outcome, str(outcome), effects=_when_robot_ends(promise, level))


def _when_robot_ends(promise: Promise, level: LevelRule) -> tuple[Effect, ...]:
    if promise.means is Means.ROBOT and level.human is not None:
        return (AddHuman("robot_did_not_reach"),)
    return ()


def _no_news(promise: Promise, no_news: NoNews, level: LevelRule) -> Ruling:
    if no_news.unsure and promise.means is Means.ROBOT:
        return _again_or_spent(promise, level, Outcome.NO_ANSWER, why="unsure_counts_as_no_answer", at_once=True)
    if no_news.unsure and _may_repeat_unsure(promise, level):
        return Ruling(Event.RETRY, why="unsure_repeats_once", due_in_s=0.0)
    return Ruling(Event.SILENCE, Outcome.UNKNOWN, "no_news_in_time", effects=_when_robot_ends(promise, level))


def _reported(promise: Promise, reported: Reported, level: LevelRule, now: datetime) -> Ruling:
    paid: tuple[Effect, ...] = HAS_PAID if reported.paid else ()
    match reported.outcome:
        case Outcome.MET:
            return Ruling(Event.FULFIL, Outcome.MET, effects=(Contacted("officer"), *paid))
        case Outcome.VISIT_INVALID:
            return STAY if reported.again else Ruling(Event.SPEND, Outcome.VISIT_INVALID, reported.reason)
        case Outcome.REACHED | Outcome.REFUSED_ADVICE if promise.target is Target.RELATIVE:
            return Ruling(Event.FULFIL, Outcome.REACHED)
        case Outcome.REFUSED_ADVICE:
            refused = (Contacted("human"), Escalate("dissuasion_failed"))
            return Ruling(Event.FULFIL, Outcome.REFUSED_ADVICE, effects=refused + paid)
        case Outcome.REACHED:
            return Ruling(Event.FULFIL, Outcome.REACHED, effects=(Contacted("human"), *paid))
    return _human_miss(promise, reported, level, now)


def _human_miss(promise: Promise, reported: Reported, level: LevelRule, now: datetime) -> Ruling:
    if not reported.of_latest:
        return STAY  # a later try is out or due: an earlier miss changes nothing
    effects: list[Effect] = []
    rule = level.human
    if rule is not None and promise.target is Target.SELF:
        if rule.relatives_from_miss is not None and promise.tries == rule.relatives_from_miss:
            effects.append(AddRelative())
        limit = rule.busy_escalates_after_s
        busy_s = (now - promise.busy_since).total_seconds() if promise.busy_since else 0.0
        if reported.reason == "busy" and limit is not None and busy_s > limit:
            effects.append(Escalate("line_busy"))
    if reported.reason in DEAD_REASONS:
        if rule is not None and promise.target is Target.SELF and promise.tries < (rule.relatives_from_miss or 0):
            effects.append(AddRelative())
        if level.visit is not None and promise.target is Target.SELF:
            effects.append(AddVisit("dead_number"))
        return Ruling(Event.SPEND, Outcome.NOT_REACHED, reported.reason, effects=tuple(effects))
    if promise.state is DispatchState.UNKNOWN:
        return Ruling(Event.SPEND, Outcome.NOT_REACHED, "late_news", effects=tuple(effects))
    if promise.tries >= _tries(promise, level):
        return Ruling(Event.SPEND, Outcome.NOT_REACHED, reported.reason, effects=tuple(effects))
    return Ruling(Event.RETRY, Outcome.NOT_REACHED, reported.reason, _redial_s(promise, level), effects=tuple(effects))


def _tries(promise: Promise, level: LevelRule) -> int:
    match promise.means:
        case Means.ROBOT if level.robot:
            return level.robot.tries
        case Means.HUMAN if level.human:
            return level.human.relative_tries if promise.target is Target.RELATIVE else level.human.tries
        case Means.CARRIER:
            return level.sms.tries
    return 1


def _redial_s(promise: Promise, level: LevelRule) -> float:
    match promise.means:
        case Means.ROBOT if level.robot:
            return level.robot.redial_s
        case Means.HUMAN if level.human:
            return level.human.redial_s
    return level.sms.retry_s


def news_s(means: Means, level: LevelRule) -> float:
    """Seconds, > 0: how long news (or a person's report) is awaited before the dispatch counts as unknown."""
    match means:
        case Means.ROBOT if level.robot:
            return level.robot.news_s
        case Means.HUMAN if level.human:
            return level.human.report_s
        case Means.OFFICER if level.visit:
            return level.visit.report_s
    return level.sms.news_s


def _unsure_wait_s(promise: Promise, level: LevelRule) -> float:
    if promise.channel is Channel.SMS:
        if level.sms.repeat_unsure_after_s is not None and _may_repeat_unsure(promise, level):
            return level.sms.repeat_unsure_after_s
        return level.sms.news_s
    return _redial_s(promise, level)


def _may_repeat_unsure(promise: Promise, level: LevelRule) -> bool:
    """Rule 11: a text at L1 or L2 repeats once; at L3 and L4 never."""
    return promise.channel is Channel.SMS and level.sms.repeat_unsure_after_s is not None and promise.tries <= 1


def _too_many_faults(promise: Promise) -> bool:
    return promise.attempts - promise.tries >= FAULTS_FORGIVEN


def _pause_s(promise: Promise, level: LevelRule) -> float:
    """A round of all carriers of a route is one fault."""
    faults = (promise.attempts - promise.tries) // (promise.failed_before + 1)
    return float(min(_redial_s(promise, level) * 2**faults, LONGEST_PAUSE_S))
