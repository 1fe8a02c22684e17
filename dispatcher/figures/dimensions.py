"""By what figures may be told apart, and how a row of facts says it."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from sqlalchemy import ColumnElement, FromClause, Subquery, func, literal, select, union_all

from dispatcher import tables
from dispatcher.figures.instants import day_of
from dispatcher.figures.scope import HAS

REGIONS = {"province": 2, "prefecture": 4, "county": 6}

DIMENSIONS: Mapping[str, str] = {
    "province": "region",
    "prefecture": "region",
    "county": "region",
    "unit": "unit_id",
    "type": "fraud_type",
    "actual_type": "actual_type",
    "level": "risk",
    "final_level": "final_risk",
    "source": "source",
    "channel": "channel",
    "age_band": "age_band",
    "hour": "hour",
    "day": "day",
}
"""Each dimension with the column of facts that it is told from.

A county is today's county. A unit is the code of the one that has, or had last, the case's work. A case stands under
each channel by which it was warned, and `dispatches` counts that channel's there. Hours and days are Shanghai's.
"""

UNDER = "branch"
"""A column of facts that branches.py alone puts beside them, and by which it alone tells them apart."""


def check_dimensions(by: Sequence[str]) -> None:
    """Raises: ValueError: one of them is not known, or is asked for twice."""
    unknown = [name for name in by if name not in DIMENSIONS]
    if unknown:
        raise ValueError(f"by must name dimensions of: {', '.join(DIMENSIONS)}; not {', '.join(unknown)}")
    if len(set(by)) < len(by):
        raise ValueError("by must name each dimension once")


def keyed(facts: FromClause, by: Sequence[str]) -> tuple[FromClause, list[ColumnElement[Any]]]:
    """The facts, once for each channel where channels are asked for, and the columns that make a row's key."""
    source = _by_channel(facts) if "channel" in by else facts
    return source, [_column(source, name).label(f"by_{name}") for name in by]


def _column(facts: FromClause, name: str) -> ColumnElement[Any]:
    column = facts.c[DIMENSIONS.get(name, name)]
    if name in REGIONS and name != "county":
        digits = REGIONS[name]
        return func.substr(column, 1, digits).op("||")(literal("0" * (6 - digits)))
    if name == "unit":
        unit = tables.units.alias("told_unit")
        return select(unit.c.code).where(unit.c.id == column).scalar_subquery()
    return column


def _by_channel(facts: FromClause) -> Subquery:
    parts = []
    for channel, mark in HAS.items():
        others = [f"dispatches_{one.value}" for one in HAS if one is not channel]
        columns = [literal(0).label(c.name) if c.name in others else c for c in facts.c]
        has = facts.c.marks.op("&")(int(mark)) == int(mark)
        parts.append(select(*columns, literal(channel.value).label("channel")).where(has))
    return union_all(*parts).subquery("facts_by_channel")


READ: Mapping[str, Callable[[Any], Any]] = {"day": day_of}
"""How a key's value is told where the database keeps it otherwise: a day is a date."""


def read_key(by: Sequence[str], values: Sequence[Any]) -> tuple[Any, ...]:
    """A row's key as it is told."""
    return tuple(
        value if value is None or name not in READ else READ[name](value)
        for name, value in zip(by, values, strict=True)
    )
