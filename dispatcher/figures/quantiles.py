"""Response times: within how long half, nine in ten, and 99 in 100 were answered."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Float, case, cast, func, literal, select

from dispatcher.figures.counting import source_of
from dispatcher.figures.definitions import LATENCIES
from dispatcher.figures.dimensions import check_dimensions, keyed, read_key
from dispatcher.figures.scope import Scope
from dispatcher.figures.sums import adapted
from dispatcher.figures.table import Key, Quantiles

SHARES = (0.5, 0.9, 0.99)


def quantiles(
    connection: Connection, scope: Scope, what: str, *, by: Sequence[str] = ("level",), now: datetime
) -> Mapping[Key, Quantiles]:
    """The response time `what` (one of LATENCIES) by key: the least that so great a share is not above.

    Cases in which it has not happened are left out. Rows with nobody are absent.
    Raises: ValueError: the response time or a dimension is not known.
    """
    if what not in LATENCIES:
        raise ValueError(f"what must be one of: {', '.join(LATENCIES)}")
    check_dimensions(by)
    facts = source_of(connection, now=now)
    source, keys = keyed(facts, by)
    told = source.c[what]
    where = [*adapted(source, scope.on(facts), facts), told.is_not(None), source.c.merged.is_(False)]
    names = [key.name for key in keys]
    place = func.row_number().over(partition_by=keys or None, order_by=told).label("place")
    many = func.count().over(partition_by=keys or None).label("many")
    each = select(*keys, told.label("told"), place, many).select_from(source).where(*where).subquery("placed")
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
