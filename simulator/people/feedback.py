"""What a caller or an officer writes down: codes that agree with each other, money with two decimals."""

from datetime import datetime, timedelta
from typing import Any

from simulator.clock import iso
from simulator.town import Spoken

REASON_AT_THE_DOOR = {"refused_to_meet": "rejected"}


def of_call(reference: str, outcome: str, spoken: Spoken | None, *, target: str, at: datetime) -> dict[str, Any]:
    """A caller's report. `outcome` is `reached` (then `spoken` is given) or the reason."""
    return {
        **_blank(reference, at),
        "target": target,
        **(_learned(spoken, at) if spoken else {"reach": "not_reached", "reason": outcome}),
    }


def of_visit(reference: str, outcome: str, spoken: Spoken | None, *, at: datetime) -> dict[str, Any]:
    """An officer's report. `outcome` is `met` (then `spoken` is given) or the reason of an invalid visit."""
    report = {**_blank(reference, at), "target": "self"}
    if spoken:
        return {**report, **_learned(spoken, at), "visit": "met"}
    reason = REASON_AT_THE_DOOR.get(outcome, "no_answer")
    return {
        **report,
        "reach": "not_reached",
        "reason": reason,
        "visit": "invalid",
        "visit_reason": outcome,
    }


def _blank(reference: str, at: datetime) -> dict[str, Any]:
    return {
        "reference": reference,
        "happened_at": iso(at),
        "target": None,
        "reach": None,
        "reason": None,
        "verdict": None,
        "dissuasion": None,
        "visit": None,
        "visit_reason": None,
        "defrauded_yuan": None,
        "dissuaded_yuan": None,
        "stopped_yuan": None,
        "fraud_time": None,
        "actual_risk": None,
        "actual_fraud_type": None,
        "close": None,
        "submit": "straight",
        "on_scene": [],
    }


def _learned(spoken: Spoken, at: datetime) -> dict[str, Any]:
    paid = spoken.fraud_ago_s is not None
    return {
        "reach": "reached",
        "verdict": spoken.verdict,
        "dissuasion": spoken.dissuasion,
        "defrauded_yuan": spoken.defrauded_yuan,
        "dissuaded_yuan": spoken.dissuaded_yuan,
        "stopped_yuan": spoken.stopped_yuan,
        "fraud_time": iso(at - timedelta(seconds=spoken.fraud_ago_s or 0)) if paid else None,
    }
