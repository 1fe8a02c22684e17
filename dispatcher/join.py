"""Which case an alert belongs to: rule 7 as one pure function.

an open case of the person and type, of any age     -> joins it
one closed as dissuaded less than a day ago         -> joins it (reopens it if it brings a new channel)
one closed as dissuaded up to three days ago        -> reopens it as a second warning
another type while a case is open                   -> a linked case that shares its call and visit
anything else                                       -> a new case, linked to the old
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from config.policy import Joining
from dispatcher.words import CloseCode


@dataclass(frozen=True, slots=True)
class Known:
    """A case of the person, as far as joining needs it."""

    id: UUID
    fraud_type: str
    state: str
    opened_at: datetime
    close_code: str | None
    closed_at: datetime | None
    shares_case_id: UUID | None


@dataclass(frozen=True, slots=True)
class Join:
    """The alert joins `case`; `second_warning` when that case is reopened for it."""

    case: UUID
    second_warning: bool = False


@dataclass(frozen=True, slots=True)
class Open:
    """The alert opens a case: after `previous`, sharing call and visit with `shares`."""

    previous: UUID | None = None
    shares: UUID | None = None


def join(fraud_type: str, cases: Sequence[Known], *, rules: Joining, now: datetime) -> Join | Open:
    """Where an alert of `fraud_type` belongs among all `cases` of the same person (any order)."""
    same = sorted((case for case in cases if case.fraud_type == fraud_type), key=lambda case: case.opened_at)
    for case in same:
        if case.state == "open":
            return Join(case.id)
    for case in reversed(same):
        if case.close_code == CloseCode.DISSUADED and case.closed_at is not None:
            age_s = (now - case.closed_at).total_seconds()
            if age_s < rules.dissuaded_takes_s:
                return Join(case.id)
            if age_s <= rules.second_warning_s:
                return Join(case.id, second_warning=True)
    others = [case for case in cases if case.state == "open" and case.fraud_type != fraud_type]
    leading = sorted((case for case in others if case.shares_case_id is None), key=lambda case: case.opened_at)
    return Open(previous=same[-1].id if same else None, shares=leading[0].id if leading else None)
