"""Writing: what is new and what changed goes to the database once, in one statement a table."""

from __future__ import annotations

from uuid import UUID

from dispatcher import tables
from dispatcher.bulk import change
from dispatcher.casebook.proposing import Proposing
from dispatcher.touched import note_touched
from dispatcher.upstreams.noting import note_changes

CASE_FIELDS = (
    "risk",
    "raised_at",
    "pushes",
    "second_warning",
    "state",
    "contacted_at",
    "contacted_by",
    "verdict",
    "dissuasion",
    "close_code",
    "closed_at",
    "closes_itself_at",
    "shares_case_id",
)
DISPATCH_FIELDS = (
    "risk",
    "lane",
    "state",
    "due_at",
    "ring_at",
    "rings",
    "lease_until",
    "lease_owner",
    "tries",
    "handed_over_at",
    "news_due_at",
    "outcome",
    "reason",
    "ended_at",
    "held_by",
    "passed_over",
)


class CaseBook(Proposing):
    """The whole book, and its end. One instance lives for one transaction; `flush` writes what changed."""

    def flush(self) -> None:
        """Write what is new and what changed, one statement a table; upstreams and
        figures are told from the same transaction."""
        ended = [self.dispatches[row_id] for row_id in sorted(self._dirty_dispatches)]
        note_changes(self.draft, ended, self.cases, self._families)
        for table, ids, rows, fields in (
            (tables.cases, self._dirty_cases, self.cases, CASE_FIELDS),
            (tables.dispatches, self._dirty_dispatches, self.dispatches, DISPATCH_FIELDS),
        ):
            fresh = {row["id"] for row in self.draft.rows(table)}
            changed = [
                {"row_id": row_id} | {field: rows[row_id][field] for field in fields} for row_id in sorted(ids - fresh)
            ]
            change(self.connection, table, changed)
            ids.clear()
        touched = self._touched()
        self._flush_limits()
        self.draft.write(self.connection)
        note_touched(self.connection, touched, now=self.now)

    def _touched(self) -> set[UUID]:
        """Every case at hand or spoken of: too many cost a little work, one too few would falsify a figure."""
        found = set(self.cases) | {row["of_case"] for row in (*self._done, *self._void)}
        for table in (tables.alerts, tables.deadlines, tables.events):
            found |= {row["case_id"] for row in self.draft.rows(table)}
        return found
