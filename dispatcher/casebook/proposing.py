"""Proposing: what a machine has heard is laid before a person; it does nothing else with it."""

from __future__ import annotations

from uuid import UUID

from sqlalchemy import select

from dispatcher import tables
from dispatcher.casebook.raising import Raising
from dispatcher.draft import Row
from dispatcher.ids import new_id
from dispatcher.words import StopState

STANDING = (StopState.PROPOSED.value, StopState.REQUESTED.value)


class Proposing(Raising):
    """What brings a question to a person's list."""

    def propose_stop(self, case: Row, dispatch_id: UUID, *, why: str) -> None:
        """Propose to stop the money of a case, open or closed; nothing while a proposal or request of it stands."""
        if self._stop_stands(case["id"]):
            return
        undecided = dict.fromkeys(column.name for column in tables.stop_payments.columns)
        told = {
            "id": new_id(),
            "case_id": case["id"],
            "dispatch_id": dispatch_id,
            "state": StopState.PROPOSED.value,
            "why": why,
            "proposed_at": self.now,
        }
        self.draft.add(tables.stop_payments, undecided | told)
        self.draft.event(
            case["id"], "stop_proposed", dispatch_id=dispatch_id, to_state=StopState.PROPOSED.value, why=why
        )

    def _stop_stands(self, case_id: UUID) -> bool:
        """The case is locked, so that nobody else proposes meanwhile."""
        if any(row["case_id"] == case_id for row in self.draft.rows(tables.stop_payments)):
            return True
        table = tables.stop_payments
        query = select(table.c.id).where(table.c.case_id == case_id, table.c.state.in_(STANDING))
        return self.connection.execute(query.limit(1)).first() is not None
