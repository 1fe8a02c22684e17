"""What an audit reads of each table: plain values, nobody's number or name.

A person is the ledger's pseudonym: the loader opens the phone, salts and digests it, and lets it go.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any
from uuid import UUID


@dataclass(frozen=True, slots=True)
class Entry:
    """One line of the ledger; `facts` holds what its kind adds."""

    n: int
    at: datetime
    kind: str
    reference: str | None
    person: str | None
    facts: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Alert:
    """One alert; `counts`: no test, not withdrawn."""

    id: UUID
    case_id: UUID
    merged: bool
    counts: bool
    received_at: datetime
    occurred_at: datetime | None


@dataclass(frozen=True, slots=True)
class Case:
    """One case; `person` as in the ledger."""

    id: UUID
    person: str
    risk: str
    pushes: int
    second_warning: bool
    state: str
    close_code: str | None
    opened_at: datetime
    raised_at: datetime | None
    closed_at: datetime | None
    shares_case_id: UUID | None
    policy_digest: str


@dataclass(frozen=True, slots=True)
class Dispatch:
    """One promise; `person` is whom it reaches for: the case's, or a unit's duty phone."""

    id: UUID
    case_id: UUID
    person: str | None
    channel: str
    means: str
    target: str
    risk: str
    state: str
    reason: str | None
    planned_at: datetime
    signed_in_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Attempt:
    """One try."""

    id: UUID
    dispatch_id: UUID
    number: int
    reference: str
    answer: str | None
    code: str | None
    outcome: str | None
    outcome_code: str | None
    outcome_at: datetime | None


@dataclass(frozen=True, slots=True)
class Deadline:
    """One promise of time; `made_at` is when its row was made (its id tells)."""

    id: UUID
    case_id: UUID
    dispatch_id: UUID | None
    kind: str
    step: int
    due_at: datetime
    done_at: datetime | None
    void: bool
    late_on_arrival: bool

    @property
    def made_at(self) -> datetime:
        """UTC instant, to the millisecond: the first 48 bits of a UUIDv7."""
        return datetime.fromtimestamp((self.id.int >> 80) / 1000, UTC)


@dataclass(frozen=True, slots=True)
class Feedback:
    """One report as we keep it."""

    attempt_id: UUID
    received_at: datetime
    codes: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Event:
    """One line of a timeline."""

    case_id: UUID
    dispatch_id: UUID | None
    what: str
    to_state: str | None
    why: str | None
    at: datetime


@dataclass(frozen=True, slots=True)
class Level:
    """What the frozen policy of a case says of one level, as far as an audit must know."""

    human_start: str | None
    closes_itself_s: float | None
    follow_ups: int
    follow_up_share: float
    repeats_unsure_text: bool


@dataclass(frozen=True, slots=True)
class Rows:
    """One steady view of all tables. `receipts`: how often each (reference, code) was told to us.

    `policies`: digest -> level -> rule.
    """

    alerts: tuple[Alert, ...] = ()
    cases: tuple[Case, ...] = ()
    dispatches: tuple[Dispatch, ...] = ()
    attempts: tuple[Attempt, ...] = ()
    deadlines: tuple[Deadline, ...] = ()
    feedback: tuple[Feedback, ...] = ()
    events: tuple[Event, ...] = ()
    receipts: Mapping[tuple[str, str], int] = field(default_factory=dict)
    policies: Mapping[str, Mapping[str, Level]] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Line:
    """One line of the audit: what was compared, how many, where the two sides differ, what is merely worth showing."""

    check: str
    says: str
    count: int
    faults: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()

    @property
    def agrees(self) -> bool:
        """No fault was found."""
        return not self.faults
