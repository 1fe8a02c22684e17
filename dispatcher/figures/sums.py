"""The arithmetic: parts of figures from rows of facts, all of them in two statements.

what adds up             one pass over the facts in scope; persons with one case alone add up too
persons with several     the marks of each person's cases are joined first; then persons are counted
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from functools import reduce
from typing import Any

from sqlalchemy import BigInteger, ColumnElement, Connection, FromClause, case, cast, func, literal, select
from sqlalchemy.sql.util import ClauseAdapter

from dispatcher.figures.dimensions import keyed
from dispatcher.figures.marks import Mark
from dispatcher.figures.parts import Alerts, Part, Persons, Sum
from dispatcher.figures.table import Key
from dispatcher.store import is_postgres

Counted = dict[Key, dict[Part, int]]


def count_parts(
    connection: Connection, facts: FromClause, where: Sequence[Any], parts: Iterable[Part], by: Sequence[str]
) -> Counted:
    """Each part of each row; keys as the database keeps them."""
    wanted = list(dict.fromkeys(parts))
    source, keys = keyed(facts, by)
    mine = adapted(source, where, facts)
    found: Counted = {}
    told = [part for part in wanted if isinstance(part, Sum | Alerts | Persons)]
    # always asked: it tells which rows there are
    read_into(connection, add_up(source, keys, mine, told), len(keys), told, found)
    if persons := [part for part in wanted if isinstance(part, Persons)]:
        several = [*mine, source.c.alone.is_(False)]
        more: Counted = {}
        read_into(connection, count_persons(connection, source, keys, several, persons), len(keys), persons, more)
        merge(found, more)
    return found


def adapted(source: FromClause, where: Sequence[Any], facts: FromClause) -> Sequence[Any]:
    """Conditions on the facts, said of a source that was made from them."""
    return where if source is facts else [ClauseAdapter(source).traverse(condition) for condition in where]


def add_up(
    source: FromClause,
    keys: Sequence[ColumnElement[Any]],
    where: Sequence[Any],
    parts: Sequence[Sum | Alerts | Persons],
) -> Any:
    """What adds up, by key; of persons, those with one case alone."""
    columns = [_total(source, part).label(f"part_{place}") for place, part in enumerate(parts)]
    query = select(*keys, *columns, func.count().label("rows")).select_from(source).where(*where)
    return query.group_by(*keys)


def _total(source: FromClause, part: Sum | Alerts | Persons) -> ColumnElement[Any]:
    if isinstance(part, Sum):
        added: ColumnElement[Any] = reduce(lambda one, other: one + other, (source.c[name] for name in part.columns))
        return cast(func.coalesce(func.sum(added), 0), BigInteger)
    if isinstance(part, Persons):
        return func.coalesce(func.sum(case((source.c.alone & has(source.c.marks, part.marks), 1), else_=0)), 0)
    if part.joined:
        return func.count()
    return func.coalesce(func.sum(case((has(source.c.marks, part.marks), 1), else_=0)), 0)


def count_persons(
    connection: Connection,
    source: FromClause,
    keys: Sequence[ColumnElement[Any]],
    where: Sequence[Any],
    parts: Sequence[Persons],
) -> Any:
    """Distinct persons, by key."""
    every = reduce(lambda one, other: one | other, (part.marks for part in parts))
    joined = all_marks(connection, source.c.marks, every)
    each = (
        select(*keys, joined.label("marks"))
        .select_from(source)
        .where(*where, source.c.merged.is_(False))
        .group_by(*keys, source.c.person)
        .subquery("each_person")
    )
    names = [each.c[key.name] for key in keys]
    # many persons have the same marks: each part is then told of few rows
    alike = select(*names, each.c.marks, func.count().label("many")).group_by(*names, each.c.marks).subquery("alike")
    columns = [
        func.sum(case((has(alike.c.marks, part.marks), alike.c.many), else_=0)).label(f"part_{place}")
        for place, part in enumerate(parts)
    ]
    told = [alike.c[key.name] for key in keys]
    return select(*told, *columns, func.count().label("rows")).group_by(*told)


def has(marks: ColumnElement[Any], wanted: Mark) -> ColumnElement[bool]:
    """Every mark of `wanted` is there."""
    bits = literal(int(wanted), BigInteger)
    return marks.op("&")(bits) == bits


def all_marks(connection: Connection, marks: ColumnElement[Any], wanted: Mark) -> ColumnElement[Any]:
    """Those of `wanted` that several rows have together. SQLite cannot join bits: there each is asked for."""
    if is_postgres(connection):
        return func.bit_or(marks).op("&")(literal(int(wanted), BigInteger))
    each = [func.max(marks.op("&")(literal(int(mark), BigInteger))) for mark in Mark if mark in wanted]
    return reduce(lambda one, other: one + other, each)


def read_into(connection: Connection, query: Any, width: int, parts: Sequence[Part], found: Counted) -> None:
    """What a statement found, by key; its last column counts what stands behind a row."""
    for row in connection.execute(query):
        if row[-1] == 0:
            continue
        cells = found.setdefault(tuple(row[:width]), {})
        for part, value in zip(parts, row[width:], strict=False):
            cells[part] = int(value or 0)


def merge(found: Counted, more: Counted, sign: int = 1) -> None:
    """Add what was counted more, key by key; `sign` -1 takes it away."""
    for key, cells in more.items():
        mine = found.setdefault(key, {})
        for part, value in cells.items():
            mine[part] = mine.get(part, 0) + sign * value
