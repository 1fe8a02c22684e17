"""Alerts and persons in the order in which they were received: a page of a year's list reads a page of its facts.

  facts at rest ──┬── alerts                         each a few lines of the index by time
                  ├── persons with one case          likewise
                  └── persons with several cases     told apart first
  people touched since the last fold ── the same of their facts as they are this moment
The first lines of each are put together; whoever comes first goes onto the page.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, Connection, FromClause, String, cast, func, or_, select

from dispatcher import tables
from dispatcher.bulk import among
from dispatcher.figures.counting import fresh_of, made_of
from dispatcher.figures.parts import Alerts, Persons
from dispatcher.figures.scope import Scope
from dispatcher.figures.sums import all_marks, has
from dispatcher.figures.table import Behind

Place = tuple[datetime, Any]
"""Where a line stands: when it was received, and among those of that instant by its alert's id, or by its person."""

Source = tuple[FromClause, Sequence[ColumnElement[bool]]]
"""Facts, and which of them are in scope."""


def received(
    connection: Connection, scope: Scope, part: Alerts | Persons, *, after: str | None, limit: int, now: datetime
) -> list[Behind]:
    """At most `limit` of those that a part counted, from after the item `after` on; none where there is none such."""
    sources = _sources(connection, scope, now)
    list_of = _alerts if isinstance(part, Alerts) else _persons
    place_of = _place_of_alert if isinstance(part, Alerts) else _place_of_person
    place = None
    if after is not None and (place := place_of(connection, sources, UUID(after))) is None:
        return []
    return list_of(connection, sources, part, place, limit)


def _sources(connection: Connection, scope: Scope, now: datetime) -> list[Source]:
    """The facts at rest, and those of people touched since, made this moment."""
    fact, fresh = tables.figures_alerts, fresh_of(connection, now)
    if not fresh:
        return [(fact, scope.on(fact))]
    made = made_of(connection, fresh, now)
    return [(fact, [*scope.on(fact), ~among(connection, fact.c.case_id, fresh)]), (made, scope.on(made))]


def _alerts(
    connection: Connection, sources: Sequence[Source], part: Any, place: Place | None, limit: int
) -> list[Behind]:
    found: list[Any] = []
    for facts, where in sources:
        at, item = facts.c.received_at, facts.c.alert_id
        stands = [] if part.joined else [facts.c.merged.is_(False), has(facts.c.marks, part.marks)]
        query = select(at, item, facts.c.case_id).where(*where, *stands, *_from(at, item, place))
        found += connection.execute(query.order_by(at, item).limit(limit)).all()
    return [Behind(told(item), told(case_id)) for _, item, case_id in sorted(found)[:limit]]


def _persons(
    connection: Connection, sources: Sequence[Source], part: Any, place: Place | None, limit: int
) -> list[Behind]:
    """The first of a person's cases is looked for once it is known who stands on the page."""
    found: list[tuple[datetime, bytes, UUID | None]] = []
    for facts, where in sources:
        at, person, mine = facts.c.received_at, facts.c.person, [*where, facts.c.merged.is_(False)]
        once = select(at, person, facts.c.case_id).where(*mine, facts.c.alone.is_(True), *_from(at, person, place))
        once = once.where(has(facts.c.marks, part.marks)).order_by(at, person).limit(limit)
        found += [(row[0], row[1], row[2]) for row in connection.execute(once)]
        first = func.min(at)
        several = select(first.label("at"), person).where(*mine, facts.c.alone.is_(False)).group_by(person)
        several = several.having(has(all_marks(connection, facts.c.marks, part.marks), part.marks))
        for condition in _from(first, person, place):
            several = several.having(condition)
        rows = connection.execute(several.order_by(first, person).limit(limit))
        found += [(at_first, whose, None) for at_first, whose in rows]
    page = sorted(found, key=lambda line: line[:2])[:limit]
    first_of = _first_cases(connection, sources, [person for _, person, case_id in page if case_id is None])
    items = [first_of[person] if case_id is None else told(case_id) for _, person, case_id in page]
    return [Behind(item, item) for item in items]


def _first_cases(connection: Connection, sources: Sequence[Source], persons: Sequence[bytes]) -> dict[bytes, str]:
    """The first case in scope of each of these persons, who have several."""
    found: dict[bytes, str] = {}
    for facts, where in sources if persons else ():
        mine = [facts.c.merged.is_(False), facts.c.alone.is_(False), facts.c.person.in_(persons)]
        first = func.min(cast(facts.c.case_id, String(36)))  # an id has no least one, its text has
        query = select(facts.c.person, first).where(*where, *mine).group_by(facts.c.person)
        found |= {person: told(case_id) for person, case_id in connection.execute(query)}
    return found


def _from(at: ColumnElement[Any], by: ColumnElement[Any], place: Place | None) -> list[ColumnElement[bool]]:
    """Conditions on what stands after a place."""
    return [] if place is None else [at >= place[0], or_(at > place[0], by > place[1])]


def _place_of_alert(connection: Connection, sources: Sequence[Source], item: UUID) -> Place | None:
    for facts, where in sources:
        query = select(facts.c.received_at).where(*where, facts.c.alert_id == item)
        if (at := connection.execute(query).scalar()) is not None:
            return at, item
    return None


def _place_of_person(connection: Connection, sources: Sequence[Source], case_id: UUID) -> Place | None:
    case = tables.cases
    person = connection.execute(select(case.c.phone_index).where(case.c.id == case_id)).scalar()
    his = select(case.c.id).where(case.c.phone_index == person)
    for facts, where in sources if person is not None else ():
        query = select(func.min(facts.c.received_at)).where(*where, facts.c.merged.is_(False), facts.c.case_id.in_(his))
        if (at := connection.execute(query).scalar()) is not None:
            return at, person
    return None


def told(value: Any) -> str:
    """An id as we tell it."""
    return str(UUID(str(value)))
