"""Somebody takes a task: the sign-in clock stops, and whom it is about may be seen. That reading is logged."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from datetime import datetime
from uuid import UUID

from sqlalchemy import Connection, select, update

from dispatcher import tables
from dispatcher.access import Visitor, note_access
from dispatcher.casebook import CaseBook
from dispatcher.draft import Row
from dispatcher.keys import Keyring
from dispatcher.store import Store
from dispatcher.words import DeadlineKind
from dispatcher.worklist.scope import Scope, find_try, require_open


@dataclass(frozen=True, slots=True)
class SignedIn:
    """When the task was first signed for, by when it had to be, and whom it is about."""

    task: UUID
    signed_in_at: datetime
    sign_in_by: datetime | None
    phone: str = field(repr=False)
    name: str | None = field(repr=False)
    address: str | None = field(repr=False)

    @property
    def on_time(self) -> bool | None:
        """None where no limit was set."""
        return None if self.sign_in_by is None else self.signed_in_at <= self.sign_in_by


def sign_in(store: Store, visitor: Visitor, task: UUID, reference: str, *, remote: str, now: datetime) -> SignedIn:
    """Take a task. Commits. Safe to call twice: the first instant stays.

    Raises: NotYours, NoLongerOpen.
    """
    with store.write() as connection:
        scope = Scope.of(connection, visitor)
        row = find_try(connection, scope, task, reference)
        require_open(row)
        if row["signed_in_at"] is None:
            _sign(connection, row, visitor, now)
        personal = _personal(connection, store.keys, row)
        fields = ["phone", *(name for name in ("name", "address") if personal.get(name))]
        note_access(connection, visitor, case_id=row["case_id"], fields=fields, why="signed in", remote=remote, now=now)
        limit = first_sign_in(connection, task)
    phone = store.keys.open(row["phone_sealed"], row["key_id"], "cases", row["case_id"]).decode()
    return SignedIn(task, row["signed_in_at"] or now, limit, phone, personal.get("name"), personal.get("address"))


def _sign(connection: Connection, row: Row, visitor: Visitor, now: datetime) -> None:
    book = CaseBook(connection, now=now, actor=visitor.label)
    table = tables.dispatches
    connection.execute(
        update(table).where(table.c.id == row["id"]).values(signed_in_at=now, signed_in_by=visitor.key_id)
    )
    book.done(row["case_id"], DeadlineKind.SIGN_IN, now, dispatch_id=row["id"])
    book.draft.event(row["case_id"], "signed_in", dispatch_id=row["id"])
    book.flush()


def first_sign_in(connection: Connection, task: UUID) -> datetime | None:
    """By when the task's first sign-in was promised."""
    table = tables.deadlines
    query = select(table.c.due_at).where(table.c.dispatch_id == task, table.c.kind == DeadlineKind.SIGN_IN)
    found: datetime | None = connection.execute(query.order_by(table.c.step).limit(1)).scalar()
    return found


def _personal(connection: Connection, keys: Keyring, row: Row) -> dict[str, str | None]:
    """Name and address as the newest alert of the case tells them."""
    table = tables.alerts
    query = select(table.c.id, table.c.sealed, table.c.key_id).where(table.c.case_id == row["case_id"])
    newest = connection.execute(query.order_by(table.c.id.desc()).limit(1)).first()
    if newest is None:
        return {}
    told = json.loads(keys.open(newest.sealed, newest.key_id, "alerts", newest.id))
    victim: dict[str, str | None] = told["victim"]
    return victim
