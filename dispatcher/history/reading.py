"""One line of history: an alert of schema v1, judged at the instant at which it came, and what came of it then."""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Annotated, Any, Literal

import orjson
from pydantic import AwareDatetime, BaseModel, BeforeValidator, ConfigDict, Field, ValidationError, model_validator

from dispatcher.alert import Alert, Fault, Refused, Rules, Withdrawal, check
from dispatcher.outcomes import OF_MEANS
from dispatcher.words import Channel, CloseCode, Means, Outcome

MEANS = {Channel.SMS: Means.CARRIER, Channel.CALL: Means.HUMAN, Channel.VISIT: Means.OFFICER}
"""By what a channel's warning was given, where the line does not say."""

POSSIBLE = {
    Means.CARRIER: OF_MEANS[Means.CARRIER] | {Outcome.UNKNOWN},
    Means.ROBOT: OF_MEANS[Means.ROBOT] | {Outcome.UNKNOWN},
    Means.HUMAN: frozenset({Outcome.REACHED, Outcome.REFUSED_ADVICE, Outcome.NOT_REACHED, Outcome.UNKNOWN}),
    Means.OFFICER: frozenset({Outcome.MET, Outcome.VISIT_INVALID, Outcome.UNKNOWN}),
}
"""What each means can come to."""


def _text_only(value: object) -> object:
    if not isinstance(value, str):
        raise ValueError("must be a text such as 2022-01-31T08:00:00+08:00")
    return value


Instant = Annotated[AwareDatetime, BeforeValidator(_text_only)]


class PastDispatch(BaseModel):
    """One text, call or visit of then, and what it came to."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    channel: Channel
    means: Means | None = None
    outcome: Outcome
    at: Instant

    @model_validator(mode="after")
    def _means_fit_the_channel(self) -> PastDispatch:
        fitting = {Channel.CALL: (Means.ROBOT, Means.HUMAN)}.get(self.channel, (MEANS[self.channel],))
        if self.means is not None and self.means not in fitting:
            raise ValueError(f"means of a {self.channel} must be {' or '.join(fitting)}")
        possible = POSSIBLE[self.means or MEANS[self.channel]]
        if self.outcome not in possible:
            raise ValueError(f"outcome of a {self.channel} must be one of {', '.join(sorted(possible))}")
        return self


class Told(BaseModel):
    """What stands under `history`. `closed_at` is needed only where it was not the day of the alert."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    received_at: Instant | None = None
    closed_at: Instant | None = None
    close_code: CloseCode = CloseCode.AUTO_CLOSED
    contacted_at: Instant | None = None
    contacted_by: Literal["robot", "human", "officer"] | None = None
    verdict: Literal["not_defrauded", "defrauded", "unknown"] | None = None
    dissuasion: Literal["self_aware", "timely", "refused", "not_needed"] | None = None
    dispatches: list[PastDispatch] = Field(default_factory=list, max_length=50)

    @model_validator(mode="after")
    def _agrees(self) -> Told:
        if (self.contacted_at is None) != (self.contacted_by is None):
            raise ValueError("contacted_at and contacted_by come together, or neither")
        if self.close_code is CloseCode.TEMP_UNREACHABLE:
            raise ValueError("close_code must be a code of a closed case: history has no open ones")
        return self


@dataclass(frozen=True, slots=True)
class Past:
    """An alert of then. `received_at` and `closed_at` are UTC instants."""

    alert: Alert
    received_at: datetime
    closed_at: datetime
    told: Told

    @property
    def name(self) -> tuple[str, str]:
        """Its source, and its reference there."""
        return self.alert.source, self.alert.source_ref


def name_of(raw: bytes) -> tuple[str, str] | None:
    """The source and reference that a line tells, without a judgement of it; None where it tells none."""
    try:
        value = orjson.loads(raw)
    except ValueError:
        return None
    found = (value.get("source"), value.get("source_ref")) if isinstance(value, dict) else ()
    match found:
        case (str() as source, str() as reference):
            return source, reference
    return None


def read_past(raw: bytes, *, now: datetime, rules: Rules) -> Past | Refused:
    """One line of JSON; every fault at once. Never raises for what it was given.

    The alert is judged as if it came in at its `history.received_at`, or else at its `pushed_at`.
    """
    try:
        value = json.loads(raw)
    except (ValueError, RecursionError):
        return Refused((Fault("$", "must be one line of JSON"),), None, None)
    if not isinstance(value, dict):
        return Refused((Fault("$", "must be one alert, an object"),), None, None)
    faults: list[Fault] = []
    told: Told | None = None
    try:
        told = Told.model_validate(value.pop("history", {}))
    except ValidationError as error:
        faults = [
            Fault(".".join(("history", *map(str, fault["loc"]))), fault["msg"])
            for fault in error.errors(include_url=False, include_input=False, include_context=False)
        ]
    came = told.received_at if told is not None else None
    received_at = came or _instant(value.get("pushed_at"))
    if received_at is None or received_at > now:
        faults.append(Fault("history.received_at", "is needed (or pushed_at), and must not lie in the future"))
    alert = check(value, now=received_at or now, rules=rules)
    if isinstance(alert, Withdrawal):
        return Refused((*faults, Fault("withdraw", "history takes nothing back")), alert.source, alert.source_ref)
    if isinstance(alert, Refused):
        return Refused((*faults, *alert.faults), alert.source, alert.source_ref)
    if faults or told is None or received_at is None:
        return Refused(tuple(faults), alert.source, alert.source_ref)
    received_at = received_at.astimezone(UTC)
    closed_at = (told.closed_at or received_at).astimezone(UTC)
    if not received_at <= closed_at <= now:
        wrong = Fault("history.closed_at", "must not lie before it came, or in the future")
        return Refused((wrong,), alert.source, alert.source_ref)
    return Past(alert, received_at, closed_at, told)


def _instant(value: Any) -> datetime | None:
    try:
        found = datetime.fromisoformat(value) if isinstance(value, str) else None
    except ValueError:
        return None
    return found if found is not None and found.tzinfo is not None else None
