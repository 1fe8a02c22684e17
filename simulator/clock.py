"""The hour of the town: UTC, read in one place, so that whatever needs it can be handed another."""

from collections.abc import Callable
from datetime import UTC, datetime
from typing import TypeAlias

Clock: TypeAlias = Callable[[], datetime]
"""Tells the present UTC instant."""


def utc_now() -> datetime:
    """The present UTC instant of this machine."""
    return datetime.now(UTC)


def iso(at: datetime) -> str:
    """An instant as the wire and the ledger spell it: ISO 8601 with microseconds and offset."""
    return at.isoformat(timespec="microseconds")


def read_iso(text: str) -> datetime:
    """The instant that `text` spells; one without an offset is taken as UTC.

    Raises: ValueError: not an ISO 8601 instant.
    """
    at = datetime.fromisoformat(text)
    return at if at.tzinfo else at.replace(tzinfo=UTC)
