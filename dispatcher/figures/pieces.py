"""A scope's figures from cells and facts together: whole days from the cells, what is left from the facts.

  since ├── edge ──┤ whole days, from the cells ├── edge ──┤ until
people touched since the last fold are taken out of what is at rest, and put in as they are this moment
persons with several cases are counted from their facts, wherever they lie
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Connection, FromClause, func, or_, select, true, union_all

from dispatcher import tables
from dispatcher.bulk import among
from dispatcher.figures.cells import told_by_cells, told_by_facts
from dispatcher.figures.dimensions import REGIONS, keyed
from dispatcher.figures.facts import COLUMNS
from dispatcher.figures.instants import DAY_MS, SHANGHAI_MS, to_ms
from dispatcher.figures.parts import Part, Persons
from dispatcher.figures.scope import Scope
from dispatcher.figures.sums import Counted, count_persons, merge, read_into

BY = frozenset({"province", "prefecture", "county", "day"})
"""Dimensions that cells know."""


def can_be_summed(scope: Scope, by: Sequence[str]) -> bool:
    """Whether cells know all that narrows the scope, and all by which it is told apart."""
    narrowed = (
        scope.sources,
        scope.fraud_types,
        scope.risks,
        scope.actual_types,
        scope.final_risks,
        scope.channels,
        scope.unit,
    )
    return not any(narrowed) and BY.issuperset(by)


@dataclass(frozen=True, slots=True)
class Days:
    """[`first`, `end`): the days that lie wholly in a window, by their numbers. None: without that bound."""

    first: int | None
    end: int | None

    @classmethod
    def of(cls, since: datetime | None, until: datetime | None) -> Days:
        """The whole days of [since, until)."""
        first = None if since is None else -((-(to_ms(since) + SHANGHAI_MS)) // DAY_MS)
        if since is not None and since.microsecond % 1000:
            first = (to_ms(since) + SHANGHAI_MS) // DAY_MS + 1
        end = None if until is None else (to_ms(until) + SHANGHAI_MS) // DAY_MS
        return cls(first, end)

    def within(self, day: Any) -> list[Any]:
        """Conditions on a column of days."""
        found = [] if self.first is None else [day >= self.first]
        return found if self.end is None else [*found, day < self.end]

    def edges(self, at: Any, since: datetime | None, until: datetime | None) -> Any:
        """Conditions on a column of instants that lie in [since, until) and in no whole day; None where none can."""
        first = None if self.first is None else _midnight(self.first)
        end = None if self.end is None else _midnight(self.end)
        if first is not None and end is not None and first >= end:
            return true()
        sides = [] if first is None or first == since else [at < first]
        sides += [] if end is None or end == until else [at >= end]
        return or_(*sides) if sides else None


def _midnight(day: int) -> datetime:
    """When a day began in Shanghai."""
    return datetime.fromtimestamp((day * DAY_MS - SHANGHAI_MS) // 1000, UTC)


def count_pieces(
    connection: Connection,
    scope: Scope,
    parts: Iterable[Part],
    by: Sequence[str],
    *,
    fresh: Sequence[UUID],
    made: FromClause | None,
) -> Counted:
    """Every part of each row; `made` are the facts of the cases `fresh`, as they are this moment."""
    wanted = list(dict.fromkeys(parts))
    cell, fact = tables.figures_days, tables.figures_alerts
    days = Days.of(scope.since, scope.until)
    digits = max((REGIONS.get(name, 2) for name in by), default=2)
    found: Counted = {}
    cells_where = [cell.c.is_test.is_(scope.tests), *days.within(cell.c.day), *scope.on_cells(cell, digits)]
    _add(connection, _sum(cell, by, cells_where, wanted, told_by_cells), len(by), wanted, found, 1)
    stale = [among(connection, fact.c.case_id, fresh)] if fresh else []
    outside = days.edges(fact.c.received_at, scope.since, scope.until)
    if outside is not None:
        edges = [*scope.on(fact), outside, *(~one for one in stale)]
        _add(connection, _sum(fact, by, edges, wanted, told_by_facts), len(by), wanted, found, 1)
    if fresh and made is not None:
        gone = [*scope.on(fact), *days.within(fact.c.day), *stale]
        _add(connection, _sum(fact, by, gone, wanted, told_by_facts), len(by), wanted, found, -1)
        _add(connection, _sum(made, by, scope.on(made), wanted, told_by_facts), len(by), wanted, found, 1)
    persons = [part for part in wanted if isinstance(part, Persons)]
    if persons:
        again = select(*(fact.c[name] for name in COLUMNS)).where(
            fact.c.alone.is_(False), fact.c.merged.is_(False), *scope.on(fact), *(~one for one in stale)
        )
        if made is not None:
            now = select(*(made.c[name] for name in COLUMNS)).where(made.c.alone.is_(False), *scope.on(made))
            several: FromClause = union_all(again, now).subquery("with_several_cases")
        else:
            several = again.subquery("with_several_cases")
        source, keys = keyed(several, by)
        query = count_persons(connection, source, keys, [], persons)
        more: Counted = {}
        read_into(connection, query, len(by), persons, more)
        merge(found, more, 1)
    return {key: cells for key, cells in found.items() if any(cells.values())}


def _sum(source: FromClause, by: Sequence[str], where: Sequence[Any], parts: Sequence[Part], told: Any) -> Any:
    _, keys = keyed(source, by)
    columns = [func.coalesce(func.sum(told(source, part)), 0).label(f"part_{n}") for n, part in enumerate(parts)]
    return select(*keys, *columns, func.count().label("rows")).where(*where).group_by(*keys)


def _add(connection: Connection, query: Any, width: int, parts: Sequence[Part], found: Counted, sign: int) -> None:
    more: Counted = {}
    read_into(connection, query, width, parts, more)
    merge(found, more, sign)
