"""What is known before a batch is taken: alerts that came before, and the people whom it speaks of."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from itertools import groupby
from operator import itemgetter
from typing import Any
from uuid import UUID

from sqlalchemy import ARRAY, Column, Connection, column, func, literal, select, text, true

from dispatcher import tables
from dispatcher.alert import Alert, Withdrawal
from dispatcher.bulk import among, rows_of
from dispatcher.draft import Row
from dispatcher.join import Known
from dispatcher.store import is_postgres

SEEN = (
    "id",
    "source",
    "source_ref",
    "body_index",
    "case_id",
    "merged",
    "is_test",
    "withdrawn_at",
    "revision",
    "risk",
    "fraud_type",
    "region",
    "received_at",
    "phone_index",
)
"""What must be known of an alert that came before, to answer its repeat, to amend or to withdraw it."""

KNOWN = (
    "id",
    "phone_index",
    "is_test",
    "fraud_type",
    "state",
    "opened_at",
    "close_code",
    "closed_at",
    "shares_case_id",
)

_LOCK = text("SELECT count(pg_advisory_xact_lock(name)) FROM unnest(CAST(:names AS bigint[])) AS name")


class Memory:
    """Alerts, people and sources of one batch: read once, then kept up as the batch is taken.

    `seen`: one row per (source, source_ref).
    `people`: the cases of each (phone index, is a test), in the order of their ids.
    `sources`: by case, when each source last spoke of it.
    """

    def __init__(self, connection: Connection, *, now: datetime) -> None:
        self.connection = connection
        self.now = now
        self.seen: dict[tuple[str, str], Row] = {}
        self.people: dict[tuple[bytes, bool], list[Known]] = {}
        self.sources: dict[UUID, dict[str, datetime]] = {}

    def load(self, alerts: Sequence[Alert | Withdrawal], indexes: list[bytes]) -> None:
        """Lock the people with these phone indexes (ascending, once each), then read what is there of them."""
        self._lock_people(indexes)
        self._load_seen(alerts)
        self._load_people(indexes)
        self._load_sources()

    def people_of(self, withdrawals: Sequence[Withdrawal]) -> set[bytes]:
        """The phone indexes of alerts that are to be withdrawn: a withdrawal itself names no person."""
        return {row["phone_index"] for row in self._told_before(withdrawals, ("phone_index",))}

    def forget(self, case_id: UUID) -> None:
        """No source speaks of a case any more: all that was said of it is withdrawn."""
        self.sources.pop(case_id, None)

    def hear(self, case_id: UUID, source: str) -> None:
        """Note that a source speaks of a case now."""
        self.sources.setdefault(case_id, {})[source] = self.now

    def is_second_source(self, case_id: UUID, source: str, *, within_s: float) -> bool:
        """True where others spoke of the case within `within_s` seconds, and this source did not."""
        heard = self.sources.get(case_id, {})
        recent = [other for other, at in heard.items() if (self.now - at).total_seconds() <= within_s]
        return bool(recent) and source not in recent

    def cases_of(self, phone_index: bytes, *, is_test: bool) -> list[Known]:
        """The cases of one person; `opened` and `refresh` keep the list up."""
        return self.people.setdefault((phone_index, is_test), [])

    def all_cases_of(self, phone_index: bytes) -> list[Known]:
        """The cases of one person, tests and others."""
        return [known for is_test in (False, True) for known in self.people.get((phone_index, is_test), ())]

    def opened(self, case: Row) -> None:
        """Later alerts of this batch may join the new case."""
        self.cases_of(case["phone_index"], is_test=case["is_test"]).append(_known(case))

    def refresh(self, case: Row) -> None:
        """Later alerts of this batch see the case as it now is."""
        known = self.people[case["phone_index"], case["is_test"]]
        known[:] = [_known(case) if item.id == case["id"] else item for item in known]

    def _lock_people(self, indexes: list[bytes]) -> None:
        """Two batches never plan for one person at once: PostgreSQL locks each person, SQLite the whole file."""
        if indexes and is_postgres(self.connection):
            names = [int.from_bytes(index[:8], "big", signed=True) for index in indexes]
            self.connection.execute(_LOCK, {"names": names})

    def _load_seen(self, alerts: Sequence[Alert | Withdrawal]) -> None:
        for row in self._told_before(alerts, SEEN):
            self.seen[row["source"], row["source_ref"]] = row

    def _told_before(self, alerts: Sequence[Alert | Withdrawal], fields: Sequence[str]) -> list[Row]:
        """These fields of the alerts that have come before under the names of `alerts`."""
        table = tables.alerts
        columns = [table.c[name] for name in fields]
        names = sorted({(alert.source, alert.source_ref) for alert in alerts})
        if not names:
            return []
        if not is_postgres(self.connection):
            return [row for these in _by_source(names) for row in self._of_one_source(columns, these)]
        # each name looked up by the index, whatever the planner knows of the table: a statement for a batch of many
        # sources costs what one for each of them did
        kinds = (table.c.source.type, table.c.source_ref.type)
        arrays = (literal(list(each), ARRAY(kind)) for each, kind in zip(zip(*names, strict=True), kinds, strict=True))
        told = func.unnest(*arrays).table_valued(column("source", kinds[0]), column("source_ref", kinds[1]))
        told = told.render_derived(name="told")
        same = (table.c.source == told.c.source, table.c.source_ref == told.c.source_ref)
        seen = select(*columns).where(*same).limit(1).lateral("seen")
        return rows_of(self.connection.execute(select(seen).select_from(told).join(seen, true())))

    def _of_one_source(self, columns: Sequence[Column[Any]], names: Sequence[tuple[str, str]]) -> list[Row]:
        """For SQLite, which reads the whole table where it is asked for pairs."""
        table, references = tables.alerts, [source_ref for _, source_ref in names]
        mine = (table.c.source == names[0][0], among(self.connection, table.c.source_ref, references))
        return rows_of(self.connection.execute(select(*columns).where(*mine)))

    def _load_people(self, indexes: list[bytes]) -> None:
        """All cases of these people, locked in one order: see `CaseBook.lock_people`."""
        table = tables.cases
        if not indexes:
            return
        theirs = among(self.connection, table.c.phone_index, indexes)
        columns = (table.c[name] for name in KNOWN)
        query = select(*columns).where(theirs).order_by(table.c.id).with_for_update(key_share=True)
        for row in rows_of(self.connection.execute(query)):
            self.people.setdefault((row["phone_index"], row["is_test"]), []).append(_known(row))

    def _load_sources(self) -> None:
        """Which source spoke last when of the cases that may be joined."""
        table = tables.alerts
        ids = [known.id for cases in self.people.values() for known in cases]
        if not ids:
            return
        live = (among(self.connection, table.c.case_id, ids), table.c.withdrawn_at.is_(None))
        query = select(table.c.case_id, table.c.source, table.c.received_at).where(*live)
        for case_id, source, at in self.connection.execute(query.order_by(table.c.received_at)):
            self.sources.setdefault(case_id, {})[source] = at


def _by_source(names: Sequence[tuple[str, str]]) -> list[list[tuple[str, str]]]:
    """Sorted names, one list for each source."""
    return [list(mine) for _, mine in groupby(names, key=itemgetter(0))]


def _known(row: Row) -> Known:
    return Known(
        row["id"],
        row["fraud_type"],
        row["state"],
        row["opened_at"],
        row["close_code"],
        row["closed_at"],
        row["shares_case_id"],
    )
