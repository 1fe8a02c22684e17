"""Somebody takes a task: the sign-in clock stops, and whom it is about may be seen. That reading is logged."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import Connection, or_, select, update

from dispatcher import tables
from dispatcher.access import Visitor, note_access
from dispatcher.casebook import CaseBook
from dispatcher.draft import Row
from dispatcher.judge import news_s
from dispatcher.keys import Keyring
from dispatcher.store import Store
from dispatcher.words import DeadlineKind, DispatchState, Means, Role
from dispatcher.worklist.scope import NoLongerOpen, NotYours, Scope, find_try, hold_try


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
        scope = Scope.of(connection, visitor)
        row = find_try(connection, scope, task, reference)
        personal = _personal(connection, store.keys, row)
        limit = first_sign_in(connection, task)
    phone = store.keys.open(row["phone_sealed"], row["key_id"], "cases", row["case_id"]).decode()
    fields = ["phone", *(name for name in ("name", "address") if personal.get(name))]
    case_id, why = row["case_id"], "signed in"
    with store.write() as connection:
        hold_try(connection, scope, task, reference)
        signed_in_at = _sign(connection, row, scope, now)
        note_access(connection, visitor, case_id=case_id, fields=fields, why=why, remote=remote, now=now)
    return SignedIn(task, signed_in_at, limit, phone, personal.get("name"), personal.get("address"))


def _sign(connection: Connection, row: Row, scope: Scope, now: datetime) -> datetime:
    """Sign for the task if nobody has; returns the first instant.

    Raises: NotYours: it was passed on meanwhile. NoLongerOpen: the try is over, or somebody else signed for it.
    Who signs in has the whole time for his report, however long the task lay.
    """
    table = tables.dispatches
    here = (table.c.id == row["id"], table.c.state == DispatchState.HANDED_OVER, table.c.attempts == row["number"])
    visitor = scope.visitor
    mine = [] if scope.sees_all else [table.c.unit_id.in_(scope.units)]
    book = CaseBook(connection, now=now, actor=visitor.label)
    report_by = now + timedelta(seconds=news_s(Means(row["means"]), book.policy_of(row).level(row["risk"])))
    first = update(table).where(*here, *mine, table.c.signed_in_at.is_(None))
    taken = {"signed_in_at": now, "signed_in_by": visitor.key_id, "news_due_at": report_by}
    if connection.execute(first.values(taken)).rowcount == 0:
        return _signed_before(connection, scope, here)
    book.done(row["case_id"], DeadlineKind.SIGN_IN, now, dispatch_id=row["id"])
    book.draft.event(row["case_id"], "signed_in", dispatch_id=row["id"])
    book.flush()
    return now


def _signed_before(connection: Connection, scope: Scope, here: tuple[Any, ...]) -> datetime:
    """When the task was signed for, if by this key, or by one that opens no longer; supervisors see any.

    Raises: NotYours, NoLongerOpen.
    """
    table, keys = tables.dispatches, tables.api_keys
    query = select(table.c.signed_in_at, table.c.signed_in_by, table.c.unit_id, keys.c.revoked_at)
    found = connection.execute(query.outerjoin(keys, table.c.signed_in_by == keys.c.id).where(*here)).first()
    if found is not None and found.unit_id not in scope.units:
        raise NotYours("no such task for this key; look at the list")
    if found is None or found.signed_in_at is None:
        raise NoLongerOpen("this try is over; look at the list")
    signed_in_at: datetime = found.signed_in_at
    oversees = scope.visitor.role in (Role.SUPERVISOR, Role.ADMINISTRATOR)
    if found.signed_in_by != scope.visitor.key_id and found.revoked_at is None and not oversees:
        raise NoLongerOpen("somebody of your unit has signed for it")
    return signed_in_at


def first_sign_in(connection: Connection, task: UUID) -> datetime | None:
    """By when the task's first sign-in was promised."""
    table = tables.deadlines
    query = select(table.c.due_at).where(table.c.dispatch_id == task, table.c.kind == DeadlineKind.SIGN_IN)
    found: datetime | None = connection.execute(query.order_by(table.c.step).limit(1)).scalar()
    return found


def _personal(connection: Connection, keys: Keyring, row: Row) -> dict[str, str | None]:
    """Name and address, each as the newest alert that has it tells it; cases that share the task tell too."""
    table, case = tables.alerts, tables.cases
    leader = select(case.c.shares_case_id).where(case.c.id == row["case_id"]).scalar_subquery()
    sharing = or_(case.c.id == row["case_id"], case.c.shares_case_id == row["case_id"], case.c.id == leader)
    query = select(table.c.id, table.c.sealed, table.c.key_id).where(
        table.c.case_id.in_(select(case.c.id).where(sharing))
    )
    found: dict[str, str | None] = {}
    for alert in connection.execute(query.order_by(table.c.id.desc())):
        victim = json.loads(keys.open(alert.sealed, alert.key_id, "alerts", alert.id))["victim"]
        for name in ("name", "address"):
            if found.get(name) is None and victim.get(name):
                found[name] = victim[name]
        if len(found) == 2:
            break
    return found
