"""What each vendor's code means, and what happens next: asked of the tables and of `judge`, not written by hand."""

from __future__ import annotations

from datetime import UTC, datetime

from config.policy import load_policy
from dispatcher.carriers import LANGUAGES
from dispatcher.carriers.language import Language
from dispatcher.effects import AddHuman, AddRelative, AddVisit, Contacted, Effect, Escalate, ProposeStop
from dispatcher.happenings import News
from dispatcher.judge import Promise, Ruling, judge
from dispatcher.lifecycle import Event
from dispatcher.outcomes import OF_MEANS
from dispatcher.words import Channel, DispatchState, Means, Outcome, Risk, Target
from parts.markdown import table

NOON = datetime(2026, 1, 31, 4, 0, tzinfo=UTC)
MEANS = {Channel.SMS: Means.CARRIER, Channel.CALL: Means.ROBOT}
LAST = 99
"""A number of tries beyond what any level allows."""


def outcomes() -> str:
    """Every vendor's codes, by kind of carrier."""
    return "\n".join(_vendor(kind, language) for kind, language in sorted(LANGUAGES.items()))


def what_follows() -> str:
    """Every outcome that a carrier can tell, and what follows at each level, at the first try and at the last."""
    return table(
        ("channel", "outcome", *Risk),
        [
            (f"`{channel}`", f"`{outcome}`", *(_next(channel, outcome, risk) for risk in Risk))
            for channel in MEANS
            for outcome in _of(channel)
        ],
    )


def _vendor(kind: str, language: Language) -> str:
    source = f"Source: {language.source}.\n\n" if language.source else ""
    channel = Channel.CALL if kind.endswith(("_voice", "_call")) else Channel.SMS
    level = Risk.L3 if channel is Channel.CALL else Risk.L2
    codes = [(code, one) for code, one in language.codes.items() if one is None or one in _of(channel)]
    rows = [
        (f"`{code}`", "not final" if one is None else f"`{one}`", _first(channel, one, level))
        for code, one in sorted(codes, key=lambda item: (str(item[1]), item[0]))
    ]
    other = ("anything else", f"`{Outcome.UNKNOWN}`", _first(channel, Outcome.UNKNOWN, level))
    return f"## {kind}\n\n{source}" + table(("code", "outcome", f"then ({level}, first try)"), [*rows, other])


def _of(channel: Channel) -> list[Outcome]:
    return [one for one in Outcome if one in OF_MEANS[MEANS[channel]] or one is Outcome.UNKNOWN]


def _first(channel: Channel, outcome: Outcome | None, level: Risk) -> str:
    return "more news is awaited" if outcome is None else _told(_ruled(channel, outcome, level, 1))


def _next(channel: Channel, outcome: Outcome, risk: Risk) -> str:
    if channel is Channel.CALL and load_policy("default").level(risk).robot is None:
        return "no robot calls"
    first, last = (_told(_ruled(channel, outcome, risk, tries)) for tries in (1, LAST))
    return first if first == last else f"{first}; at the last: {last}"


def _ruled(channel: Channel, outcome: Outcome, risk: Risk, tries: int) -> Ruling:
    promise = Promise(DispatchState.HANDED_OVER, channel, MEANS[channel], Target.SELF, risk, tries, tries)
    return judge(promise, News(outcome), level=load_policy("default").level(risk), now=NOON)


def _told(ruling: Ruling) -> str:
    follows = [told for effect in ruling.effects if (told := _effect(effect))]
    match ruling.event:
        case Event.FULFIL:
            first = "done"
        case Event.RETRY:
            pause = f" after {ruling.due_in_s:,.0f} s" if ruling.due_in_s else " at once"
            first = f"again{pause}" + (", not counted as a try" if ruling.forgiven else "")
        case Event.SPEND:
            first = "given up"
        case None:
            first = "nothing; its news deadline decides"
        case other:
            first = other.value
    return ", ".join((first, *follows))


def _effect(effect: Effect) -> str:
    match effect:
        case Contacted():
            return "the person was reached" + (" and has understood" if effect.acknowledged else "")
        case Escalate():
            return "one level up"
        case ProposeStop():
            return "a stop of the payment is proposed"
        case AddHuman():
            return "a person calls"
        case AddVisit():
            return "an officer goes"
        case AddRelative():
            return "a relative is called"
