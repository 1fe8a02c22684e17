"""The same figures by several dimensions, each for itself: what a page shows together. Facts are read once for all."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime

from sqlalchemy import Connection, text

from dispatcher.figures.counting import cells_of, definitions_of, in_order, parts_of, source_of, summed_parts
from dispatcher.figures.dimensions import check_dimensions, keyed, read_key
from dispatcher.figures.parts import Alerts, Persons, Sum
from dispatcher.figures.scope import Scope
from dispatcher.figures.sums import Counted, adapted, add_up, count_persons, merge, read_into
from dispatcher.figures.table import Key, Kpi
from dispatcher.store import is_postgres

APART = frozenset({"channel"})
"""Dimensions under which an alert may stand more than once, so that their rows never add up."""


def count_each(
    connection: Connection, scope: Scope, *, kpis: Iterable[str], dimensions: Sequence[str], now: datetime
) -> Mapping[str, Mapping[Key, Mapping[str, Kpi]]]:
    """The figures `kpis` of `scope` by each of `dimensions`: what `count` tells when asked by each alone.

    Raises: ValueError: a figure or dimension is not known, or cannot be told beside others.
    """
    wanted = definitions_of(kpis)
    check_dimensions(dimensions)
    if APART.intersection(dimensions):
        raise ValueError("channels are counted for themselves")
    parts = list(dict.fromkeys(parts_of(wanted)))
    if is_postgres(connection):  # as for one of them alone
        connection.execute(text("SET LOCAL work_mem = '64MB'"))
    told = summed_parts(connection, scope, parts, [(name,) for name in dimensions], now)
    found = _from_facts(connection, scope, parts, dimensions, now) if told is None else told
    return {
        name: {read_key((name,), key): cells_of(wanted, mine[key], scope) for key in sorted(mine, key=in_order)}
        for name, mine in zip(dimensions, found, strict=True)
    }


def _from_facts(
    connection: Connection,
    scope: Scope,
    parts: Sequence[Sum | Alerts | Persons],
    dimensions: Sequence[str],
    now: datetime,
) -> list[Counted]:
    source = source_of(connection, now=now)
    facts, keys = keyed(source, dimensions)
    where = adapted(facts, scope.on(source), source)
    together: Counted = {}
    read_into(connection, add_up(facts, keys, where, parts), len(keys), parts, together)
    persons = [part for part in parts if isinstance(part, Persons)]
    told: list[Counted] = []
    for place in range(len(dimensions)):
        found = _along(together, place)
        if persons:
            several: Counted = {}
            query = count_persons(connection, facts, [keys[place]], [*where, facts.c.alone.is_(False)], persons)
            read_into(connection, query, 1, persons, several)
            merge(found, several)
        told.append(found)
    return told


def _along(together: Counted, place: int) -> Counted:
    """Rows of all dimensions, added up along one."""
    found: Counted = {}
    for key, cells in together.items():
        merge(found, {(key[place],): cells})
    return found
