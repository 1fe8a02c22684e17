"""Figures of a scope: which, by what, as of when; each with its numerator and denominator."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime
from functools import cache
from typing import Any

from sqlalchemy import Connection, FromClause, select

from config.regions import Regions
from dispatcher import tables
from dispatcher.figures.definitions import DEFINITIONS, Definition
from dispatcher.figures.dimensions import REGIONS, check_dimensions, read_key
from dispatcher.figures.facts import facts
from dispatcher.figures.parts import Nothing, Part, Residents
from dispatcher.figures.scope import Scope, aliases
from dispatcher.figures.sums import count_parts
from dispatcher.figures.table import Key, Kpi, Table


def count(
    connection: Connection,
    scope: Scope,
    *,
    kpis: Iterable[str] = tuple(DEFINITIONS),
    by: Sequence[str] = (),
    now: datetime,
) -> Table:
    """The figures `kpis` of `scope`, a row for each value of the dimensions `by`.

    Raises: ValueError: a figure or dimension is not known.
    """
    wanted = definitions_of(kpis)
    check_dimensions(by)
    source = source_of(scope, now=now)
    parts = [part for one in wanted for part in (one.numerator, one.denominator)]
    found = count_parts(connection, source, scope.on(source), parts, by)
    if not by:
        found.setdefault((), {})
    rows = {read_key(by, key): _cells(wanted, key, found[key], scope, by) for key in sorted(found, key=_order)}
    return Table(now, tuple(by), rows)


def source_of(scope: Scope, *, now: datetime) -> FromClause:
    """The facts among which a scope's are."""
    alert, case = tables.alerts, tables.cases
    heard = select(alert.c.phone_index).where(alert.c.is_test.is_(scope.tests))
    if scope.since is not None:
        heard = heard.where(alert.c.received_at >= scope.since)
    if scope.until is not None:
        heard = heard.where(alert.c.received_at < scope.until)
    return facts(select(case.c.id).where(case.c.phone_index.in_(heard)), now=now).subquery("facts")


def definitions_of(kpis: Iterable[str]) -> list[Definition]:
    """Raises: ValueError: a figure is not known."""
    names = list(kpis)
    unknown = [name for name in names if name not in DEFINITIONS]
    if unknown:
        raise ValueError(f"kpis must name figures of: {', '.join(DEFINITIONS)}; not {', '.join(unknown)}")
    return [DEFINITIONS[name] for name in names]


def _order(key: Key) -> tuple[Any, ...]:
    return tuple((value is not None, value if value is not None else 0) for value in key)


def _cells(
    wanted: Iterable[Definition], key: Key, cells: dict[Part, int], scope: Scope, by: Sequence[str]
) -> dict[str, Kpi]:
    def part(one: Part) -> int:
        if isinstance(one, Residents):
            return _residents(key, scope, by)
        return 0 if isinstance(one, Nothing) else cells.get(one, 0)

    return {one.id: _kpi(one, part(one.numerator), part(one.denominator)) for one in wanted}


def _kpi(definition: Definition, numerator: int, denominator: int) -> Kpi:
    if definition.kind == "count":
        return Kpi(numerator, numerator, denominator)
    if definition.kind == "yuan":
        return Kpi(numerator / 100, numerator, denominator)
    if denominator == 0:
        return Kpi(None, numerator, 0)
    factor = 100_000 if definition.kind == "per_100k" else 1
    return Kpi(numerator * factor / denominator, numerator, denominator)


def _residents(key: Key, scope: Scope, by: Sequence[str]) -> int:
    """Of the row's region where one is asked for, else of the scope's, else of all provinces; 0 for a county."""
    told = [value for name, value in zip(by, key, strict=True) if name in REGIONS]
    code = told[0] if told else scope.region
    regions = _regions()
    if code is None:
        return sum(regions.population[one] for one, row in regions.rows.items() if row.level == "province")
    code = aliases().get(code, code)
    row = regions.rows.get(code)
    return regions.population[code] if row is not None and row.level != "county" else 0


@cache
def _regions() -> Regions:
    return Regions.load()
