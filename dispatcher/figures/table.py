"""How figures are told: rows by what was asked for, each cell with what it was made of."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

Key = tuple[Any, ...]
"""One value for each dimension asked for, in their order; None where an alert does not tell it."""


@dataclass(frozen=True, slots=True)
class Kpi:
    """A figure with what it was made of. `value` is None when the denominator of a share or rate is 0."""

    value: float | None
    numerator: int
    denominator: int


@dataclass(frozen=True, slots=True)
class Table:
    """One row per key with at least one alert, ascending; without dimensions one row, keyed ().

    `at`: the instant as of which promises were judged due. Persons in the rows do not add up to the persons of a
    smaller table: ask for that.
    """

    at: datetime
    by: tuple[str, ...]
    rows: Mapping[Key, Mapping[str, Kpi]]

    @property
    def whole(self) -> Mapping[str, Kpi]:
        """The only row of a table without dimensions. Raises: KeyError: it has dimensions."""
        return self.rows[()]


@dataclass(frozen=True, slots=True)
class Quantiles:
    """Milliseconds within which half, nine in ten, and 99 in 100 were answered, of `count`; None where none was."""

    p50: int | None
    p90: int | None
    p99: int | None
    count: int


@dataclass(frozen=True, slots=True)
class Behind:
    """One of those that a part of a figure counted. `item` is of the list's unit; `case_id` is where to look."""

    item: str
    case_id: str
