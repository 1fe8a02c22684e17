"""Whom a figure counted: the list behind a numerator or denominator, exactly as long as the figure says."""

from __future__ import annotations

from datetime import datetime
from typing import Any, Literal
from uuid import UUID

from sqlalchemy import ColumnElement, Connection, FromClause, String, and_, cast, or_, select

from dispatcher import tables
from dispatcher.figures.counting import definitions_of, source_of
from dispatcher.figures.marks import Mark
from dispatcher.figures.parts import Alerts, Part, Persons, Sum
from dispatcher.figures.promised import promises, stops, texts, visits, warnings
from dispatcher.figures.received import received, told
from dispatcher.figures.scope import Scope
from dispatcher.figures.table import Behind

MONEY = {"lost_fen": Mark.HAS_LOSS, "saved_fen": Mark.HAS_SAVED, "stopped_fen": Mark.HAS_STOPPED}
PAGE = 50

Which = Literal["numerator", "denominator"]


def unit_of(kpi: str, part: Which) -> str:
    """What the list behind a part shows, one line each: persons, alerts, promises, texts, visits, dispatches, stops.

    Money is shown by its alerts: their number is the denominator of the figure.
    Raises: ValueError: the figure is not known.
    """
    unit: str = _part(kpi, part).unit
    return "alerts" if unit == "fen" else unit


def behind(
    connection: Connection,
    scope: Scope,
    kpi: str,
    part: Which,
    *,
    after: str | None = None,
    limit: int = PAGE,
    now: datetime,
) -> list[Behind]:
    """At most `limit` of those that a part counted, from after the item `after` on.

    Alerts and persons come in the order in which they were received, all else by item. A person is one line, by the
    first of his cases in scope. Raises: ValueError: the figure is not known, or nobody can be listed behind it
    (residents).
    """
    wanted = _part(kpi, part)
    if isinstance(wanted, Alerts | Persons) or (isinstance(wanted, Sum) and wanted.columns[0] in MONEY):
        return received(connection, scope, _of_facts(wanted), after=after, limit=limit, now=now)
    if not isinstance(wanted, Sum):
        raise ValueError(f"nobody is listed behind the {part} of {kpi}")
    facts = source_of(connection, now=now)
    listed = _rows(facts, [*scope.on(facts), facts.c.merged.is_(False)], wanted, now).subquery("listed")
    page = select(listed.c.item, listed.c.case_id).order_by(listed.c.item).limit(limit)
    if after is not None:
        page = page.where(listed.c.item > (UUID(after).hex if _is_hex(connection) else after))
    return [Behind(told(item), told(case_id)) for item, case_id in connection.execute(page)]


def _of_facts(part: Part) -> Alerts | Persons:
    """What is listed of the facts themselves; money by the alerts that have some."""
    if isinstance(part, Sum):
        return Alerts(MONEY[part.columns[0]])
    assert isinstance(part, Alerts | Persons)
    return part


def _part(kpi: str, part: Which) -> Part:
    (definition,) = definitions_of([kpi])
    return definition.numerator if part == "numerator" else definition.denominator


def _is_hex(connection: Connection) -> bool:
    return connection.dialect.name == "sqlite"


def _text(column: ColumnElement[Any]) -> ColumnElement[Any]:
    """An id as the database writes it, so that pages may be cut between ids."""
    return cast(column, String(36))


def _rows(facts: FromClause, mine: list[Any], part: Sum, now: datetime) -> Any:
    """The promises, stops, texts, visits or dispatches themselves."""
    deadline, dispatch, attempt = tables.deadlines, tables.dispatches, tables.attempts
    name = part.columns[0]
    if name in promises(now):
        return (
            select(_text(deadline.c.id).label("item"), _text(deadline.c.case_id).label("case_id"))
            .join(facts, facts.c.case_id == deadline.c.case_id)
            .where(*mine, promises(now)[name])
        )
    if name in stops():
        stop = tables.stop_payments
        return (
            select(_text(stop.c.id).label("item"), _text(stop.c.case_id).label("case_id"))
            .join(facts, facts.c.case_id == stop.c.case_id)
            .where(*mine, stops()[name])
        )
    if name in warnings():
        wanted = or_(*(warnings()[column] for column in part.columns))
        return (
            select(_text(dispatch.c.id).label("item"), _text(dispatch.c.case_id).label("case_id"))
            .join(facts, facts.c.case_id == dispatch.c.case_id)
            .where(*mine, wanted)
        )
    tries = dispatch.join(attempt, attempt.c.dispatch_id == dispatch.c.id).join(
        facts, facts.c.case_id == dispatch.c.case_id
    )
    if name in visits():
        found = select(_text(attempt.c.id).label("item"), _text(dispatch.c.case_id).label("case_id"))
        return found.select_from(tries).where(*mine, visits()[name])
    found = select(_text(dispatch.c.id).label("item"), _text(dispatch.c.case_id).label("case_id"))
    return found.select_from(tries).where(and_(*mine), texts()[name]).distinct()
