"""What the doors need of the house: memory, intake, the bell, and the carriers' secrets. cli hands it in."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime

from dispatcher.bells import Ring
from dispatcher.intake import Intake
from dispatcher.store import Store


def utc_now() -> datetime:
    """The instant, in UTC."""
    return datetime.now(UTC)


@dataclass(frozen=True, slots=True)
class House:
    """Everything the doors use; `ring` is the port to the broker, `ready` says what is not (empty: all is)."""

    store: Store
    intake: Intake
    ring: Ring
    secrets: Mapping[str, str] = field(repr=False)
    ready: Callable[[], list[str]] = list
    now: Callable[[], datetime] = utc_now
