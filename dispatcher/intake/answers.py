"""What comes in, and how it is answered."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from uuid import UUID

from dispatcher.alert import Fault
from dispatcher.bells import Bell


class Status(StrEnum):
    """How an alert was answered."""

    ACCEPTED = "accepted"
    REPEATED = "repeated"
    AMENDED = "amended"
    WITHDRAWN = "withdrawn"
    REFUSED = "refused"


@dataclass(frozen=True, slots=True)
class Incoming:
    """One alert as it came: raw bytes, or a JSON value that a door has already taken apart.

    `faults`: what the door itself found wrong (a file's line that cannot be read); such an alert is refused.
    """

    raw: bytes | None = field(default=None, repr=False)
    value: object = field(default=None, repr=False)
    batch: str | None = None
    faults: tuple[Fault, ...] = ()


@dataclass(frozen=True, slots=True)
class Result:
    """The answer to one alert; `dead_letter` names where a refused one is kept."""

    status: Status
    source: str | None
    source_ref: str | None
    alert_id: UUID | None = None
    case_id: UUID | None = None
    merged: bool = False
    faults: tuple[Fault, ...] = ()
    dead_letter: UUID | None = None


@dataclass(frozen=True, slots=True)
class Accepted:
    """What a batch came to: one result for each alert, in order, and what may be rung now."""

    results: list[Result]
    bells: list[Bell]
