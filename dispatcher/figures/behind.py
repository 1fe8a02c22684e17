"""Whom a figure counted: the list behind a numerator or denominator, exactly as long as the figure says."""

from __future__ import annotations

from datetime import datetime
from typing import Any, Literal
from uuid import UUID

from sqlalchemy import ColumnElement, Connection, FromClause, String, and_, cast, func, or_, select

from dispatcher import tables
from dispatcher.figures.counting import definitions_of, source_of
from dispatcher.figures.marks import Mark
from dispatcher.figures.parts import Alerts, Part, Persons, Sum
from dispatcher.figures.promised import promises, stops, texts, visits, warnings
from dispatcher.figures.scope import Scope
from dispatcher.figures.sums import all_marks, has
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
    """At most `limit` of those that a part counted, ascending by item, from after the item `after` on.

    A person is one line, by the first of his cases in scope. Raises: ValueError: the figure is not known, or nobody
    can be listed behind it (residents).
    """
    query = _query(connection, scope, _part(kpi, part), now)
    if query is None:
        raise ValueError(f"nobody is listed behind the {part} of {kpi}")
    listed = query.subquery("listed")
    page = select(listed.c.item, listed.c.case_id).order_by(listed.c.item).limit(limit)
    if after is not None:
        page = page.where(listed.c.item > UUID(after).hex if _is_hex(connection) else listed.c.item > after)
    return [Behind(_told(item), _told(case_id)) for item, case_id in connection.execute(page)]


def _part(kpi: str, part: Which) -> Part:
    (definition,) = definitions_of([kpi])
    return definition.numerator if part == "numerator" else definition.denominator


def _is_hex(connection: Connection) -> bool:
    return connection.dialect.name == "sqlite"


def _told(value: Any) -> str:
    return str(UUID(str(value)))


def _text(column: ColumnElement[Any]) -> ColumnElement[Any]:
    """An id as the database writes it, so that pages may be cut between ids."""
    return cast(column, String(36))


def _query(connection: Connection, scope: Scope, part: Part, now: datetime) -> Any:
    facts = source_of(connection, now=now)
    where = scope.on(facts)
    if isinstance(part, Persons):
        return _persons(connection, facts, where, part)
    if isinstance(part, Alerts):
        stands = [] if part.joined else [facts.c.merged.is_(False), has(facts.c.marks, part.marks)]
        return select(_text(facts.c.alert_id).label("item"), _text(facts.c.case_id).label("case_id")).where(
            *where, *stands
        )
    if isinstance(part, Sum):
        mine = [*where, facts.c.merged.is_(False)]
        if part.columns[0] in MONEY:
            marks = has(facts.c.marks, MONEY[part.columns[0]])
            return select(_text(facts.c.alert_id).label("item"), _text(facts.c.case_id).label("case_id")).where(
                *mine, marks
            )
        return _rows(facts, mine, part, now)
    return None


def _persons(connection: Connection, facts: FromClause, where: list[Any], part: Persons) -> Any:
    joined = all_marks(connection, facts.c.marks, part.marks)
    first = func.min(_text(facts.c.case_id))
    return (
        select(first.label("item"), first.label("case_id"))
        .where(*where, facts.c.merged.is_(False))
        .group_by(facts.c.person)
        .having(has(joined, part.marks))
    )


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
