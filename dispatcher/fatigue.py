"""How often machines reach for one person: no more than the policy's cap in its window (rule 9).

Asked by every claim, so that it is asked twice: roughly of everybody, and well of the few who may be near the cap.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, Connection, Select, and_, func, select

from dispatcher import tables
from dispatcher.bulk import also, among, among_these
from dispatcher.casebook import CaseBook
from dispatcher.draft import Row
from dispatcher.outcomes import FORGIVEN
from dispatcher.words import Means, Risk, Target

MACHINES = (Means.CARRIER.value, Means.ROBOT.value)
BY_MACHINES = (tables.dispatches.c.means.in_(MACHINES), tables.dispatches.c.target == Target.SELF.value)


def tired_of(connection: Connection, rows: list[Row], now: datetime) -> set[UUID]:
    """Those that would reach for a person more often than the cap allows (rule 9); L1 and L2 are exempt."""
    book = CaseBook(connection, now=now, actor="claim")
    tired: set[UUID] = set()
    capped = [row for row in rows if not Risk(row["risk"]).urgent and row["target"] == Target.SELF]
    capped = _often_tried(connection, capped, book)
    if not capped:
        return tired
    window = max(book.policy_of(row).fatigue.window_s for row in capped)
    counts = _reached_for(connection, {row["phone_index"] for row in capped}, now - timedelta(seconds=window))
    for row in capped:
        who = (row["phone_index"], row["means"])
        if counts.get(who, 0) >= _cap(book, row):
            tired.add(row["id"])
        else:
            counts[who] = counts.get(who, 0) + 1
    return tired


def _cap(book: CaseBook, row: Row) -> int:
    fatigue = book.policy_of(row).fatigue
    return fatigue.sms if row["means"] == Means.CARRIER else fatigue.robot


def _often_tried(connection: Connection, rows: list[Row], book: CaseBook) -> list[Row]:
    """Those whose person may be near the cap, going by all tries that there ever were: few have to be counted well."""
    if not rows:
        return []
    table = tables.dispatches
    ids = [row["id"] for row in rows]
    # found by ids, which travel sooner than persons; who was never tried, as most were not, is not told of
    people = select(table.c.phone_index).where(among(connection, table.c.id, ids))
    means = sorted({row["means"] for row in rows})
    tried = func.sum(table.c.attempts)
    query = (
        select(table.c.phone_index, table.c.means, tried)
        .where(of_people(connection, people), *BY_MACHINES, table.c.means.in_(means))
        .group_by(table.c.phone_index, table.c.means)
        .having(tried > 0)
    )
    tries = Counter((row["phone_index"], row["means"]) for row in rows)
    for person, by, attempts in connection.execute(query):
        tries[person, by] += attempts
    return [row for row in rows if tries[row["phone_index"], row["means"]] > _cap(book, row)]


def of_people(connection: Connection, people: Collection[bytes] | Select[Any]) -> ColumnElement[bool]:
    """Dispatches of all cases of these people: cases are found by the person, dispatches by their case."""
    case = tables.cases
    mine = (
        among_these(connection, case.c.phone_index, people)
        if isinstance(people, Select)
        else among(connection, case.c.phone_index, people)
    )
    theirs = select(case.c.id).where(mine)
    return among_these(connection, tables.dispatches.c.case_id, theirs)


def _reached_for(connection: Connection, people: set[bytes], since: datetime) -> dict[tuple[bytes, str], int]:
    """How often machines reached for each person since then: refused and busy requests and platform faults left out."""
    dispatch, attempt = tables.dispatches, tables.attempts
    query = (
        select(dispatch.c.phone_index, dispatch.c.means, func.count())
        .select_from(dispatch)
        .join(
            attempt,
            and_(
                attempt.c.dispatch_id == dispatch.c.id,
                also(
                    attempt.c.begun_at > since,
                    attempt.c.answer.is_(None) | attempt.c.answer.in_(("accepted", "unsure")),
                    attempt.c.outcome.is_(None) | attempt.c.outcome.not_in(sorted(FORGIVEN)),
                ),
            ),
        )
        .where(of_people(connection, people), *BY_MACHINES)
        .group_by(dispatch.c.phone_index, dispatch.c.means)
    )
    return {(person, means): count for person, means, count in connection.execute(query)}
