"""The same figures by several dimensions, each for itself, from one pass over the facts: what a page shows together."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime

from sqlalchemy import Connection

from dispatcher.figures.counting import cells_of, definitions_of, in_order, parts_of, source_of
from dispatcher.figures.dimensions import check_dimensions, keyed, read_key
from dispatcher.figures.parts import Persons
from dispatcher.figures.scope import Scope
from dispatcher.figures.sums import Counted, adapted, add_up, count_persons, merge, read_into
from dispatcher.figures.table import Key, Kpi

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
    source = source_of(connection, now=now)
    facts, keys = keyed(source, dimensions)
    where = adapted(facts, scope.on(source), source)
    together: Counted = {}
    read_into(connection, add_up(facts, keys, where, parts), len(keys), parts, together)
    persons = [part for part in parts if isinstance(part, Persons)]
    told: dict[str, Mapping[Key, Mapping[str, Kpi]]] = {}
    for place, name in enumerate(dimensions):
        found = _along(together, place)
        if persons:
            several: Counted = {}
            query = count_persons(connection, facts, [keys[place]], [*where, facts.c.alone.is_(False)], persons)
            read_into(connection, query, 1, persons, several)
            merge(found, several)
        ordered = sorted(found, key=in_order)
        told[name] = {read_key((name,), key): cells_of(wanted, found[key], scope) for key in ordered}
    return told


def _along(together: Counted, place: int) -> Counted:
    """Rows of all dimensions, added up along one."""
    found: Counted = {}
    for key, cells in together.items():
        merge(found, {(key[place],): cells})
    return found
