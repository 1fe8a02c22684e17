"""Figures of the units right below one, each with all that is below it: a league in two counts, however many they are.

A branch is no sum of its units: one person's cases may lie with several of them, and he is counted once.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, FromClause, select

from dispatcher import tables
from dispatcher.figures.counting import cells_of, definitions_of, parts_of, source_of
from dispatcher.figures.dimensions import UNDER
from dispatcher.figures.scope import Scope
from dispatcher.figures.sums import adapted, count_parts
from dispatcher.figures.table import Kpi


def branches(
    connection: Connection, scope: Scope, unit: str, *, kpis: Iterable[str], now: datetime
) -> Mapping[str, Mapping[str, Kpi]]:
    """The figures `kpis` of `scope` by the code of the units right below `unit`; those without an alert as well.

    What lies with `unit` itself is in none of them. Raises: ValueError: a figure is not known.
    """
    wanted = definitions_of(kpis)
    below = _below(connection, unit)
    facts = source_of(connection, now=now)
    source = _with_branch(facts, unit)
    where = adapted(source, replace(scope, unit=None).on(facts), facts)
    found = count_parts(connection, source, where, parts_of(wanted), (UNDER,))
    return {code: cells_of(wanted, found.get((code,), {}), replace(scope, unit=code)) for code in below}


def _below(connection: Connection, unit: str) -> list[str]:
    table, above = tables.units, tables.units.alias("above")
    query = select(table.c.code).join(above, table.c.parent_id == above.c.id).where(above.c.code == unit)
    return list(connection.execute(query.order_by(table.c.code)).scalars())


def _with_branch(facts: FromClause, unit: str) -> FromClause:
    """The facts of what lies in a branch of `unit`, each with that branch's code."""
    table, above = tables.units, tables.units.alias("above")
    first = select(table.c.id, table.c.code.label(UNDER)).join(above, table.c.parent_id == above.c.id)
    tree = first.where(above.c.code == unit).cte("branches", recursive=True)
    below = table.alias("below")
    tree = tree.union_all(select(below.c.id, tree.c[UNDER]).join(tree, below.c.parent_id == tree.c.id))
    columns: list[Any] = [*facts.c, tree.c[UNDER]]
    return select(*columns).select_from(facts.join(tree, facts.c.unit_id == tree.c.id)).subquery("facts_by_branch")
