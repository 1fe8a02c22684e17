"""Somebody takes a task: the sign-in clock stops, and whom it is about may be seen. That reading is logged."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy import Connection, select, update

from dispatcher import tables
from dispatcher.access import Visitor, note_access
from dispatcher.casebook import CaseBook
from dispatcher.draft import Row
from dispatcher.judge import news_s
from dispatcher.keys import Keyring
from dispatcher.store import Store
from dispatcher.words import DeadlineKind, DispatchState, Means
from dispatcher.worklist.scope import NoLongerOpen, Scope, find_try


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
    with store.read() as connection:  # what takes time is done before the write begins
        row = find_try(connection, Scope.of(connection, visitor), task, reference)
        personal = _personal(connection, store.keys, row)
        limit = first_sign_in(connection, task)
    phone = store.keys.open(row["phone_sealed"], row["key_id"], "cases", row["case_id"]).decode()
    fields = ["phone", *(name for name in ("name", "address") if personal.get(name))]
    case_id, why = row["case_id"], "signed in"
    with store.write() as connection:
        signed_in_at = _sign(connection, row, visitor, now)
        note_access(connection, visitor, case_id=case_id, fields=fields, why=why, remote=remote, now=now)
    return SignedIn(task, signed_in_at, limit, phone, personal.get("name"), personal.get("address"))


def _sign(connection: Connection, row: Row, visitor: Visitor, now: datetime) -> datetime:
    """Sign for the task if nobody has; returns the first instant. Raises: NoLongerOpen.

    Who signs in has the whole time for his report, however long the task lay.
    """
    table = tables.dispatches
    here = (table.c.id == row["id"], table.c.state == DispatchState.HANDED_OVER, table.c.attempts == row["number"])
    book = CaseBook(connection, now=now, actor=visitor.label)
    report_by = now + timedelta(seconds=news_s(Means(row["means"]), book.policy_of(row).level(row["risk"])))
    first = update(table).where(*here, table.c.signed_in_at.is_(None))
    taken = {"signed_in_at": now, "signed_in_by": visitor.key_id, "news_due_at": report_by}
    if connection.execute(first.values(taken)).rowcount == 0:
        before: datetime | None = connection.execute(select(table.c.signed_in_at).where(*here)).scalar()
        if before is None:
            raise NoLongerOpen("this try is over; look at the list")
        return before
    book.done(row["case_id"], DeadlineKind.SIGN_IN, now, dispatch_id=row["id"])
    book.draft.event(row["case_id"], "signed_in", dispatch_id=row["id"])
    book.flush()
    return now


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
