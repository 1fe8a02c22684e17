"""A table as an office prints it: title, period, unit of count, a head of two lines, rows, a total, notes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

Kind = Literal["text", "count", "share", "yuan", "per_100k", "growth", "points", "seconds", "sentence"]


@dataclass(frozen=True, slots=True)
class Cell:
    """A value and how it is written; None is a dash."""

    value: Any
    kind: Kind


@dataclass(frozen=True, slots=True)
class Column:
    """A column; neighbours of one `group` stand under one merged head."""

    title: str
    width: float = 11
    group: str | None = None


@dataclass(frozen=True, slots=True)
class Sheet:
    """One sheet. `name`: its tab, at most 31 letters."""

    name: str
    title: str
    period: str
    unit: str
    columns: Sequence[Column]
    rows: Sequence[Sequence[Cell]]
    total: Sequence[Cell] | None = None
    notes: Sequence[str] = field(default=())
