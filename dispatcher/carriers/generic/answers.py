"""How a request to a described gateway ended, and what a try that was asked for has come to."""

from __future__ import annotations

from typing import NamedTuple

from config.carriers.generic import Answer as Rule
from config.carriers.generic import Asked
from dispatcher.carriers.generic.places import Message, word_at
from dispatcher.happenings import Answered
from dispatcher.words import Answer, Outcome

BUSY_STATUS = (429, 503)
NOT_TAKEN = range(400, 500)
MOST_PAUSE_S = 3_600.0


class Traced(NamedTuple):
    """A try that was asked for: whether it was ever had, what it is called there, its code."""

    found: bool
    carrier_ref: str | None
    code: str | None


def read_answer(rule: Rule, status: int, message: Message, *, ask_in_s: float | None) -> Answered:
    """One of the three endings. A code that no list has ends a 2xx unsure, and is kept."""
    code = word_at(rule.code, message)
    kept = code or f"http_{status}"
    unsure = Answered(Answer.UNSURE, code=kept, ask_in_s=ask_in_s)
    if code in rule.refused:
        return Answered(Answer.REFUSED, Outcome(rule.refused[code]), code=kept)
    if code in rule.busy:
        return Answered(Answer.BUSY, code=kept, retry_after_s=_pause_s(rule, message))
    if code in rule.unsure:
        return unsure
    meant = rule.statuses.get(str(status)) or _usual(rule, status)
    match meant:
        case "busy":
            return Answered(Answer.BUSY, code=kept, retry_after_s=_pause_s(rule, message))
        case "unsure":
            return unsure
        case "accepted":
            carrier_ref = word_at(rule.id, message)
            if (rule.accepted and code not in rule.accepted) or (rule.id is not None and carrier_ref is None):
                return unsure if code else Answered(Answer.UNSURE, code="unreadable_answer", ask_in_s=ask_in_s)
            return Answered(Answer.ACCEPTED, carrier_ref=carrier_ref)
    return Answered(Answer.REFUSED, Outcome(meant), code=kept)


def read_traced(rule: Asked, status: int, message: Message) -> Traced | None:
    """What a gateway has of a try; None when it told nothing that is plain."""
    if status in rule.never:
        return Traced(False, None, None)
    said = word_at(rule.found, message) if 200 <= status < 300 else None
    if said in rule.no:
        return Traced(False, None, None)
    if said not in rule.yes:
        return None
    return Traced(True, word_at(rule.carrier_ref, message), word_at(rule.code, message))


def _usual(rule: Rule, status: int) -> str:
    if status in BUSY_STATUS:
        return "busy"
    if status in NOT_TAKEN and status != 408:
        return Outcome.OUR_FAULT
    # where only certain statuses say that it was taken, no other does
    by_status_alone = rule.id is None and not rule.accepted
    return "accepted" if 200 <= status < 300 and not by_status_alone else "unsure"


def _pause_s(rule: Rule, message: Message) -> float | None:
    told = word_at(rule.retry_after, message) or message.headers.get("retry-after", "")
    try:
        pause_s = float(told)
    except ValueError:
        return None
    return min(max(0.0, pause_s), MOST_PAUSE_S) if pause_s == pause_s else None
