"""The league table: the units below one's own, each with all that is below it, by figures whose meaning is beside."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

from fastapi.responses import Response
from sqlalchemy import Connection, select

from dispatcher import tables
from dispatcher.figures import branches, count, lag
from dispatcher.figures.meanings import meaning_of, name_of
from dispatcher.figures.table import Kpi
from web.pages.asking import Asking
from web.pages.filters import CHOICES, Chosen, chosen
from web.pages.rendering import html
from web.pages.showing import Shown, shown

FIGURES: tuple[str, ...] = (
    *("alerts", "sign_in_on_time", "feedback_on_time", "call_answered", "met_on_time", "coverage"),
    *("dissuaded_provisional", "missed_contact"),
)
LESS_IS_BETTER = frozenset({"missed_contact"})


@dataclass(frozen=True, slots=True)
class Row:
    """One unit with all below it; `down` leads to those, if there are any."""

    code: str
    name: str
    down: str | None
    cells: list[Shown]


def show(asking: Asking) -> Response:
    """The units right below the chosen one, best first by the chosen figure."""
    sort = asking.query.get("sort", "alerts")
    sort = sort if sort in FIGURES else "alerts"
    with asking.house.store.read() as connection:
        wanted = chosen(asking, connection)
        unit = wanted.given.get("unit") or _own(connection, asking)
        below = _below(connection, unit)
        scope, now = wanted.asked.scope, asking.now
        found = branches(connection, scope, unit, kpis=FIGURES, now=now)
        parents = _parents(connection)
        rows = [_row(asking, wanted, found[code], code, name, code in parents) for code, name in below]
        all_of_it = count(connection, replace(scope, unit=unit), kpis=FIGURES, now=now).whole
        whole = _row(asking, wanted, all_of_it, unit, _name(connection, unit), False)
        behind_by = lag(connection, asking.now).behind.total_seconds()
    place = FIGURES.index(sort)
    rows.sort(key=lambda row: _rank(row.cells[place], sort))
    return html(
        asking,
        "league.html",
        chosen=wanted,
        window=wanted.asked.window,
        choices=CHOICES,
        rows=rows,
        whole=whole,
        sort=sort,
        lag=behind_by,
        figures=[
            (name, name_of(name, asking.lang), meaning_of(name, asking.lang), wanted.link("league", sort=name))
            for name in FIGURES
        ],
        top=wanted.link("league", unit=None) if wanted.given.get("unit") else None,
    )


def _rank(cell: Shown, sort: str) -> tuple[bool, float]:
    """Best first; what has no figure comes last."""
    number = cell.number or 0.0
    return cell.number is None, number if sort in LESS_IS_BETTER else -number


def _row(asking: Asking, wanted: Chosen, cells: Mapping[str, Kpi], code: str, name: str, has_units_below: bool) -> Row:
    down = wanted.link("league", unit=code) if has_units_below else None
    return Row(code, name, down, [shown(one, cells[one], asking.lang, wanted, unit=code) for one in FIGURES])


def _parents(connection: Connection) -> set[str]:
    """The codes of units that have others below them."""
    unit, below = tables.units, tables.units.alias("below")
    return set(connection.execute(select(unit.c.code).where(unit.c.id.in_(select(below.c.parent_id)))).scalars())


def _own(connection: Connection, asking: Asking) -> str:
    unit = tables.units
    found: str = connection.execute(select(unit.c.code).where(unit.c.id == asking.visitor.unit_id)).scalar_one()
    return found


def _name(connection: Connection, code: str) -> str:
    unit = tables.units
    found: str = connection.execute(select(unit.c.name).where(unit.c.code == code)).scalar_one()
    return found


def _below(connection: Connection, code: str) -> list[tuple[str, str]]:
    unit, above = tables.units, tables.units.alias("above")
    query = select(unit.c.code, unit.c.name).join(above, unit.c.parent_id == above.c.id)
    return [(row.code, row.name) for row in connection.execute(query.where(above.c.code == code).order_by(unit.c.code))]
