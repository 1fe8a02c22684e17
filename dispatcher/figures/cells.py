"""Cells: what adds up, by day and county, so that a year is the sum of few rows. A fold moves them as its facts change;
`verify` sums all of them up anew.

Persons with one case alone add up too, and stand in the cells; all others are counted from their facts.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from operator import add
from typing import Any

from sqlalchemy import (
    BigInteger,
    ColumnElement,
    Connection,
    FromClause,
    Select,
    String,
    and_,
    case,
    cast,
    delete,
    func,
    insert,
    literal,
    literal_column,
    select,
)
from sqlalchemy import tuple_ as group

from dispatcher import tables
from dispatcher.bulk import put
from dispatcher.figures.facts import COUNTS
from dispatcher.figures.marks import Mark
from dispatcher.figures.parts import Alerts, Part, Persons, Sum
from dispatcher.figures.sums import has

ALERTS: Mapping[Mark, str] = {
    Mark.PERSON: "alerts",
    Mark.PUSH_KNOWN | Mark.PUSH_ON_TIME: "alerts_push_on_time",
    Mark.PUSH_KNOWN: "alerts_push_known",
    Mark.JUDGED | Mark.ACCURATE: "alerts_accurate",
    Mark.JUDGED: "alerts_judged",
    Mark.KEPT_HERE: "alerts_kept_here",
    Mark.HAS_LOSS: "alerts_has_loss",
    Mark.HAS_SAVED: "alerts_has_saved",
    Mark.HAS_STOPPED: "alerts_has_stopped",
    Mark.CLOSED: "alerts_closed",
    Mark.UNREACHABLE: "alerts_unreachable",
}
PERSONS: Mapping[Mark, str] = {
    Mark.PERSON: "persons",
    Mark.ANSWERED: "persons_answered",
    Mark.CALLED: "persons_called",
    Mark.MET: "persons_met",
    Mark.VISIT_ASKED: "persons_visit_asked",
    Mark.MET_ON_TIME: "persons_met_on_time",
    Mark.MET_RIPE: "persons_met_ripe",
    Mark.REACHED: "persons_reached",
    Mark.KEPT: "persons_kept",
    Mark.REACHED_RIPE: "persons_reached_ripe",
    Mark.SAFE | Mark.REACHED: "persons_reached_safe",
    Mark.CONTACT_MISSED: "persons_contact_missed",
    Mark.CONTACT_RIPE: "persons_contact_ripe",
    Mark.LOST: "persons_lost",
    Mark.RIPE: "persons_ripe",
    Mark.SMS_LOST: "persons_sms_lost",
    Mark.SMS_RIPE: "persons_sms_ripe",
    Mark.CALL_LOST: "persons_call_lost",
    Mark.CALL_RIPE: "persons_call_ripe",
    Mark.MEETING_LOST: "persons_meeting_lost",
    Mark.MEETING_RIPE: "persons_meeting_ripe",
}
KEYS = ("depth", "day", "region", "is_test", "history")
SUMS = tuple(column.name for column in tables.figures_days.columns if column.name not in KEYS)
"""The columns that are sums; figures_kinds has the same."""

DEPTHS = (6, 4, 2)
"""Digits of a code that tell a county, a prefecture, a province."""

PAIRS = 300
"""Days and counties in one statement."""

WHOLE_DAY = 100
"""A day of which so many counties changed is summed up whole, in one go."""

Place = tuple[int, str]
"""A day and a county."""
Key = tuple[int, str, bool, bool]
"""A day, a county, and the kind of alert: test, imported."""
CellKey = tuple[int, int, str, bool, bool]
"""The same of any depth, as the table has it: depth, day, region, test, imported."""

NOTHING = (0,) * len(SUMS)


def in_cells(part: Part) -> bool:
    """Whether the cells know this part; of persons, those with one case."""
    if isinstance(part, Alerts):
        return part.joined or part.marks in ALERTS
    return isinstance(part, Sum) or (isinstance(part, Persons) and part.marks in PERSONS)


def told_by_cells(cells: FromClause, part: Part) -> ColumnElement[Any]:
    """What a cell says of a part. Only for parts that are `in_cells`."""
    if isinstance(part, Sum):
        found: ColumnElement[Any] = sum((cells.c[name] for name in part.columns[1:]), cells.c[part.columns[0]])
        return found
    if isinstance(part, Alerts):
        return cells.c["pushes" if part.joined else ALERTS[part.marks]]
    assert isinstance(part, Persons)
    return cells.c[PERSONS[part.marks]]


def told_by_facts(facts: FromClause, part: Part) -> ColumnElement[Any]:
    """The same of one fact: 0, 1, or a sum's summand."""
    if isinstance(part, Sum):
        found: ColumnElement[Any] = sum((facts.c[name] for name in part.columns[1:]), facts.c[part.columns[0]])
        return found
    if isinstance(part, Alerts):
        return case((has(facts.c.marks, part.marks), 1), else_=0) if not part.joined else case((facts.c.day >= 0, 1))
    assert isinstance(part, Persons)
    return case((facts.c.alone & has(facts.c.marks, part.marks), 1), else_=0)


def right_cells(depth: int = 6) -> Select[Any]:
    """The cells of a depth as the facts at rest make them, with the columns of the table, in their order."""
    return _cells(tables.figures_alerts, depth, summands())


def summands() -> dict[str, ColumnElement[Any]]:
    """What a fact at rest adds to each sum, by the sum's column."""
    parts: dict[str, Part] = {"pushes": Alerts(joined=True)}
    parts |= {name: Alerts(marks) for marks, name in ALERTS.items()}
    parts |= {name: Persons(marks) for marks, name in PERSONS.items()}
    parts |= {name: Sum("", (name,)) for name in COUNTS}
    return {name: told_by_facts(tables.figures_alerts, part) for name, part in parts.items()}


