"""Rows that belong together: gathered while a decision is made, written in bulk at the end of it."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Connection, Table

from dispatcher import tables
from dispatcher.bulk import put
from dispatcher.ids import new_id, new_stem
from dispatcher.plan import Planned, PlannedDeadline
from dispatcher.words import DispatchState, Means

Row = dict[str, Any]

ORDER = (
    tables.policies,
    tables.cases,
    tables.dispatches,
    tables.attempts,
    tables.deadlines,
    tables.alerts,
    tables.dead_letters,
    tables.feedback,
    tables.receipts,
    tables.stop_payments,
    tables.events,
    tables.outcomes,
)
"""Parents before children."""


class Draft:
    """New rows by table; `write` inserts them all, one statement a table."""

    def __init__(self, now: datetime, actor: str) -> None:
        self.now = now
        self.actor = actor
        self._rows: dict[str, list[Row]] = {table.name: [] for table in ORDER}

    def add(self, table: Table, row: Row) -> Row:
        """Remember one row; every column must be there."""
        self._rows[table.name].append(row)
        return row

    def event(
        self,
        case_id: UUID,
        what: str,
        *,
        dispatch_id: UUID | None = None,
        from_state: str | None = None,
        to_state: str | None = None,
        why: str | None = None,
        actor: str | None = None,
    ) -> None:
        """One line of a case's timeline."""
        self.add(
            tables.events,
            {
                "id": new_id(),
                "case_id": case_id,
                "dispatch_id": dispatch_id,
                "at": self.now,
                "actor": actor or self.actor,
                "what": what,
                "from_state": from_state,
                "to_state": to_state,
                "why": why,
            },
        )

    def dispatch(self, planned: Planned, case: Row) -> Row:
        """A new promise of `case`, waiting."""
        channel, means, target = planned.way
        return self.add(
            tables.dispatches,
            {
                "id": new_id(),
                "case_id": case["id"],
                "phone_index": case["phone_index"],
                "stem": new_stem(),
                "channel": channel.value,
                "means": means.value,
                "target": target.value,
                "risk": planned.risk.value,
                "lane": lane_of(planned),
                "state": DispatchState.WAITING.value,
                "planned_at": self.now,
                "due_at": planned.due_at,
                "hand_over_by": planned.hand_over_by,
                "ring_at": planned.due_at,
                "rings": 0,
                "lease_until": None,
                "lease_owner": None,
                "fence": 0,
                "tries": 0,
                "attempts": 0,
                "handed_over_at": None,
                "news_due_at": None,
                "outcome": None,
                "reason": None,
                "ended_at": None,
                "held_by": None,
                "passed_over": None,
                "unit_id": None,
                "assigned_at": None,
                "signed_in_at": None,
                "signed_in_by": None,
            },
        )

    def deadline(
        self,
        planned: PlannedDeadline,
        case_id: UUID,
        *,
        dispatch_id: UUID | None = None,
        unit_id: UUID | None = None,
        step: int = 0,
        remind_at: datetime | None = None,
    ) -> Row:
        """A new promise of time."""
        return self.add(
            tables.deadlines,
            {
                "id": new_id(),
                "case_id": case_id,
                "dispatch_id": dispatch_id,
                "unit_id": unit_id,
                "kind": planned.kind.value,
                "step": step,
                "started_at": planned.started_at,
                "due_at": planned.due_at,
                "remind_at": remind_at,
                "done_at": None,
                "missed_at": None,
                "void_at": None,
                "late_on_arrival": planned.late_on_arrival,
                "result": None,
                "later_loss_yuan": None,
            },
        )

    def rows(self, table: Table) -> list[Row]:
        """The new rows of one table, as gathered so far."""
        return self._rows[table.name]

    def write(self, connection: Connection) -> None:
        """Insert everything, parents first, and forget it."""
        for table in ORDER:
            if rows := self._rows[table.name]:
                put(connection, table, rows)
                self._rows[table.name] = []


def lane_of(planned: Planned) -> str:
    """L1 and L2 travel in the urgent lane; so does all work of people, which is little and never waits for machines."""
    return "urgent" if planned.risk.urgent or planned.way[1] in (Means.HUMAN, Means.OFFICER) else "routine"
