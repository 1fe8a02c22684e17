"""What the doors count, through a port that cli fills: where to is not their business."""

from __future__ import annotations

from typing import Protocol

from dispatcher.measures import Measure


class Meters(Protocol):
    """Counts of all processes of this host; counting never raises."""

    def add(self, measure: Measure, labels: tuple[str, ...] = (), amount: float = 1) -> None:
        """Count up."""
        ...

    def observe(self, measure: Measure, labels: tuple[str, ...], values: list[float]) -> None:
        """Sort values into buckets."""
        ...

    def text(self) -> bytes:
        """Everything counted so far, as Prometheus reads it."""
        ...


class Uncounted:
    """Counts nothing; for tests and whoever needs no figures."""

    def add(self, measure: Measure, labels: tuple[str, ...] = (), amount: float = 1) -> None:
        """Nothing."""

    def observe(self, measure: Measure, labels: tuple[str, ...], values: list[float]) -> None:
        """Nothing."""

    def text(self) -> bytes:
        """Nothing."""
        return b""
