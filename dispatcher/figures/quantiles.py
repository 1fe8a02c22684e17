"""Response times: within how long half, nine in ten, and 99 in 100 were answered."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import ARRAY, ColumnElement, Connection, Float, FromClause, case, cast, func, literal, select

from dispatcher.figures.counting import source_of
from dispatcher.figures.definitions import LATENCIES
from dispatcher.figures.dimensions import check_dimensions, keyed, read_key
from dispatcher.figures.scope import Scope
from dispatcher.figures.sums import adapted
from dispatcher.figures.table import Key, Quantiles
from dispatcher.store import is_postgres

SHARES = (0.5, 0.9, 0.99)


def quantiles(
    connection: Connection, scope: Scope, what: str, *, by: Sequence[str] = ("level",), now: datetime
) -> Mapping[Key, Quantiles]:
    """The response time `what` (one of LATENCIES) by key: the least that so great a share is not above.

    Cases in which it has not happened are left out. Rows with nobody are absent.
    Raises: ValueError: the response time or a dimension is not known.
    """
    return all_quantiles(connection, scope, (what,), by=by, now=now)[what]


def all_quantiles(
    connection: Connection,
    scope: Scope,
    whats: Sequence[str] = tuple(LATENCIES),
    *,
    by: Sequence[str] = (),
    now: datetime,
) -> Mapping[str, Mapping[Key, Quantiles]]:
    """The same of several response times: on PostgreSQL from one look at the facts."""
    if unknown := [what for what in whats if what not in LATENCIES]:
        raise ValueError(f"what must be one of: {', '.join(LATENCIES)}; not {', '.join(unknown)}")
    check_dimensions(by)
    facts = source_of(connection, now=now)
    source, keys = keyed(facts, by)
    where = [*adapted(source, scope.on(facts), facts), source.c.merged.is_(False)]
    if is_postgres(connection):
        return _at_once(connection, source, keys, where, whats, by)
    return {what: _one(connection, source, keys, where, what, by) for what in whats}


def _at_once(
    connection: Connection,
    source: FromClause,
    keys: Sequence[ColumnElement[Any]],
    where: Sequence[Any],
    whats: Sequence[str],
    by: Sequence[str],
) -> Mapping[str, Mapping[Key, Quantiles]]:
    shares = literal(list(SHARES), ARRAY(Float))
    columns = [
        column
        for what in whats
        for column in (
            func.percentile_disc(shares).within_group(source.c[what]).label(what),
            func.count(source.c[what]).label(f"many_{what}"),
        )
    ]
    query = select(*keys, *columns).select_from(source).where(*where).group_by(*keys)
    found: dict[str, dict[Key, Quantiles]] = {what: {} for what in whats}
    for row in connection.execute(query):
        key = read_key(by, row[: len(keys)])
        for what, told, many in zip(whats, row[len(keys) :: 2], row[len(keys) + 1 :: 2], strict=True):
            if many:
                half, nine, most = told
                found[what][key] = Quantiles(half, nine, most, many)
    return found


def _one(
    connection: Connection,
    source: FromClause,
    keys: Sequence[ColumnElement[Any]],
    where: Sequence[Any],
    what: str,
    by: Sequence[str],
) -> Mapping[Key, Quantiles]:
    told = source.c[what]
    names = [key.name for key in keys]
    place = func.row_number().over(partition_by=keys or None, order_by=told).label("place")
    many = func.count().over(partition_by=keys or None).label("many")
    mine = [*where, told.is_not(None)]
    each = select(*keys, told.label("told"), place, many).select_from(source).where(*mine).subquery("placed")
    columns = [
        func.min(case((cast(each.c.place, Float) >= literal(share) * each.c.many, each.c.told))) for share in SHARES
    ]
    groups = [each.c[name] for name in names]
    query: Any = select(*groups, *columns, func.max(each.c.many)).group_by(*groups)
    found = {}
    for row in connection.execute(query):
        if row[-1] is not None:
            found[read_key(by, row[: len(keys)])] = Quantiles(*row[len(keys) :])
    return found
