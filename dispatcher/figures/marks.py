"""What can be true of a case, one bit each; a person has every mark that one of his cases has."""

from __future__ import annotations

from enum import IntFlag, auto


class Mark(IntFlag):
    """Bits of `figures_alerts.marks`. Their order is kept in the database: add at the end only."""

    PERSON = auto()
    """There is a case: everybody has it."""
    CALLED = auto()
    ANSWERED = auto()
    VISIT_ASKED = auto()
    MET = auto()
    REACHED = auto()
    MET_RIPE = auto()
    MET_ON_TIME = auto()
    CONTACT_RIPE = auto()
    CONTACT_MISSED = auto()
    SAFE = auto()
    """Not defrauded, dissuaded in time or aware."""
    REACHED_RIPE = auto()
    """Reached, and the wait for a later loss is over."""
    KEPT = auto()
    """Safe and reached, the wait is over, and no loss came."""
    SMS_RIPE = auto()
    """Warned by text alone, and the wait is over; the next two: by a call, at a meeting."""
    CALL_RIPE = auto()
    MEETING_RIPE = auto()
    LOST = auto()
    """The person's first loss came after this first warning, within the wait; the next three: by the last contact."""
    SMS_LOST = auto()
    CALL_LOST = auto()
    MEETING_LOST = auto()
    JUDGED = auto()
    """The verdict is determined."""
    ACCURATE = auto()
    KEPT_HERE = auto()
    """Safe and reached, both in this case."""
    PUSH_KNOWN = auto()
    PUSH_ON_TIME = auto()
    HAS_SMS = auto()
    HAS_CALL = auto()
    HAS_VISIT = auto()
    CLOSED = auto()
    UNREACHABLE = auto()
    """Closed as not to be found, or open and not found so far."""
    RIPE = auto()
    """Warned, and the wait for a later loss is over."""
    HAS_LOSS = auto()
    HAS_SAVED = auto()
    HAS_STOPPED = auto()
    """Money that was lost, saved, stopped is known of the case."""
