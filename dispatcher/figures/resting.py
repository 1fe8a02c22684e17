"""Days at rest: sums by one dimension more than the cells have, which hold while no fold changes a fact of the day.

  a fold changes a fact of the day ──── the day is struck out, in the fold's own transaction
  the clock, at leisure ─────────────── a day that is missing is summed up and named again, under the fold's lock

So the fold does nothing for these sums but strike out, and hardly ever that: today and yesterday, where most happens,
never rest. Who reads takes the days that are named from here, and all others from their facts.
"""

from __future__ import annotations

import time
from collections import defaultdict
from collections.abc import Callable, Collection, Sequence
from datetime import datetime
from itertools import chain, zip_longest
from typing import Any

from sqlalchemy import (
    ColumnElement,
    Connection,
    Integer,
    Select,
    String,
    Subquery,
    cast,
    delete,
    insert,
    literal,
    select,
)

from dispatcher import tables
from dispatcher.figures.alone import alone
from dispatcher.figures.cells import SUMS, region_of, summands, summed_up
from dispatcher.figures.dimensions import DIMENSIONS
from dispatcher.figures.facts import COLUMNS
from dispatcher.figures.instants import DAY_MS, SHANGHAI_MS, to_ms
from dispatcher.store import Store
from dispatcher.tables.figures_kinds import KINDS

DEPTHS = (4, 2)
"""A prefecture and a province; a county's facts are few."""

LIVELY = 2
"""So many days, today the last of them, never rest."""

NAMES = [column.name for column in tables.figures_kinds.columns]


def rest(store: Store, *, now: datetime, within_s: float, stopping: Callable[[], bool] = lambda: False) -> int:
    """Sum up days that are missing, one in each transaction, until none is or `within_s` is over. Commits.

    The newest and the oldest by turns: the newest are asked for most, and struck out most, and the others must have
    their turn as well. Returns how many were summed up. Safe to call by many at once, and to be killed.
    """
    until = time.monotonic() + within_s
    with store.read() as connection:
        missing = [day for day in missing_days(connection, []) if day <= _day_of(now) - LIVELY]
    middle = len(missing) // 2
    turns = chain.from_iterable(zip_longest(reversed(missing[middle:]), missing[:middle]))
    made = 0
    for day in turns:
        if day is None:
            continue
        if stopping() or time.monotonic() > until:
            break
        with store.write() as connection:
            if not alone(connection):
                break
            made += make_day_anew(connection, day)
    return made


def make_day_anew(connection: Connection, day: int) -> bool:
    """Sum up a day and name it. False: it rests already. The caller must be alone."""
    kind, rested, fact = tables.figures_kinds, tables.figures_rested, tables.figures_alerts
    if connection.execute(select(rested.c.day).where(rested.c.day == day)).first() is not None:
        return False
    # every part of the key before the day is named: so it is found by its key
    old = delete(kind).where(kind.c.dimension.in_(KINDS), kind.c.depth.in_(DEPTHS), kind.c.day == day)
    connection.execute(old)
    for dimension in KINDS:
        connection.execute(insert(kind).from_select(NAMES, right_kinds(dimension).where(fact.c.day == day)))
    near = kind.alias("near")
    keys: list[Any] = [
        near.c.dimension,
        literal(2).label("depth"),
        near.c.day,
        region_of(near, 2).label("region"),
        near.c.value,
    ]
    kinds = [near.c.is_test, near.c.history]
    query = select(*keys, *kinds, *summed_up({name: near.c[name] for name in SUMS}))
    query = query.where(near.c.dimension.in_(KINDS), near.c.depth == 4, near.c.day == day)
    groups = [near.c.dimension, near.c.day, region_of(near, 2), near.c.value, *kinds]
    connection.execute(insert(kind).from_select(NAMES, query.group_by(*groups)))
    connection.execute(insert(rested).values(day=day))
    return True


def right_kinds(dimension: str, depth: int = 4) -> Select[Any]:
    """The sums by a dimension as the facts at rest make them, with the columns of the table, in their order."""
    fact = tables.figures_alerts
    value = cast(fact.c[DIMENSIONS[dimension]], String(64))
    region = region_of(fact, depth)
    keys: list[Any] = [
        literal(dimension).label("dimension"),
        literal(depth).label("depth"),
        fact.c.day,
        region.label("region"),
    ]
    kinds = [value.label("value"), fact.c.is_test, fact.c.history]
    groups = [fact.c.day, region, value, fact.c.is_test, fact.c.history]
    return select(*keys, *kinds, *summed_up(summands())).group_by(*groups)


def told_by(dimension: str) -> Subquery:
    """The sums of the days that rest, with the dimension's value under the name that it has in the facts."""
    kind = tables.figures_kinds
    value: ColumnElement[Any] = cast(kind.c.value, Integer) if dimension == "hour" else kind.c.value
    others = [kind.c[name] for name in ("depth", "day", "region", "is_test", "history", *SUMS)]
    rests = kind.c.day.in_(select(tables.figures_rested.c.day))
    query = select(value.label(DIMENSIONS[dimension]), *others).where(kind.c.dimension == dimension, rests)
    return query.subquery("days_at_rest")


def missing_days(connection: Connection, within: Sequence[ColumnElement[bool]]) -> list[int]:
    """Days that have facts and do not rest, ascending; `within` narrows `figures_days`."""
    cell = tables.figures_days
    query = select(cell.c.day).where(cell.c.depth == 2, *within).distinct()
    rested = connection.execute(select(tables.figures_rested.c.day)).scalars()
    return sorted(set(connection.execute(query).scalars()).difference(rested))


def facts_of_rested_days(
    connection: Connection, mine: ColumnElement[bool], days: Collection[int]
) -> dict[int, set[tuple[Any, ...]]]:
    """The facts `mine` of those of these days that rest, by day, as they are now."""
    rested, fact = tables.figures_rested, tables.figures_alerts
    resting = list(connection.execute(select(rested.c.day).where(rested.c.day.in_(sorted(days)))).scalars())
    found: dict[int, set[tuple[Any, ...]]] = defaultdict(set)
    if resting:
        place = COLUMNS.index("day")
        query = select(*(fact.c[name] for name in COLUMNS)).where(mine, fact.c.day.in_(resting))
        for row in connection.execute(query):
            found[row[place]].add(tuple(row))
    return found


def strike_out(connection: Connection, days: Collection[int]) -> None:
    """These days rest no more."""
    if days:
        rested = tables.figures_rested
        connection.execute(delete(rested).where(rested.c.day.in_(sorted(days))))


def _day_of(now: datetime) -> int:
    return (to_ms(now) + SHANGHAI_MS) // DAY_MS
