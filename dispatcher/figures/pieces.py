"""A scope's figures from sums and facts together: whole days from the sums, what is left from the facts.

  since ├── edge ──┤ whole days, from the sums ├── edge ──┤ until
days that do not rest are told from their facts where the sums are those of days at rest (resting.py)
people touched since the last fold are taken out of what is at rest, and put in as they are this moment
persons with several cases are counted from their facts, wherever they lie
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Connection, FromClause, func, or_, select, true, union_all

from dispatcher import tables
from dispatcher.bulk import among
from dispatcher.figures.cells import told_by_cells, told_by_facts
from dispatcher.figures.dimensions import DIMENSIONS, REGIONS, keyed
from dispatcher.figures.facts import COLUMNS
from dispatcher.figures.instants import DAY_MS, SHANGHAI_MS, to_ms
from dispatcher.figures.parts import Alerts, Part, Persons
from dispatcher.figures.resting import missing_days, told_by
from dispatcher.figures.scope import Scope, aliases
from dispatcher.figures.sums import Counted, count_persons, merge, read_into
from dispatcher.tables.figures_kinds import KINDS

BY = frozenset({"province", "prefecture", "county", "day"})
"""Dimensions that all sums know; days at rest know one more each."""

PLAIN = ""
"""The sums that know no more."""

PUSHED = Alerts(joined=True)
"""Without one there is no row."""


def sums_for(scope: Scope, by: Sequence[str]) -> str | None:
    """Which sums know all that narrows the scope, and all by which it is told apart: PLAIN, or those of a dimension.

    None: there are no such.
    """
    if scope.actual_types or scope.final_risks or scope.channels or scope.unit:
        return None
    more = set(by).difference(BY).union(name for name, wanted in _narrowed(scope).items() if wanted)
    if not more:
        return PLAIN
    one = more.pop()
    region = aliases().get(scope.region or "", scope.region or "000000")
    near = "county" in by or not region.endswith("00")
    return None if more or near or one not in KINDS else one


def _narrowed(scope: Scope) -> dict[str, Collection[str]]:
    return {"source": scope.sources, "type": scope.fraud_types, "level": scope.risks}


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
    groups: Sequence[Sequence[str]],
    *,
    fresh: Sequence[UUID],
    made: FromClause | None,
) -> list[Counted]:
    """Every part of each row, by each of `groups`, for all of which there must be sums.

    `made` are the facts of the cases `fresh`, as they are this moment.
    """
    wanted = list(dict.fromkeys([*parts, PUSHED]))
    fact = tables.figures_alerts
    days = Days.of(scope.since, scope.until)
    pieces = _Pieces(connection, wanted, groups)
    for place, by in enumerate(groups):
        pieces.add_sums(place, by, *_sums(scope, by, days))
    at_rest = [place for place, by in enumerate(groups) if sums_for(scope, by) != PLAIN]
    if at_rest and (missing := missing_days(connection, days.within(tables.figures_days.c.day))):
        # no bounds of time beside the days, or the planner would find all of the window first
        lively = [*scope.whole_days_on(fact), among(connection, fact.c.day, missing)]
        pieces.add_facts(fact, lively, at_rest)
    everywhere = range(len(groups))
    stale = [among(connection, fact.c.case_id, fresh)] if fresh else []
    outside = days.edges(fact.c.received_at, scope.since, scope.until)
    if outside is not None:
        pieces.add_facts(fact, [*scope.on(fact), outside, *(~one for one in stale)], everywhere)
    if fresh and made is not None:
        pieces.add_facts(fact, [*scope.on(fact), *days.within(fact.c.day), *stale], everywhere, -1)
        pieces.add_facts(made, scope.on(made), everywhere)
    if persons := [part for part in wanted if isinstance(part, Persons)]:
        several = _with_several_cases(scope, stale, made)
        for place, by in enumerate(groups):
            source, keys = keyed(several, by)
            pieces.add(place, count_persons(connection, source, keys, [], persons), len(by), persons)
    return [{key: cells for key, cells in found.items() if cells.get(PUSHED)} for found in pieces.found]


def _sums(scope: Scope, by: Sequence[str], days: Days) -> tuple[FromClause, list[Any]]:
    """The sums of whole days, and which of them are in scope."""
    which = sums_for(scope, by)
    assert which is not None
    source: FromClause = tables.figures_days if which == PLAIN else told_by(which)
    digits = max((REGIONS.get(name, 2) for name in by), default=2)
    where = [source.c.is_test.is_(scope.tests), *days.within(source.c.day), *scope.on_cells(source, digits)]
    if wanted := _narrowed(scope).get(which):
        where.append(source.c[DIMENSIONS[which]].in_(sorted(wanted)))
    return source, where


def _with_several_cases(scope: Scope, stale: Sequence[Any], made: FromClause | None) -> FromClause:
    """The facts in scope of persons who have several cases."""
    fact = tables.figures_alerts
    again = select(*(fact.c[name] for name in COLUMNS)).where(
        fact.c.alone.is_(False), fact.c.merged.is_(False), *scope.on(fact), *(~one for one in stale)
    )
    if made is None:
        return again.subquery("with_several_cases")
    now = select(*(made.c[name] for name in COLUMNS)).where(made.c.alone.is_(False), *scope.on(made))
    return union_all(again, now).subquery("with_several_cases")


class _Pieces:
    """What was counted so far, by each of the groups."""

    def __init__(self, connection: Connection, wanted: Sequence[Part], groups: Sequence[Sequence[str]]) -> None:
        self._connection, self._wanted, self._groups = connection, wanted, groups
        self.found: list[Counted] = [{} for _ in groups]

    def add(self, place: int, query: Any, width: int, parts: Sequence[Part]) -> None:
        """What a statement tells of one group."""
        more: Counted = {}
        read_into(self._connection, query, width, parts, more)
        merge(self.found[place], more)

    def add_sums(self, place: int, by: Sequence[str], source: FromClause, where: Sequence[Any]) -> None:
        """Whole days, by one group."""
        self.add(place, _sum(source, by, where, self._wanted, told_by_cells), len(by), self._wanted)

    def add_facts(self, source: FromClause, where: Sequence[Any], places: Collection[int], sign: int = 1) -> None:
        """Facts, read once for all groups that are meant; `sign` -1 takes them away."""
        names = list(dict.fromkeys(name for place in places for name in self._groups[place]))
        together: Counted = {}
        query = _sum(source, names, where, self._wanted, told_by_facts)
        read_into(self._connection, query, len(names), self._wanted, together)
        for place in places:
            columns = [names.index(name) for name in self._groups[place]]
            for key, cells in together.items():
                merge(self.found[place], {tuple(key[column] for column in columns): cells}, sign)


def _sum(source: FromClause, by: Sequence[str], where: Sequence[Any], parts: Sequence[Part], told: Any) -> Any:
    _, keys = keyed(source, by)
    columns = [func.coalesce(func.sum(told(source, part)), 0).label(f"part_{n}") for n, part in enumerate(parts)]
    return select(*keys, *columns, func.count().label("rows")).where(*where).group_by(*keys)
