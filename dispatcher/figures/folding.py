"""The fold: facts of touched people are made anew, whole, from their rows; so a figure cannot drift.

Any worker folds, one at a time; another finds the lock taken and goes on. A fold that is killed leaves everything as
it was. What is folded twice is the same twice.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, Connection, delete, insert, select

from dispatcher import tables
from dispatcher.bulk import among, among_all
from dispatcher.figures.alone import alone
from dispatcher.figures.cells import Place, make_cells_anew
from dispatcher.figures.facts import COLUMNS, ON_TIME_PUSH_S, facts
from dispatcher.figures.instants import to_ms
from dispatcher.figures.joined import Mine
from dispatcher.figures.resting import facts_of_rested_days, strike_out
from dispatcher.store import Store, is_postgres
from dispatcher.touched import read_touched

CASES = 6_000
SMALL = 300
"""Cases folded in one transaction; fewer on SQLite, where everybody else waits meanwhile. What a burst of some seconds
touches should be one fold: planning its statement costs as much as folding three hundred cases, and a case whose notes
fall into two folds is folded twice."""

MANY = 10_000
MANY_SMALL = 2_000
"""The same for whoever has brought a year of cases: half the work for each, and others wait some seconds. More on
SQLite would be more parameters than a statement may have."""


def fold(
    store: Store,
    *,
    now: datetime,
    on_time_push_s: float = ON_TIME_PUSH_S,
    many: bool = False,
    rest: timedelta = timedelta(0),
) -> int:
    """Make anew the facts of people whose cases were touched, or whom time alone has changed. Commits.

    `many`: as many at once as are cheapest, for an import. `rest`: not before a change is so old, so that what befalls
    an alert within moments is folded once; then all that waits is taken. Returns how many cases were folded; 0:
    nothing waits, or another worker is at it. Safe to call by many at once.
    """
    with store.read() as connection:  # a look costs no writer's turn
        waits = [row.at for row in _changes(connection, 1) if row.at <= now - rest]
        if not waits and not ripe(connection, now - rest, limit=1):
            return 0
    with store.write() as connection:
        if not alone(connection):
            return 0
        plenty, few = (MANY, MANY_SMALL) if many else (CASES, SMALL)
        most = plenty if is_postgres(connection) else few
        notes, touched = _take(connection, most)
        touched |= set(ripe(connection, now, limit=max(0, most - len(touched))))
        ids = whole_people(connection, touched)
        _make_anew(connection, ids, now, on_time_push_s)
        change = tables.figures_changes
        connection.execute(delete(change).where(among(connection, change.c.id, notes)))
    return len(ids)


def ripe(connection: Connection, now: datetime, *, limit: int) -> Sequence[UUID]:
    """Cases whose facts time alone has changed."""
    fact = tables.figures_alerts
    query = select(fact.c.case_id).where(fact.c.ripens_ms <= to_ms(now)).order_by(fact.c.ripens_ms).limit(limit)
    return connection.execute(query).scalars().all()


def touched_since(connection: Connection, *, most: int) -> set[UUID] | None:
    """Cases that no fold has seen since they were touched; None where they are more than `most`."""
    found: set[UUID] = set()
    for row in _changes(connection, most + 1):
        found.update(read_touched(row.cases))
    return found if len(found) <= most else None


def whole_people(connection: Connection, case_ids: Collection[UUID]) -> list[UUID]:
    """These cases and all others of their people, who share voices and losses; ascending."""
    if not case_ids:
        return []
    case = tables.cases
    people = select(case.c.phone_index).where(among(connection, case.c.id, sorted(case_ids)))
    found = list(connection.execute(people.distinct()).scalars())
    query = select(case.c.id).where(among(connection, case.c.phone_index, found)).order_by(case.c.id)
    return list(connection.execute(query).scalars())


def these(connection: Connection, ids: Sequence[UUID]) -> Mine:
    """Says of a column that it holds one of these ids."""
    return among_all(connection, tables.cases.c.id.type, ids, counted=True)


def _make_anew(connection: Connection, ids: Sequence[UUID], now: datetime, on_time_push_s: float) -> None:
    if not ids:
        return
    fact = tables.figures_alerts
    mine = among(connection, fact.c.case_id, ids)
    places = _places(connection, mine)
    before = facts_of_rested_days(connection, mine, {day for day, _ in places})
    connection.execute(delete(fact).where(mine))
    made = facts(these(connection, ids), now=now, on_time_push_s=on_time_push_s)
    connection.execute(insert(fact).from_select(COLUMNS, made))
    places_now = _places(connection, mine)
    after = facts_of_rested_days(connection, mine, {day for day, _ in places_now})
    strike_out(connection, {day for day in before.keys() | after.keys() if before.get(day) != after.get(day)})
    make_cells_anew(connection, places | places_now)


def _places(connection: Connection, mine: ColumnElement[bool]) -> set[Place]:
    """The days and counties of these facts."""
    fact = tables.figures_alerts
    query = select(fact.c.day, fact.c.region).where(mine).distinct()
    return {(day, region) for day, region in connection.execute(query)}


def _take(connection: Connection, most: int) -> tuple[list[UUID], set[UUID]]:
    """The oldest notes, and the cases that they name: at least one note, and no more cases than `most` if it can be."""
    notes: list[UUID] = []
    touched: set[UUID] = set()
    for row in _changes(connection, most):
        named = set(read_touched(row.cases))
        if notes and len(touched | named) > most:
            break
        notes.append(row.id)
        touched |= named
    return notes, touched


def _changes(connection: Connection, limit: int) -> Sequence[Any]:
    change = tables.figures_changes
    return connection.execute(select(change.c.id, change.c.at, change.c.cases).order_by(change.c.id).limit(limit)).all()
