"""A report's codes: read from a door, checked one by one and together, every fault at once.

The codes compose: who was spoken to, whether he was reached, the verdict, the dissuasion, the visit, the money.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Annotated, Any, Literal

from pydantic import AwareDatetime, BaseModel, BeforeValidator, ConfigDict, Field, ValidationError

from dispatcher.alert import Fault
from dispatcher.words import Channel, CloseCode, FraudType, Risk, Target


def _text_only(value: object) -> object:
    """An instant is told as text: a bare number could be seconds or milliseconds."""
    if not isinstance(value, str | datetime):
        raise ValueError("must be a text such as 2026-01-31T08:00:00+08:00")
    return value


Instant = Annotated[AwareDatetime, BeforeValidator(_text_only)]
OLDEST = timedelta(days=3660)
Money = Annotated[Decimal, Field(ge=0, max_digits=14, decimal_places=2)]

ON_SCENE = (
    "checked_calls_and_sms",
    "checked_chats",
    "checked_scam_app",
    "checked_large_transfers",
    "hung_up",
    "network_cut",
    "remote_control_app_removed",
    "card_locked",
    "ncac_app_installed",
    "family_told",
    "education_done",
)
AHEAD = timedelta(minutes=5)


class Report(BaseModel):
    """What an officer or caller reports of one try; instants carry an offset, money is yuan with two decimals."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    reference: str = Field(min_length=1, max_length=15, pattern=r"^[0-9A-Za-z]+$")
    happened_at: Instant
    target: Literal["self", "relative", "other"]
    reach: Literal["reached", "not_reached"]
    reason: (
        Literal[
            "no_answer",
            "busy",
            "rejected",
            "powered_off",
            "suspended",
            "empty_number",
            "blocked_us",
            "forwarded",
            "wrong_person",
        ]
        | None
    ) = None
    verdict: Literal["not_defrauded", "defrauded", "unknown"] | None = None
    dissuasion: Literal["self_aware", "timely", "refused", "not_needed"] | None = None
    visit: Literal["met", "invalid"] | None = None
    visit_reason: Literal["not_home", "address_wrong", "moved_away", "out_of_area", "refused_to_meet"] | None = None
    defrauded_yuan: Money | None = None
    dissuaded_yuan: Money | None = None
    stopped_yuan: Money | None = None
    fraud_time: Instant | None = None
    actual_risk: Risk | None = None
    actual_fraud_type: FraudType | None = None
    close: CloseCode | None = None
    submit: Literal["straight", "again"] = "straight"
    on_scene: list[Literal[ON_SCENE]] = Field(default_factory=list, max_length=len(ON_SCENE))  # type: ignore[valid-type]  # the tuple above is the list


def read_report(body: object, *, now: datetime) -> Report | list[Fault]:
    """A report, or every single fault of its fields."""
    try:
        report = Report.model_validate(body)
    except ValidationError as error:
        return [
            Fault(".".join(str(part) for part in fault["loc"]) or "$", fault["msg"])
            for fault in error.errors(include_url=False, include_input=False, include_context=False)
        ]
    faults = []
    for name, told in (("happened_at", report.happened_at), ("fraud_time", report.fraud_time)):
        if told is not None and told > now + AHEAD:
            faults.append(Fault(name, "must not lie in the future"))
        if told is not None and told < now - OLDEST:
            faults.append(Fault(name, "must not lie more than ten years back"))
    return faults or report


def disagreements(report: Report, channel: Channel, target: Target, *, may_close_unreachable: bool) -> list[Fault]:
    """Where the codes do not agree with one another or with the task; empty when they do."""
    told: Mapping[str, Any] = report.model_dump()
    faults: list[Fault] = []

    def must(holds: bool, field: str, message: str) -> None:
        if not holds:
            faults.append(Fault(field, message))

    reached = report.reach == "reached"
    visit_task = channel is Channel.VISIT
    must(reached or report.reason is not None, "reason", "must say why, when reach is not_reached")
    must(not reached or report.reason is None, "reason", "must be left out when reach is reached")
    for name in ("verdict", "dissuasion"):
        must(reached or told[name] is None, name, "must be left out when reach is not_reached")
    must(not reached or report.verdict is not None, "verdict", "is needed when reach is reached")
    if report.verdict == "defrauded":
        paid = report.defrauded_yuan is not None and report.defrauded_yuan > 0
        must(paid, "defrauded_yuan", "must be above 0 when the verdict is defrauded")
        must(report.fraud_time is not None, "fraud_time", "is needed when the verdict is defrauded")
    if report.dissuasion == "timely":
        saved = report.dissuaded_yuan is not None and report.dissuaded_yuan > 0
        must(
            saved or report.verdict == "not_defrauded", "dissuasion", "timely needs not_defrauded or dissuaded_yuan > 0"
        )
    must(visit_task == (report.visit is not None), "visit", "is needed for a visit, and only for a visit")
    if report.visit == "met":
        himself = report.target == "self" and reached
        must(himself, "visit", "met means the person himself: target self, reach reached")
    must(
        report.visit != "invalid" or report.visit_reason is not None, "visit_reason", "must say why a visit is invalid"
    )
    must(report.visit == "invalid" or report.visit_reason is None, "visit_reason", "belongs to an invalid visit only")
    if target is Target.RELATIVE:
        must(report.target != "self", "target", "this task is to reach a relative")
    if report.close is CloseCode.UNREACHABLE:
        must(may_close_unreachable, "close", "only a supervisor closes a case as unreachable")
    must(report.close is not CloseCode.AUTO_CLOSED, "close", "auto_closed is the machine's own code")
    return faults
