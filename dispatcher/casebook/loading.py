"""Loading: what the transaction works on is fetched once, and its people locked, in one order."""

from __future__ import annotations

from collections.abc import Container, Iterable
from datetime import datetime
from uuid import UUID

from sqlalchemy import ColumnElement, Connection, Table, func, select

from dispatcher import tables
from dispatcher.bulk import among, among_these, rows_of
from dispatcher.draft import Draft, Row
from dispatcher.store import is_postgres

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
        self._people: set[bytes] = set()  # those whose cases are all here
        self.unrest: set[UUID] = set()
        """Cases that must be looked at by `conclude` before the end."""

    def load_cases(self, ids: Iterable[UUID]) -> None:
        """Fetch (and on PostgreSQL lock, in the order of their ids) the cases not yet here."""
        for part in _parts(_missing(ids, self.cases)):
            self._lock_cases(among(self.connection, tables.cases.c.id, part))

    def _lock_cases(self, which: ColumnElement[bool]) -> list[Row]:
        table = tables.cases
        query = select(table).where(which).order_by(table.c.id).with_for_update(key_share=True)
        rows = rows_of(self.connection.execute(query))
        for row in rows:
            self.cases.setdefault(row["id"], row)  # one that is at hand may have been changed
        return rows

    def load_dispatches(self, ids: Iterable[UUID], *, whole: bool = False) -> None:
        """Fetch the dispatches not yet here, and first all cases of their people: see `lock_people`.

        `whole`: with all dispatches of the same cases, which `load_whole` would fetch next.
        """
        wanted = _missing(ids, self.dispatches)
        if not wanted:
            return
        table = tables.dispatches
        self.lock_people(wanted)
        for part in _parts(wanted):
            these = among(self.connection, table.c.id, part)
            if whole:
                cases = select(table.c.case_id).where(these)
                these = among_these(self.connection, table.c.case_id, cases)
            for row in rows_of(self.connection.execute(select(table).where(these))):
                if row["id"] not in self.dispatches:
                    self._keep(row)
                if whole:
                    self._complete.add(row["case_id"])

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
        wanted = sorted(ids)
        # in one statement where it locks: parts would each be in order, and not all of them
        for part in [wanted] if is_postgres(self.connection) else _parts(wanted):
            people = select(table.c.phone_index).where(among(self.connection, table.c.id, part))
            rows = self._lock_cases(among_these(self.connection, tables.cases.c.phone_index, people))
            self._people.update(row["phone_index"] for row in rows)

    def load_whole(self, case_ids: Iterable[UUID]) -> None:
        """Fetch the cases with all their dispatches."""
        wanted = _missing(case_ids, self._complete)
        if not wanted:
            return
        self.load_cases(wanted)
        table = tables.dispatches
        for part in _parts([case_id for case_id in wanted if case_id not in self._fresh]):
            query = select(table).where(among(self.connection, table.c.case_id, part))
            for row in rows_of(self.connection.execute(query)):
                if row["id"] not in self.dispatches:
                    self._keep(row)
        self._complete.update(wanted)

    def load_families(self, case_ids: Iterable[UUID]) -> None:
        """Fetch the open cases that share a call and visit with these."""
        table = tables.cases
        wanted = _missing(case_ids, self._families)
        if not wanted:
            return
        self._families.update({case_id: set() for case_id in wanted})
        # who shares a call is the same person: where all cases of a person are here, nothing has to be fetched. On
        # PostgreSQL a case that was opened while this transaction waited for the person's lock is not among them
        here = set() if is_postgres(self.connection) else self._people
        unknown = [one for one in wanted if one not in self.cases or self.cases[one]["phone_index"] not in here]
        for part in _parts(unknown):
            query = select(table.c.id, table.c.shares_case_id).where(
                among(self.connection, table.c.shares_case_id, part), table.c.state == OPEN
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


def only_lock_people(connection: Connection, dispatch_ids: Iterable[UUID]) -> None:
    """Lock all cases of the people of these dispatches, as `lock_people` does, and fetch nothing."""
    case, dispatch = tables.cases, tables.dispatches
    people = select(dispatch.c.phone_index).where(among(connection, dispatch.c.id, list(dispatch_ids)))
    theirs = among_these(connection, case.c.phone_index, people)
    locked = select(case.c.id).where(theirs).order_by(case.c.id).with_for_update(key_share=True).subquery()
    connection.execute(select(func.count()).select_from(locked))


def _missing(ids: Iterable[UUID], there: Container[UUID]) -> list[UUID]:
    """Those of `ids` that are not there, once each, ascending. Cheap when all are: it is asked for every single row."""
    found = [one for one in ids if one not in there]
    return sorted(set(found)) if found else found


def _parts(ids: list[UUID]) -> Iterable[list[UUID]]:
    return (ids[start : start + CHUNK] for start in range(0, len(ids), CHUNK))
