"""*Outcomes* by level, place, type and hour: persons with several cases are told apart anew for each."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from fastapi.responses import Response
from sqlalchemy import Connection, select

from dispatcher import tables
from dispatcher.figures import count, count_each, lag
from dispatcher.figures.scope import Scope
from dispatcher.figures.table import Key, Kpi
from web.pages.asking import Asking
from web.pages.charts import Bar, columns
from web.pages.filters import Chosen, chosen
from web.pages.later import Later
from web.pages.rendering import region_name
from web.pages.showing import Shown, shown
from web.pages.words import called, say

PART = Later("breakdown")
KPIS = ("alerts", "coverage", "dissuaded_provisional", "missed_contact")
PLACES = ("prefecture", "county")
TITLES = {"level": "levels", "type": "types"}
"""Tables by their dimension; the others are of places."""

Counts = Mapping[Key, Mapping[str, Kpi]]


@dataclass(frozen=True, slots=True)
class Row:
    """One value of a dimension; `down` leads into it.

    `listed`: the filters can name exactly what it counts. What lies in a region and in none below it cannot be named.
    """

    name: str
    down: str | None
    cells: list[Shown]
    part: float
    listed: bool


def counted(connection: Connection, scope: Scope, now: datetime) -> dict[str, Counts]:
    """By each dimension: level, type, hour, and the one a step below the scope's region."""
    below = _below(scope)
    places = count(connection, scope, kpis=KPIS, by=(below,), now=now).rows
    each = count_each(connection, scope, kpis=KPIS, dimensions=("level", "type"), now=now)
    hours = count(connection, scope, kpis=("alerts",), by=("hour",), now=now).rows  # no persons: sums alone
    return {"level": each["level"], below: places, "type": each["type"], "hour": hours}


def show(asking: Asking) -> Response:
    """Three tables and a drawing, for the window and filters of the address."""
    with asking.house.store.read() as connection:
        wanted = chosen(asking, connection)
        each = counted(connection, wanted.asked.scope, asking.now)
        rows = {
            TITLES.get(by, "places"): _rows(asking, connection, wanted, by, each[by]) for by in each if by != "hour"
        }
        behind_by = lag(connection, asking.now).behind.total_seconds()
    return PART.answer(asking, wanted, tables=rows, hours=_hours(asking, each["hour"]), lag=behind_by)


def _below(scope: Scope) -> str:
    """The dimension one step below the scope's region."""
    region = scope.region
    if region is None or region.endswith("0000"):
        return "prefecture"
    return "county" if region.endswith("00") else "unit"


def _rows(asking: Asking, connection: Connection, wanted: Chosen, by: str, told: Counts) -> list[Row]:
    rows = list(told.items())
    if by != "level":  # levels stand in their own order
        rows.sort(key=lambda item: -item[1]["alerts"].numerator)
    most = max((cells["alerts"].numerator for _, cells in rows), default=0)
    found = []
    for (value,), cells in rows:
        if value is None:  # nobody's work yet
            continue
        narrowed = {"region" if by in PLACES else by: value}
        listed = _can_be_named(connection, by, value)
        down = wanted.link("outcomes", **narrowed) if listed and by != "unit" else None
        cells_shown = [shown(name, cells[name], asking.lang, wanted, **narrowed) for name in KPIS]
        part = cells["alerts"].numerator / most if most else 0.0
        found.append(Row(_called(asking, by, value, listed), down, cells_shown, part, listed))
    return found


def _can_be_named(connection: Connection, by: str, value: str) -> bool:
    """False for a row of what is nearer than its name: a filter by that name would count all below it too."""
    if by in PLACES:
        return not value.endswith("0000" if by == "prefecture" else "00")
    if by == "unit":
        unit, below = tables.units, tables.units.alias("below")
        query = select(below.c.id).join(unit, below.c.parent_id == unit.c.id).where(unit.c.code == value)
        return connection.execute(query.limit(1)).first() is None
    return True


def _called(asking: Asking, by: str, value: str, listed: bool) -> str:
    if by in PLACES:
        name = region_name(value, asking.lang)
        return name if listed else say(asking.lang, "outcomes.itself", name=name)
    if by == "level":
        return f"{value} {called(asking.lang, 'risk', value)}"
    return called(asking.lang, by, value)


def _hours(asking: Asking, by_hour: Counts) -> Any:
    found = {key[0]: cells for key, cells in by_hour.items()}
    bars = []
    for hour in range(24):
        number = found[hour]["alerts"].numerator if hour in found else 0
        told = say(asking.lang, "outcomes.hour_each", at=f"{hour:02}:00", count=f"{number:,}")
        bars.append(Bar(f"{hour}", number, told))
    return columns(bars, name=say(asking.lang, "outcomes.hours"), width=600, every=3)
