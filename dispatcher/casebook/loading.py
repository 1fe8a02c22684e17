"""Loading: what the transaction works on is fetched once, and its people locked, in one order."""

from __future__ import annotations

from collections.abc import Container, Iterable
from datetime import datetime
from uuid import UUID

from sqlalchemy import Connection, Table, select

from dispatcher import tables
from dispatcher.draft import Draft, Row

OPEN = "open"
CHUNK = 500
"""Ids in one IN list: well below what any database takes."""


class Loading:
    """The cases and dispatches at hand, and which of them are new or changed."""

    def __init__(self, connection: Connection, *, now: datetime, actor: str) -> None:
        self.connection = connection
        self.now = now
        self.draft = Draft(now, actor)
        self.cases: dict[UUID, Row] = {}
        self.dispatches: dict[UUID, Row] = {}
        self._of_case: dict[UUID, dict[UUID, Row]] = {}
        self._complete: set[UUID] = set()
        self._dirty_cases: set[UUID] = set()
        self._dirty_dispatches: set[UUID] = set()
        self._fresh: set[UUID] = set()
        self._families: dict[UUID, set[UUID]] = {}
        self.unrest: set[UUID] = set()
        """Cases that must be looked at by `conclude` before the end."""

    def load_cases(self, ids: Iterable[UUID]) -> None:
        """Fetch (and on PostgreSQL lock, in the order of their ids) the cases not yet here."""
        for part in _parts(_missing(ids, self.cases)):
            query = select(tables.cases).where(tables.cases.c.id.in_(part)).order_by(tables.cases.c.id)
            for row in self.connection.execute(query.with_for_update()).mappings():
                self.cases[row["id"]] = dict(row)

    def load_dispatches(self, ids: Iterable[UUID]) -> None:
        """Fetch the dispatches not yet here, and first all cases of their people: see `lock_people`."""
        wanted = _missing(ids, self.dispatches)
        if not wanted:
            return
        table = tables.dispatches
        self.lock_people(wanted)
        for part in _parts(wanted):
            for row in self.connection.execute(select(table).where(table.c.id.in_(part))).mappings():
                self._keep(dict(row))

    def lock_people(self, dispatch_ids: Iterable[UUID]) -> None:
        """Fetch all cases of the people of these dispatches. A person's cases are the lock of all that is his.

        All of them, since a case and those that share its call reach for one another; in one order, before anything
        else is locked, so that two transactions may wait for one another but never both.
        """
        self._lock_people_of(tables.dispatches, dispatch_ids)

    def lock_families(self, case_ids: Iterable[UUID]) -> None:
        """The same, by cases: all cases of the people of these."""
        self._lock_people_of(tables.cases, case_ids)

    def _lock_people_of(self, table: Table, ids: Iterable[UUID]) -> None:
        case = tables.cases
        found: set[UUID] = set()
        for part in _parts(sorted(ids)):
            people = select(table.c.phone_index).where(table.c.id.in_(part))
            found.update(self.connection.execute(select(case.c.id).where(case.c.phone_index.in_(people))).scalars())
        self.load_cases(found)

    def load_whole(self, case_ids: Iterable[UUID]) -> None:
        """Fetch the cases with all their dispatches."""
        wanted = _missing(case_ids, self._complete)
        if not wanted:
            return
        self.load_cases(wanted)
        table = tables.dispatches
        for part in _parts([case_id for case_id in wanted if case_id not in self._fresh]):
            for row in self.connection.execute(select(table).where(table.c.case_id.in_(part))).mappings():
                if row["id"] not in self.dispatches:
                    self._keep(dict(row))
        self._complete.update(wanted)

    def load_families(self, case_ids: Iterable[UUID]) -> None:
        """Fetch the open cases that share a call and visit with these."""
        table = tables.cases
        wanted = _missing(case_ids, self._families)
        if not wanted:
            return
        self._families.update({case_id: set() for case_id in wanted})
        for part in _parts(wanted):
            query = select(table.c.id, table.c.shares_case_id).where(
                table.c.shares_case_id.in_(part), table.c.state == OPEN
            )
            for member, leader in self.connection.execute(query):
                self._families[leader].add(member)
        self.load_cases(member for case_id in wanted for member in self._families[case_id])
        for case_id, row in self.cases.items():
            if row["shares_case_id"] in self._families:
                self._families[row["shares_case_id"]].add(case_id)

    def of_case(self, case_id: UUID) -> list[Row]:
        """All dispatches of a case, new ones too."""
        self.load_whole([case_id])
        return list(self._of_case.get(case_id, {}).values())

    def adopt(self, case: Row) -> Row:
        """Take a new case into the book; it is inserted at the end."""
        self.cases[case["id"]] = self.draft.add(tables.cases, case)
        self._fresh.add(case["id"])
        self._complete.add(case["id"])
        if case["shares_case_id"] in self._families:
            self._families[case["shares_case_id"]].add(case["id"])
        return case

    def _keep(self, row: Row) -> None:
        self.dispatches[row["id"]] = row
        self._of_case.setdefault(row["case_id"], {})[row["id"]] = row

    def touch(self, dispatch: Row) -> None:
        """Note that a dispatch was changed."""
        self._dirty_dispatches.add(dispatch["id"])

    def touch_case(self, case: Row) -> None:
        """Note that a case was changed."""
        if case["id"] not in self._fresh:
            self._dirty_cases.add(case["id"])


def _missing(ids: Iterable[UUID], there: Container[UUID]) -> list[UUID]:
    """Those of `ids` that are not there, once each, ascending. Cheap when all are: it is asked for every single row."""
    return sorted({one for one in ids if one not in there})


def _parts(ids: list[UUID]) -> Iterable[list[UUID]]:
    return (ids[start : start + CHUNK] for start in range(0, len(ids), CHUNK))
