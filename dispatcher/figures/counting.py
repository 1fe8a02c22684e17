"""Figures of a scope: which, by what, as of when; each with its numerator and denominator."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime
from functools import cache
from typing import Any
from uuid import UUID

from sqlalchemy import Connection, FromClause, select, text, union_all

from config.regions import Regions
from dispatcher import tables
from dispatcher.bulk import among
from dispatcher.figures.cells import in_cells
from dispatcher.figures.definitions import DEFINITIONS, Definition
from dispatcher.figures.dimensions import REGIONS, check_dimensions, read_key
from dispatcher.figures.facts import COLUMNS, facts
from dispatcher.figures.folding import ripe, these, touched_since, whole_people
from dispatcher.figures.parts import Alerts, Part, Persons, Residents, Sum
from dispatcher.figures.pieces import count_pieces, sums_for
from dispatcher.figures.scope import Scope, aliases
from dispatcher.figures.sums import Counted, count_parts
from dispatcher.figures.table import Key, Kpi, Table
from dispatcher.store import is_postgres

NEAR = 200
"""So many cases that wait for the fold are counted from their rows."""


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
    if is_postgres(connection):  # a year's persons are told apart in memory, not in files
        connection.execute(text("SET LOCAL work_mem = '64MB'"))
    found = _parts_of(connection, scope, parts_of(wanted), by, now)
    if not by:
        found.setdefault((), {})
    rows = {read_key(by, key): _cells(wanted, key, found[key], scope, by) for key in sorted(found, key=in_order)}
    return Table(now, tuple(by), rows)


def parts_of(wanted: Iterable[Definition]) -> list[Sum | Alerts | Persons]:
    """All that must be counted for these figures."""
    parts = [part for one in wanted for part in (one.numerator, one.denominator)]
    return [part for part in parts if isinstance(part, Sum | Alerts | Persons)]


def cells_of(wanted: Iterable[Definition], counted: dict[Part, int], scope: Scope) -> dict[str, Kpi]:
    """The figures of a whole scope from its parts."""
    return _cells(wanted, (), counted, scope, ())


def _parts_of(
    connection: Connection, scope: Scope, known: Sequence[Sum | Alerts | Persons], by: Sequence[str], now: datetime
) -> Counted:
    if (found := summed_parts(connection, scope, known, [by], now)) is not None:
        return found[0]
    source = source_of(connection, now=now)
    return count_parts(connection, source, scope.on(source), known, by)


def summed_parts(
    connection: Connection,
    scope: Scope,
    known: Sequence[Sum | Alerts | Persons],
    groups: Sequence[Sequence[str]],
    now: datetime,
) -> list[Counted] | None:
    """The parts by each of `groups`, from the sums at rest; None where there are no sums for one of them."""
    if not all(in_cells(part) for part in known) or any(sums_for(scope, by) is None for by in groups):
        return None
    fresh = fresh_of(connection, now)
    made = made_of(connection, fresh, now) if fresh else None
    return count_pieces(connection, scope, known, groups, fresh=fresh, made=made)


def fresh_of(connection: Connection, now: datetime) -> list[UUID]:
    """Cases of people who were touched since the last fold, or whom time has changed; none where they are too many."""
    waiting = touched_since(connection, most=NEAR)
    ripened = ripe(connection, now, limit=NEAR + 1)
    if waiting is None or len(waiting) + len(ripened) > NEAR:
        return []
    return whole_people(connection, waiting | set(ripened))


def made_of(connection: Connection, fresh: Sequence[UUID], now: datetime) -> FromClause:
    """The facts of these cases as they are this moment."""
    return facts(these(connection, fresh), now=now).subquery("made_now")


def source_of(connection: Connection, *, now: datetime) -> FromClause:
    """All facts: those at rest, and those of people touched since, made this moment.

    So nothing lags while few wait for the fold; where more than NEAR cases wait, the facts at rest answer alone.
    """
    fact = tables.figures_alerts
    fresh = fresh_of(connection, now)
    if not fresh:
        return fact
    at_rest = select(*(fact.c[name] for name in COLUMNS)).where(~among(connection, fact.c.case_id, fresh))
    made = made_of(connection, fresh, now)
    return union_all(at_rest, select(*(made.c[name] for name in COLUMNS))).subquery("facts")


def definitions_of(kpis: Iterable[str]) -> list[Definition]:
    """Raises: ValueError: a figure is not known."""
    names = list(kpis)
    unknown = [name for name in names if name not in DEFINITIONS]
    if unknown:
        raise ValueError(f"kpis must name figures of: {', '.join(DEFINITIONS)}; not {', '.join(unknown)}")
    return [DEFINITIONS[name] for name in names]


def in_order(key: Key) -> tuple[Any, ...]:
    """Sorts rows by their keys, what is not known first."""
    return tuple((value is not None, value if value is not None else 0) for value in key)


def _cells(
    wanted: Iterable[Definition], key: Key, cells: dict[Part, int], scope: Scope, by: Sequence[str]
) -> dict[str, Kpi]:
    def part(one: Part) -> int:
        if isinstance(one, Residents):
            return _residents(key, scope, by)
        return cells.get(one, 0)

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
