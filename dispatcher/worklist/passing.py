"""A task goes back to the desk above, or to another unit; it is never nowhere."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from sqlalchemy import update

from dispatcher import tables
from dispatcher.access import Visitor
from dispatcher.assign import start_sign_in
from dispatcher.casebook import CaseBook
from dispatcher.draft import Row
from dispatcher.store import Store
from dispatcher.words import DeadlineKind
from dispatcher.worklist.scope import Scope, hold_try, require_open


class NoSuchUnit(Exception):
    """There is no unit of this code: give the code of a unit, such as a county's."""


def hand_back(store: Store, visitor: Visitor, task: UUID, reference: str, *, why: str, now: datetime) -> str:
    """Return a task (`why`: out_of_jurisdiction or duplicate) to the parent's desk, with a new sign-in clock.

    Commits. Returns the code of the unit that has it now; the root keeps what comes back to it.
    Raises: NotYours, NoLongerOpen.
    """
    with store.write() as connection:
        scope = Scope.of(connection, visitor)
        row = hold_try(connection, scope, task, reference)
        require_open(row)
        parent = scope.tree.parent(row["unit_id"]) or row["unit_id"]
        _pass_on(CaseBook(connection, now=now, actor=visitor.label), row, parent, "returned", why)
        return str(scope.tree.by_id[parent]["code"])


def transfer(store: Store, visitor: Visitor, task: UUID, reference: str, *, unit: str, now: datetime) -> str:
    """Give a task to the unit of this code, with a new sign-in clock. Commits. Returns the unit's code.

    Raises: NotYours, NoLongerOpen, NoSuchUnit.
    """
    with store.write() as connection:
        scope = Scope.of(connection, visitor)
        row = hold_try(connection, scope, task, reference)
        require_open(row)
        there = next((unit_id for unit_id, found in scope.tree.by_id.items() if found["code"] == unit), None)
        if there is None:
            raise NoSuchUnit("no unit of this code")
        _pass_on(CaseBook(connection, now=now, actor=visitor.label), row, there, "transferred", f"to unit {unit}")
        return unit


def _pass_on(book: CaseBook, row: Row, unit_id: UUID, what: str, why: str) -> None:
    table = tables.dispatches
    book.load_cases([row["case_id"]])
    policy = book.policy_of(book.cases[row["case_id"]])
    book.excuse(row["case_id"], dispatch_id=row["id"], kind=DeadlineKind.SIGN_IN)
    book.connection.execute(
        update(table).where(table.c.id == row["id"]).values(unit_id=unit_id, signed_in_at=None, signed_in_by=None)
    )
    book.draft.event(row["case_id"], what, dispatch_id=row["id"], why=why)
    limit_s = policy.level(row["risk"]).sign_in_s or 60.0
    start_sign_in(book, row["case_id"], row["id"], unit_id, limit_s, policy.notices.remind_share)
    book.flush()
