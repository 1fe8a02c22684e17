"""The fold: facts of touched people are made anew, whole, from their rows, and sums move with them; so none can drift.

Any worker folds, one at a time; another finds the lock taken and goes on. A fold that is killed leaves everything as
it was. What is folded twice is the same twice.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import Connection, delete, insert, select

from dispatcher import tables
from dispatcher.bulk import among, among_all, as_if_in_memory, put
from dispatcher.figures.alone import alone
from dispatcher.figures.cells import move_cells, sums_of
from dispatcher.figures.facts import COLUMNS, ON_TIME_PUSH_S, facts
from dispatcher.figures.instants import to_ms
from dispatcher.figures.joined import Mine
from dispatcher.figures.resting import facts_of_rested_days, strike_out
from dispatcher.store import Store, is_postgres
from dispatcher.touched import read_touched, written

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
    young: timedelta = timedelta(0),
) -> int:
    """Make anew the facts of people whose cases were touched, or whom time alone has changed. Commits.

    `many`: as many at once as are cheapest, for an import. `rest`: not before a change is so old; then all that waits
    is taken, but for cases whose first change is younger than `young`: more befalls them this moment, and one fold is
    to see it all. Returns how many cases were folded; 0: nothing waits, or another worker is at it. Safe to call by
    many at once.
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
        taken, others = _take(connection, most, now - young if young else None)
        touched = {case_id for row in taken for case_id in read_touched(row.cases)}
        touched |= set(ripe(connection, now, limit=max(0, most - len(touched))))
        ids = whole_people(connection, touched)
        _make_anew(connection, ids, now, on_time_push_s)
        _cross_out(connection, taken, others, ids)
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
    as_if_in_memory(connection)
    fact = tables.figures_alerts
    mine = among(connection, fact.c.case_id, ids)
    sums_before = sums_of(connection, mine)
    before = facts_of_rested_days(connection, mine, {day for day, *_ in sums_before})
    connection.execute(delete(fact).where(mine))
    made = facts(these(connection, ids), now=now, on_time_push_s=on_time_push_s)
    connection.execute(insert(fact).from_select(COLUMNS, made))
    sums_now = sums_of(connection, mine)
    after = facts_of_rested_days(connection, mine, {day for day, *_ in sums_now})
    strike_out(connection, {day for day in before.keys() | after.keys() if before.get(day) != after.get(day)})
    move_cells(connection, sums_before, sums_now)


def _take(connection: Connection, most: int, until: datetime | None) -> tuple[list[Any], list[Any]]:
    """The oldest notes, up to one later than `until`, and those from there on. Together they name at most `most` cases,
    unless the first alone names more; where more than that wait, the others are not looked at."""
    found = _changes(connection, most)
    touched: set[UUID] = set()
    for place, row in enumerate(found):
        if until is not None and row.at > until:
            return list(found[:place]), list(found[place:])
        named = set(read_touched(row.cases))
        if place and len(touched | named) > most:
            return list(found[:place]), []
        touched |= named
    return list(found), []


def _cross_out(connection: Connection, taken: Sequence[Any], others: Sequence[Any], folded: Sequence[UUID]) -> None:
    """The notes that were taken are done with, and so is what others say of people who were folded just now.

    We read the others before the rows: so what they tell of had been written.
    """
    change, done = tables.figures_changes, set(folded)
    left = []
    for row in others:
        named = list(read_touched(row.cases))
        still = [case_id for case_id in named if case_id not in done]
        if len(still) < len(named):
            taken = [*taken, row]
            left.append({"id": row.id, "at": row.at, "cases": written(still)})
    connection.execute(delete(change).where(among(connection, change.c.id, [row.id for row in taken])))
    put(connection, change, [row for row in left if row["cases"]])


def _changes(connection: Connection, limit: int) -> Sequence[Any]:
    change = tables.figures_changes
    return connection.execute(select(change.c.id, change.c.at, change.c.cases).order_by(change.c.id).limit(limit)).all()
