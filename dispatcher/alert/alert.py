"""An alert that was read and found right: what planning, keeping and counting work with."""

from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any

import orjson

from dispatcher.alert.faults import Fault
from dispatcher.alert.identity import area_of
from dispatcher.alert.message import Message, Signal, Suspect, Victim
from dispatcher.alert.rules import Rules
from dispatcher.words import FraudType, Risk

SCHEMA = 1
_NOT_IDENTIFYING = {"sex", "age_band"}


class RegionFrom(StrEnum):
    """What told the region: the alert itself, the identity number's area, or the deployment's own area."""

    GIVEN = "given"
    ID_NUMBER = "id_number"
    HOME = "home"


@dataclass(frozen=True, slots=True)
class Alert:
    """One alert, wholly right.

    Args:
        pushed_at: UTC instant; the instant of receipt when the upstream told none (`pushed_given` is False).
        occurred_at: UTC instant, or None when the upstream does not know.
        region: a code of today, always; `region_from` says what told it.
        warnings: what is odd but no reason to refuse.
    """

    source: str
    source_ref: str
    batch: str | None
    risk: Risk
    fraud_type: FraudType
    occurred_at: datetime | None
    pushed_at: datetime
    pushed_given: bool
    region: str
    region_from: RegionFrom
    test: bool
    revision: int
    victim: Victim = field(repr=False)
    suspect: Suspect | None = field(repr=False)
    signal: Signal | None
    warnings: tuple[Fault, ...]

    @property
    def phone(self) -> str:
        """The person, in E.164."""
        return self.victim.phone

    def canonical(self) -> bytes:
        """The meaning as bytes, the same for every notation of it; what the body's hash is taken of.

        Left out: `batch`, `revision`, what was absent, and all that we added (receipt, a region that was not given).
        """
        told: dict[str, Any] = {
            "schema": SCHEMA,
            "source": self.source,
            "source_ref": self.source_ref,
            "risk": self.risk.value,
            "fraud_type": self.fraud_type.value,
            "test": self.test,
            "victim": _present(self.victim),
        }
        if self.occurred_at is not None:
            told["occurred_at"] = self.occurred_at.isoformat()
        if self.pushed_given:
            told["pushed_at"] = self.pushed_at.isoformat()
        if self.region_from is RegionFrom.GIVEN:
            told["region"] = self.region
        for name, group in (("suspect", self.suspect), ("signal", self.signal)):
            if group is not None and (present := _present(group)):
                told[name] = present
        return orjson.dumps(told, default=str, option=orjson.OPT_SORT_KEYS)

    def personal(self) -> dict[str, dict[str, Any]]:
        """All that has to be encrypted, ready for JSON: `victim` without sex and age band, and `suspect`.

        Absent fields and an empty `suspect` are left out; `victim.phone` is always there.
        """
        victim = {name: value for name, value in _present(self.victim).items() if name not in _NOT_IDENTIFYING}
        suspect = _present(self.suspect) if self.suspect is not None else {}
        return {"victim": victim, "suspect": suspect} if suspect else {"victim": victim}

    def personal_json(self) -> bytes:
        """The same as JSON, to be sealed."""
        return orjson.dumps(self.personal(), default=str, option=orjson.OPT_PASSTHROUGH_DATETIME)


@dataclass(frozen=True, slots=True)
class Withdrawal:
    """An alert is taken back by who gave it; `reason` is the upstream's own, or None."""

    source: str
    source_ref: str
    reason: str | None


def understood(message: Message, *, now: datetime, rules: Rules) -> Alert:
    """The alert that a message means when it comes in `now`: its times and its region made certain."""
    region, region_from, warnings = _region_of(message, rules)
    return Alert(
        source=message.source,
        source_ref=message.source_ref,
        batch=message.batch,
        risk=message.risk,
        fraud_type=message.fraud_type,
        occurred_at=message.occurred_at,
        pushed_at=message.pushed_at or now,
        pushed_given=message.pushed_at is not None,
        region=region,
        region_from=region_from,
        test=message.test,
        revision=message.revision,
        victim=message.victim,
        suspect=message.suspect,
        signal=message.signal,
        warnings=warnings,
    )


def _region_of(message: Message, rules: Rules) -> tuple[str, RegionFrom, tuple[Fault, ...]]:
    """Given > registered residence (the identity number's area) > the upstream's own area."""
    number = message.victim.id_number
    registered = rules.regions.current(area_of(number)) if number else None
    warnings: tuple[Fault, ...] = ()
    if number and registered is None:
        warnings = (Fault("victim.id_number", "begins with an area code that is not known here"),)
    if message.region is not None:
        return message.region, RegionFrom.GIVEN, warnings
    if registered is not None:
        return registered, RegionFrom.ID_NUMBER, warnings
    return rules.home_region, RegionFrom.HOME, warnings


def _present(group: Victim | Suspect | Signal) -> dict[str, Any]:
    return {name: value for name, value in group.__dict__.items() if value is not None and value != []}
