"""Which waiting dispatches an operator means."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import exists, func, not_, or_, select
from sqlalchemy.sql.expression import ColumnElement

from dispatcher import tables
from dispatcher.alert import Fault
from dispatcher.alert.faults import safe_name
from dispatcher.subtree import region_bounds
from dispatcher.words import Channel, DispatchState, Risk, Target

Condition = ColumnElement[bool]

FIELDS = ("source", "batch", "risk", "channel", "region", "since", "until", "case", "hold")
WANTED = {
    "source": "must be the name of an upstream, as text",
    "batch": "must be the name of an upstream's batch, as text",
    "risk": f"must be a list of levels: {', '.join(Risk)}",
    "channel": f"must be a list of channels: {', '.join(Channel)}",
    "region": "must be the first 2, 4 or all 6 digits of a GB/T 2260 code, as text",
    "since": "must be an instant with its offset from UTC, such as 2026-01-31T03:00:00+08:00",
    "until": "must be an instant with its offset from UTC, such as 2026-01-31T03:00:00+08:00",
    "case": "must be the id of a case",
    "hold": "must be the id of a hold or a brake",
}


class FilterWrong(ValueError):
    """A filter that cannot be read; `faults` names every field."""

    def __init__(self, faults: Collection[Fault]) -> None:
        super().__init__("\n".join(f"{fault.field}: {fault.message}" for fault in faults))
        self.faults = list(faults)


@dataclass(frozen=True, slots=True)
class Filter:
    """All that is given must hold. `since` <= an alert's receipt < `until`; `hold`: what that one holds.

    `source`, `batch`, `since`, `until` speak of alerts: a dispatch is meant when such an alert speaks of its case and
    none but such does, so that whoever is named by another upstream as well goes on being warned.
    """

    source: str | None = None
    batch: str | None = None
    risk: tuple[str, ...] = ()
    channel: tuple[str, ...] = ()
    region: str | None = None
    since: datetime | None = None
    until: datetime | None = None
    case: UUID | None = None
    hold: UUID | None = None

    @property
    def is_empty(self) -> bool:
        """Nothing is given: every waiting dispatch would be meant."""
        return not self.as_json()

    def as_json(self) -> dict[str, Any]:
        """What is given, for JSON and people."""
        told: dict[str, Any] = {}
        for name in FIELDS:
            value = getattr(self, name)
            if value not in (None, ()):
                is_list = isinstance(value, tuple)
                told[name] = (
                    list(value) if is_list else value.isoformat() if isinstance(value, datetime) else str(value)
                )
        return told

    def conditions(self) -> list[Condition]:
        """On `dispatches` alone: waiting, meant by this filter, and no notice to a duty phone."""
        dispatch, case = tables.dispatches.c, tables.cases
        found: list[Condition] = [dispatch.state == DispatchState.WAITING, dispatch.target != Target.DUTY]
        if self.risk:
            found.append(dispatch.risk.in_(self.risk))
        if self.channel:
            found.append(dispatch.channel.in_(self.channel))
        if self.case is not None:
            found.append(dispatch.case_id == self.case)
        if self.hold is not None:
            found.append(dispatch.held_by == self.hold)
        if self.region is not None:
            low, high = region_bounds(self.region.ljust(6, "0"))
            here = select(case.c.id).where(case.c.id == dispatch.case_id, case.c.region >= low, case.c.region < high)
            found.append(here.exists())
        return found + self._by_alerts()

    def _by_alerts(self) -> list[Condition]:
        alert, dispatch, case = tables.alerts, tables.dispatches.c, tables.cases
        such: list[Condition] = []
        if self.source is not None:
            such.append(alert.c.source == self.source)
        if self.batch is not None:
            such.append(func.coalesce(alert.c.batch, "") == self.batch)  # an alert of no batch is of another one
        if self.since is not None:
            such.append(alert.c.received_at >= self.since)
        if self.until is not None:
            such.append(alert.c.received_at < self.until)
        if not such:
            return []
        # a linked case of another type is served by this one's call and visit
        linked = select(case.c.id).where(case.c.shares_case_id == dispatch.case_id, case.c.state == "open")
        served = or_(alert.c.case_id == dispatch.case_id, alert.c.case_id.in_(linked))
        other = or_(*(not_(condition) for condition in such))
        live = alert.c.withdrawn_at.is_(None)
        return [
            exists().where(alert.c.case_id == dispatch.case_id, live, *such),
            not_(exists().where(served, live, other)),
        ]


def read_filter(value: object) -> Filter:
    """The filter that a JSON object means. Raises: FilterWrong: every field that is not right."""
    if not isinstance(value, Mapping):
        raise FilterWrong([Fault("filter", "must be an object; its fields are " + ", ".join(FIELDS))])
    read: dict[str, Any] = {}
    faults = [
        Fault(f"filter.{safe_name(name)}", "is no field of a filter; those are " + ", ".join(FIELDS))
        for name in value
        if name not in FIELDS
    ]
    for name in FIELDS:
        if (given := value.get(name)) is None:
            continue
        try:
            read[name] = _read(name, given)
        except (ValueError, TypeError):
            faults.append(Fault(f"filter.{name}", WANTED[name]))
    if faults:
        raise FilterWrong(faults)
    return Filter(**read)


def _read(name: str, given: Any) -> Any:
    match name:
        case "risk":
            return tuple(Risk(one).value for one in _several(given))
        case "channel":
            return tuple(Channel(one).value for one in _several(given))
        case "since" | "until":
            when = datetime.fromisoformat(_text(given))
            if when.tzinfo is None:
                raise ValueError(name)
            return when.astimezone(UTC)
        case "case" | "hold":
            return UUID(_text(given))
        case "region":
            if not (_text(given).isascii() and given.isdigit() and len(given) in (2, 4, 6)):
                raise ValueError(name)
            return given
        case _:
            if not 0 < len(_text(given)) <= 128 or not given.isprintable():
                raise ValueError(name)
            return given


def _several(given: Any) -> list[Any]:
    return [given] if isinstance(given, str) else list(given)


def _text(given: Any) -> str:
    if not isinstance(given, str):
        raise TypeError
    return given
