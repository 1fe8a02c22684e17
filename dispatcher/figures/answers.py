"""What every door answers, counted once: terminal, API, tables and report only put it differently.

summary()     each figure of the scope
by()          the same for each value of a dimension, and of the whole, which is no sum where persons are counted
latency()     response times, by a dimension
compared()    each figure beside a year earlier and the window just before
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from sqlalchemy import Connection

from dispatcher.alert import Fault
from dispatcher.figures.comparing import Beside, Comparison, compare
from dispatcher.figures.counting import count
from dispatcher.figures.dimensions import DIMENSIONS
from dispatcher.figures.filters import MOST_ROWS, Asked, FiltersWrong
from dispatcher.figures.lag import lag
from dispatcher.figures.naming import label
from dispatcher.figures.quantiles import all_quantiles
from dispatcher.figures.scope import Scope
from dispatcher.figures.table import Kpi, Quantiles
from dispatcher.figures.windows import Window

Told = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Head:
    """Of what and as of when. `lag_s`: how far the figures may be behind the rows, seconds, >= 0."""

    at: datetime
    lag_s: float
    scope: Scope
    window: Window | None

    def as_json(self) -> Told:
        """As the doors tell it; instants in UTC."""
        scope = self.scope
        return {
            "at": self.at.isoformat(),
            "lag_s": self.lag_s,
            "window": None if self.window is None else window_json(self.window),
            "scope": {
                "region": scope.region,
                "unit": scope.unit,
                "source": list(scope.sources),
                "type": list(scope.fraud_types),
                "actual_type": list(scope.actual_types),
                "level": list(scope.risks),
                "final_level": list(scope.final_risks),
                "channel": list(scope.channels),
                "test": scope.tests,
                "history": scope.history,
            },
        }


@dataclass(frozen=True, slots=True)
class Summary:
    """Each figure of the scope, in the order of the definitions."""

    head: Head
    figures: Mapping[str, Kpi]

    def as_json(self) -> Told:
        """As the doors tell it."""
        return self.head.as_json() | {"figures": cells_json(self.figures)}


@dataclass(frozen=True, slots=True)
class ByDimension:
    """The figures of each value, ascending, and of the whole scope."""

    head: Head
    dimension: str
    rows: Mapping[Any, Mapping[str, Kpi]]
    total: Mapping[str, Kpi]

    def as_json(self) -> Told:
        """As the doors tell it; a value that no alert tells is null."""
        return self.head.as_json() | {
            "dimension": self.dimension,
            "rows": [
                {"key": plain(key), "label": label(self.dimension, key), "figures": cells_json(cells)}
                for key, cells in self.rows.items()
            ],
            "total": cells_json(self.total),
        }


@dataclass(frozen=True, slots=True)
class Latency:
    """Response times by value of a dimension; `total` over the whole scope. A pair is absent where nobody was."""

    head: Head
    dimension: str
    rows: Mapping[str, Mapping[Any, Quantiles]]
    total: Mapping[str, Quantiles]

    def as_json(self) -> Told:
        """As the doors tell it, milliseconds."""
        return self.head.as_json() | {
            "dimension": self.dimension,
            "rows": [
                {"definition": what, "key": plain(key), "label": label(self.dimension, key), **quantiles_json(found)}
                for what, keys in self.rows.items()
                for key, found in keys.items()
            ],
            "total": [{"definition": what, **quantiles_json(found)} for what, found in self.total.items()],
        }


@dataclass(frozen=True, slots=True)
class Compared:
    """Each figure of three windows."""

    head: Head
    comparison: Comparison

    def as_json(self) -> Told:
        """As the doors tell it."""
        return self.head.as_json() | {
            "year_before": window_json(self.comparison.year),
            "just_before": window_json(self.comparison.before),
            "figures": [
                {"definition": name}
                | kpi_json(one.now)
                | {"year_before": _beside(one.year), "just_before": _beside(one.before)}
                for name, one in self.comparison.rows.items()
            ],
        }


def known_dimension(field: str, name: str) -> None:
    """Raises: FiltersWrong: there is no such dimension, told of this field."""
    if name not in DIMENSIONS:
        raise FiltersWrong([Fault(field, f"must be one of: {', '.join(DIMENSIONS)}")])


def summary(connection: Connection, asked: Asked, *, now: datetime) -> Summary:
    """Count what was asked for."""
    return Summary(head(connection, asked, now), count(connection, asked.scope, kpis=asked.kpis, now=now).whole)


def by(connection: Connection, asked: Asked, dimension: str, *, now: datetime) -> ByDimension:
    """Count it by a dimension. Raises: FiltersWrong: there is no such, or it would make too many rows."""
    known_dimension("by", dimension)
    _check_days(asked, dimension)
    table = count(connection, asked.scope, kpis=asked.kpis, by=(dimension,), now=now)
    check_rows(len(table.rows))
    total = count(connection, asked.scope, kpis=asked.kpis, now=now).whole
    return ByDimension(
        head(connection, asked, now), dimension, {key[0]: cells for key, cells in table.rows.items()}, total
    )


def latency(connection: Connection, asked: Asked, dimension: str, *, now: datetime) -> Latency:
    """Tell response times by a dimension. Raises: FiltersWrong: there is no such, or it would make too many rows."""
    known_dimension("by", dimension)
    _check_days(asked, dimension)
    each = all_quantiles(connection, asked.scope, by=(dimension,), now=now)
    rows = {what: {key[0]: one for key, one in found.items()} for what, found in each.items()}
    check_rows(sum(len(keys) for keys in rows.values()))
    whole = all_quantiles(connection, asked.scope, now=now)
    total = {what: found[()] for what, found in whole.items() if () in found}
    return Latency(head(connection, asked, now), dimension, rows, total)


def compared(connection: Connection, asked: Asked, *, now: datetime) -> Compared:
    """Count three windows. Raises: FiltersWrong: no window was given, so there is none before it."""
    if asked.window is None:
        raise FiltersWrong([Fault("from", "must be given, or a named window: all that ever was has no year before")])
    found = compare(connection, asked.scope, asked.window, asked.kpis, now=now)
    return Compared(head(connection, asked, now), found)


def _check_days(asked: Asked, dimension: str) -> None:
    """Before anything is counted: a day in each of the rows."""
    if dimension != "day":
        return
    if asked.window is None:
        raise FiltersWrong([Fault("from", "must be given where days are told apart, or a named window")])
    check_rows((asked.window.until - asked.window.since).days)


def check_rows(number: int) -> None:
    """Raises: FiltersWrong: more rows than an answer holds."""
    if number > MOST_ROWS:
        wanted = f"must be a shorter window: this one makes {number} rows, and at most {MOST_ROWS} are told"
        raise FiltersWrong([Fault("from", wanted)])


def head(connection: Connection, asked: Asked, now: datetime) -> Head:
    """Of what an answer tells, and how far it may be behind."""
    return Head(now, lag(connection, now).behind.total_seconds(), asked.scope, asked.window)


def scoped(asked: Asked, window: Window) -> Asked:
    """The same question of another window."""
    return replace(asked, window=window, scope=replace(asked.scope, since=window.since, until=window.until))


def window_json(window: Window) -> Told:
    """[from, to)."""
    return {"from": window.since.isoformat(), "to": window.until.isoformat()}


def kpi_json(kpi: Kpi) -> Told:
    """A figure with what it was made of."""
    return {"value": kpi.value, "numerator": kpi.numerator, "denominator": kpi.denominator}


def cells_json(cells: Mapping[str, Kpi]) -> list[Told]:
    """Figures under the ids of their definitions."""
    return [{"definition": name} | kpi_json(kpi) for name, kpi in cells.items()]


def quantiles_json(found: Quantiles) -> Told:
    """Milliseconds."""
    return {"p50_ms": found.p50, "p90_ms": found.p90, "p99_ms": found.p99, "count": found.count}


def plain(key: Any) -> str | int | None:
    """A key as JSON has it: a day as its date."""
    return key if key is None or isinstance(key, int) else str(key)


def _beside(one: Beside) -> Told:
    return kpi_json(one.kpi) | {"growth": one.change.growth, "points": one.change.points}
