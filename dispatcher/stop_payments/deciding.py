"""A person decides: asks the bank to stop, dismisses the proposal, or notes what the bank answered.

Each decision has a name and a reason, stands in the case's timeline and in the access log, and is made once.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

from sqlalchemy import Connection, select, text, update

from dispatcher import tables
from dispatcher.access import Visitor, note_access, note_deed
from dispatcher.casebook import CaseBook
from dispatcher.draft import Row
from dispatcher.keys import Keyring
from dispatcher.stop_payments.listing import NoSuchStop, Stop, in_scope, opened, shown
from dispatcher.stop_payments.rules import LASTS, Earlier, ends_at, must_be, next_number
from dispatcher.store import Store, is_postgres
from dispatcher.words import StopReply, StopState

__all__ = ["LASTS", "Wanted", "account_of", "answer", "dismiss", "request"]


@dataclass(frozen=True, slots=True)
class Wanted:
    """What the bank shall be asked: to stop this much on the receiving account."""

    bank: str
    account: str = field(repr=False)
    amount_yuan: Decimal


def request(
    store: Store, visitor: Visitor, stop_id: UUID, wanted: Wanted, *, name: str, reason: str, remote: str, now: datetime
) -> Stop:
    """A named person asks the bank to stop. Commits.

    Raises: NoSuchStop, AlreadyDecided. AlreadyRequested, StoppedTwice: of the same account.
    """
    index = store.keys.index("account", wanted.account.replace(" ", "").replace("-", "").casefold().encode())
    with _deciding(store, visitor, stop_id, "stop_request", reason, remote, now) as (connection, row):
        must_be(row["state"], StopState.PROPOSED)
        number = next_number(_earlier(connection, index))
        secret = {"account": wanted.account, "decided_by": name}
        row.update(
            state=StopState.REQUESTED.value,
            bank=wanted.bank,
            account_index=index,
            number=number,
            amount_yuan=wanted.amount_yuan,
            requested_at=now,
            requested_by=visitor.key_id,
            reason=reason,
            **_sealed(store.keys, stop_id, secret),
        )
    return shown(store.keys, row)


def dismiss(
    store: Store, visitor: Visitor, stop_id: UUID, *, name: str, reason: str, remote: str, now: datetime
) -> Stop:
    """A named person finds that nothing is to be stopped. Commits. Raises: NoSuchStop, AlreadyDecided."""
    with _deciding(store, visitor, stop_id, "stop_dismiss", reason, remote, now) as (_, row):
        must_be(row["state"], StopState.PROPOSED)
        row.update(
            state=StopState.DISMISSED.value,
            dismissed_at=now,
            dismissed_by=visitor.key_id,
            reason=reason,
            **_sealed(store.keys, stop_id, {"decided_by": name}),
        )
    return shown(store.keys, row)


def answer(
    store: Store,
    visitor: Visitor,
    stop_id: UUID,
    reply: StopReply,
    *,
    stopped_yuan: Decimal | None,
    name: str,
    reason: str,
    remote: str,
    now: datetime,
) -> Stop:
    """A named person notes what the bank answered; `stopped_yuan` > 0 where it stopped money. Commits.

    A stop by which nothing was stopped is not counted against its account. Raises: NoSuchStop, AlreadyDecided.
    """
    with _deciding(store, visitor, stop_id, "stop_answer", reason, remote, now) as (connection, row):
        must_be(row["state"], StopState.REQUESTED)
        others = [one for one in _earlier(connection, row["account_index"]) if one.number != row["number"]]
        stopped = reply is StopReply.STOPPED
        row.update(
            state=StopState.ANSWERED.value,
            reply=reply.value,
            answered_at=now,
            answered_by=visitor.key_id,
            reason=reason,
            stopped_yuan=stopped_yuan if stopped else None,
            stopped_until=ends_at(others, now) if stopped else None,
            number=row["number"] if stopped else None,
            **_sealed(store.keys, stop_id, opened(store.keys, row) | {"decided_by": name}),
        )
    return shown(store.keys, row)


def account_of(store: Store, visitor: Visitor, stop_id: UUID, *, reason: str, remote: str, now: datetime) -> str:
    """The receiving account whole; reading it is logged. Commits. Raises: NoSuchStop: or it names none yet."""
    with store.write() as connection:
        row = _held(connection, visitor, stop_id)
        account = opened(store.keys, row).get("account")
        if account is None:
            raise NoSuchStop("this stop names no account")
        told: dict[str, Any] = {"why": reason, "remote": remote, "now": now}
        note_access(connection, visitor, case_id=row["case_id"], fields=("account",), **told)
    return account


@contextmanager
def _deciding(
    store: Store, visitor: Visitor, stop_id: UUID, deed: str, reason: str, remote: str, now: datetime
) -> Iterator[tuple[Connection, Row]]:
    """The stop, held; what the block changes of it is written, with the deed and a line of the timeline."""
    with store.write() as connection:
        row = _held(connection, visitor, stop_id)
        before = dict(row)
        yield connection, row
        changed = {name: value for name, value in row.items() if value != before[name]}
        connection.execute(update(tables.stop_payments).where(tables.stop_payments.c.id == stop_id).values(changed))
        case_id = row["case_id"]
        note_deed(connection, visitor, deed=deed, why=reason, remote=remote, now=now, case_id=case_id)
        book = CaseBook(connection, now=now, actor=visitor.label)
        book.draft.event(
            case_id,
            f"stop_{row['state']}",
            dispatch_id=row["dispatch_id"],
            from_state=before["state"],
            to_state=row["state"],
            why=reason,
        )
        book.flush()


def _held(connection: Connection, visitor: Visitor, stop_id: UUID) -> Row:
    """The stop, locked. Raises: NoSuchStop."""
    table = tables.stop_payments
    query = in_scope(visitor).where(table.c.id == stop_id).with_for_update(of=table)
    row = connection.execute(query).mappings().first()
    if row is None:
        raise NoSuchStop("no such stop for this key; look at the list")
    return dict(row)


def _earlier(connection: Connection, account_index: bytes) -> list[Earlier]:
    """The stops of this account that count, first to last; nobody else asks about it until the transaction ends."""
    if is_postgres(connection):  # on SQLite whoever writes is alone anyway
        lock = int.from_bytes(account_index[:8], "big", signed=True)
        connection.execute(text("SELECT pg_advisory_xact_lock(:lock)"), {"lock": lock})
    table = tables.stop_payments
    query = select(table.c.number, table.c.state, table.c.stopped_until).where(
        table.c.account_index == account_index, table.c.number.is_not(None)
    )
    rows = connection.execute(query.order_by(table.c.number))
    return [Earlier(row.number, StopState(row.state), row.stopped_until) for row in rows]


def _sealed(keys: Keyring, stop_id: UUID, secret: dict[str, str]) -> dict[str, Any]:
    plain = json.dumps(secret, ensure_ascii=False).encode()
    return {"sealed": keys.seal(plain, "stop_payments", stop_id), "key_id": keys.current}