def _cells(source: FromClause, depth: int, told: Mapping[str, ColumnElement[Any]]) -> Select[Any]:
    """A source's columns summed up by day, region of this depth, and kind."""
    region = region_of(source, depth)
    keys = [source.c.day, region.label("region"), source.c.is_test, source.c.history]
    groups = [source.c.day, region, source.c.is_test, source.c.history]
    return select(literal(depth).label("depth"), *keys, *summed_up(told)).group_by(*groups)


def region_of(source: FromClause, depth: int) -> ColumnElement[Any]:
    """The code of the region of this depth in which a row's region lies."""
    if depth == 6:
        return source.c.region
    zeros: ColumnElement[str] = literal_column(f"'{'0' * (6 - depth)}'")
    return func.substr(source.c.region, literal_column("1"), literal_column(str(depth)), type_=String()).concat(zeros)


def summed_up(told: Mapping[str, ColumnElement[Any]]) -> list[ColumnElement[Any]]:
    """The sums of what rows tell, in the order of the table's columns."""
    return [cast(func.sum(told[name]), BigInteger).label(name) for name in SUMS]


def sums_of(connection: Connection, mine: ColumnElement[bool]) -> dict[Key, Sequence[int]]:
    """What the facts `mine` add up to, by day, county and kind."""
    found = connection.execute(right_cells().where(mine))
    return {(row[1], row[2], row[3], row[4]): row[len(KEYS) :] for row in found}


def move_cells(connection: Connection, before: Mapping[Key, Sequence[int]], after: Mapping[Key, Sequence[int]]) -> None:
    """Move the cells of all depths from what some facts added up to, to what they add up to now.

    The caller is alone, and changed these facts in this transaction. The work is that of what changed, however many
    facts a day has. A cell whose last fact has gone goes too.
    """
    moved: dict[CellKey, list[int]] = {}
    for key in before.keys() | after.keys():
        by = [new - old for new, old in zip(after.get(key, NOTHING), before.get(key, NOTHING), strict=True)]
        if any(by):
            for one in _cells_of(key):
                moved[one] = list(map(add, moved.get(one, NOTHING), by))
    cell = tables.figures_days
    names = [column.name for column in cell.columns]
    for where, keys in _near(moved):
        kept: dict[Any, Sequence[int]] = {
            tuple(row[: len(KEYS)]): row[len(KEYS) :] for row in connection.execute(select(cell).where(where))
        }
        kept |= {key: list(map(add, kept.get(key, NOTHING), moved[key])) for key in keys}
        connection.execute(delete(cell).where(where))
        put(connection, cell, [dict(zip(names, (*key, *sums), strict=True)) for key, sums in kept.items() if any(sums)])


def _cells_of(key: Key) -> Iterable[CellKey]:
    """A county's cell, and those of its prefecture and its province."""
    day, region, is_test, history = key
    return ((depth, day, region[:depth].ljust(6, "0"), is_test, history) for depth in DEPTHS)


def _near(keys: Iterable[CellKey]) -> Iterable[tuple[ColumnElement[bool], list[CellKey]]]:
    """Conditions that between them mean all these cells, each with those it is for; it may mean others of a day."""
    cell = tables.figures_days
    by_day: dict[int, list[CellKey]] = defaultdict(list)
    for key in sorted(keys):
        by_day[key[1]].append(key)
    few = [key for mine in by_day.values() if len(mine) < WHOLE_DAY for key in mine]
    for part in (few[start : start + PAIRS] for start in range(0, len(few), PAIRS)):
        yield group(cell.c.depth, cell.c.day, cell.c.region).in_([key[:3] for key in part]), part
    for day, mine in by_day.items():
        if len(mine) >= WHOLE_DAY:
            yield and_(cell.c.depth.in_(DEPTHS), cell.c.day == day), mine


def make_cells_anew(connection: Connection, places: Collection[Place]) -> None:
    """Sum up the facts of these days and counties once more, and then their prefectures and provinces of these days."""
    cell, fact = tables.figures_days, tables.figures_alerts
    names = [column.name for column in cell.columns]
    counties = Counter(day for day, _ in places)
    full = sorted(day for day, many in counties.items() if many >= WHOLE_DAY)
    for part in _parts(sorted(place for place in places if counties[place[0]] < WHOLE_DAY)):
        connection.execute(delete(cell).where(cell.c.depth == 6, group(cell.c.day, cell.c.region).in_(part)))
        made = right_cells().where(group(fact.c.day, fact.c.region).in_(part))
        connection.execute(insert(cell).from_select(names, made))
    for day in full:
        connection.execute(delete(cell).where(cell.c.depth == 6, cell.c.day == day))
        connection.execute(insert(cell).from_select(names, right_cells().where(fact.c.day == day)))
    days = sorted(counties)
    county = cell.alias("county")
    sums = {name: county.c[name] for name in names}
    for start in range(0, len(days), PAIRS):
        part_of = days[start : start + PAIRS]
        connection.execute(delete(cell).where(cell.c.depth < 6, cell.c.day.in_(part_of)))
        for depth in DEPTHS[1:]:
            made = _cells(county, depth, sums).where(county.c.depth == 6, county.c.day.in_(part_of))
            connection.execute(insert(cell).from_select(names, made))


def _parts(places: list[Place]) -> Iterable[list[Place]]:
    return (places[start : start + PAIRS] for start in range(0, len(places), PAIRS))
