"""A house whose clock goes by itself, for browsers that visit it."""

from __future__ import annotations

import sys
from datetime import UTC, datetime
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "web"))  # the doors' helpers are these tests' too

from doors import Doors


class House(Doors):
    """Doors whose clock goes by itself; `origin` is where browsers find them."""

    origin: str

    @property
    def now(self) -> datetime:  # type: ignore[override]  # there it is moved by hand
        """The instant."""
        return datetime.now(UTC)

    @now.setter
    def now(self, _: datetime) -> None:
        """It cannot be set."""
