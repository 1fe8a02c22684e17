"""Whether the facts at rest are what the rows say: every single one is made again and compared."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime
from uuid import UUID

from sqlalchemy import Connection, select, union

from dispatcher import tables
from dispatcher.bulk import among
from dispatcher.figures.alone import wait_until_alone
from dispatcher.figures.cells import DEPTHS, Place, make_cells_anew, right_cells
from dispatcher.figures.facts import COLUMNS, ON_TIME_PUSH_S, facts
from dispatcher.figures.folding import ripe, these, touched_since, whole_people
from dispatcher.figures.resting import DEPTHS as RESTING_DEPTHS
from dispatcher.figures.resting import NAMES, make_day_anew, right_kinds, strike_out
from dispatcher.store import Store, is_postgres
from dispatcher.tables.figures_kinds import KINDS
from dispatcher.touched import note_touched

PAGE = 2_000
SMALL = 300
EVERYTHING = 1 << 40
DAYS = 20


@dataclass(slots=True)
class Verified:
    """What was compared. `waiting`: cases left out, since a change of theirs is not folded yet.

    `drifted`: cases whose facts are not what their rows say, are missing, or are of a case that is not there.
    `cells`: days and regions whose sums are not those of the facts. `days`: days at rest whose sums by level, type,
    hour or source are not.
    """

    compared: int = 0
    waiting: int = 0
    drifted: list[UUID] = field(default_factory=list)
    cells: list[Place] = field(default_factory=list)
    days: list[int] = field(default_factory=list)

    @property
    def agrees(self) -> bool:
        """Everything that was compared is as it should be."""
        return not self.drifted and not self.cells and not self.days


def verify(store: Store, *, now: datetime, on_time_push_s: float = ON_TIME_PUSH_S) -> Verified:
    """Compare all facts with the rows. Reads page by page; changes nothing."""
    found = Verified()
    after: UUID | None = None
    while True:
        with store.read() as connection:
            page = _page(connection, after)
            if not page:
                break
            waiting = set(_waiting(connection, now))
            wanted = [case_id for case_id in page if case_id not in waiting]
            found.compared += len(wanted)
            found.waiting += len(page) - len(wanted)
            found.drifted += [one for one in _drifted(connection, wanted, now, on_time_push_s) if one not in waiting]
        after = page[-1]
    with store.read() as connection:
        found.cells = _drifted_cells(connection)
        found.days = _drifted_days(connection)
    return found


def _drifted_cells(connection: Connection) -> list[Place]:
    cell = tables.figures_days
    right = {tuple(row) for depth in DEPTHS for row in connection.execute(right_cells(depth))}
    kept = {tuple(row) for row in connection.execute(select(cell))}
    return sorted({(row[1], row[2]) for row in right ^ kept})


def _drifted_days(connection: Connection) -> list[int]:
    """Days at rest, some at a time: they have some hundred sums each."""
    kind, fact, rested = tables.figures_kinds, tables.figures_alerts, tables.figures_rested
    days = sorted(connection.execute(select(rested.c.day)).scalars())
    place, found = NAMES.index("day"), set()
    for start in range(0, len(days), DAYS):
        mine = days[start : start + DAYS]
        right = {
            tuple(row)
            for dimension in KINDS
            for depth in RESTING_DEPTHS
            for row in connection.execute(right_kinds(dimension, depth).where(fact.c.day.in_(mine)))
        }
        kept = {tuple(row) for row in connection.execute(select(kind).where(kind.c.day.in_(mine)))}
        found |= {row[place] for row in right ^ kept}
    return sorted(found)


def repair(store: Store, found: Verified, *, now: datetime) -> None:
    """Have the drifted cases folded anew, by whichever worker comes first; sum up drifted cells and days. Commits."""
    for start in range(0, len(found.drifted), PAGE):
        with store.write() as connection:
            note_touched(connection, found.drifted[start : start + PAGE], now=now)
    with store.write() as connection:
        wait_until_alone(connection)
        make_cells_anew(connection, found.cells)
    for day in found.days:
        with store.write() as connection:
            wait_until_alone(connection)
            strike_out(connection, [day])
            make_day_anew(connection, day)


def _page(connection: Connection, after: UUID | None) -> list[UUID]:
    """The next ids of cases that have rows or facts."""
    case, fact = tables.cases, tables.figures_alerts
    parts = []
    size = PAGE if is_postgres(connection) else SMALL
    for column in (case.c.id, fact.c.case_id):
        query = select(column.label("id")).distinct().order_by(column).limit(size)
        parts.append(query if after is None else query.where(column > after))
    both = union(*(select(part.subquery()) for part in parts)).subquery()
    return list(connection.execute(select(both.c.id).order_by(both.c.id).limit(size)).scalars())


def _waiting(connection: Connection, now: datetime) -> Iterator[UUID]:
    """Cases whose facts are to be made anew in any case."""
    known = touched_since(connection, most=EVERYTHING) or set()
    yield from whole_people(connection, known | set(ripe(connection, now, limit=EVERYTHING)))


def _drifted(connection: Connection, ids: list[UUID], now: datetime, on_time_push_s: float) -> list[UUID]:
    if not ids:
        return []
    fact = tables.figures_alerts
    people = whole_people(connection, ids) or ids
    made = facts(these(connection, people), now=now, on_time_push_s=on_time_push_s)
    kept = select(*(fact.c[name] for name in COLUMNS)).where(among(connection, fact.c.case_id, ids))
    wanted = set(ids)
    right = {tuple(row) for row in connection.execute(made) if row.case_id in wanted}
    differs = right ^ {tuple(row) for row in connection.execute(kept)}
    place = COLUMNS.index("case_id")
    return sorted({row[place] for row in differs})
