"""Which stops are open, or were; the receiving account is masked."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

from sqlalchemy import Connection, Select, case, select

from dispatcher import tables
from dispatcher.access import Visitor
from dispatcher.draft import Row
from dispatcher.keys import Keyring
from dispatcher.subtree import region_bounds
from dispatcher.words import StopState

OPEN = (StopState.PROPOSED, StopState.REQUESTED)


class NoSuchStop(Exception):
    """There is no such stop for this key: it does not exist, or is of another region."""


@dataclass(frozen=True, slots=True)
class Stop:
    """One stop as it is shown; `decided_by` names who decided last. `number`: the first or second of its account."""

    id: UUID
    case: UUID
    state: str
    why: str
    risk: str
    fraud_type: str
    region: str
    test: bool
    proposed_at: datetime
    bank: str | None
    account_masked: str | None
    number: int | None
    amount_yuan: Decimal | None
    reason: str | None
    decided_by: str | None = field(repr=False)
    requested_at: datetime | None
    dismissed_at: datetime | None
    answered_at: datetime | None
    reply: str | None
    stopped_yuan: Decimal | None
    stopped_until: datetime | None


def stops_of(
    connection: Connection,
    keys: Keyring,
    visitor: Visitor,
    *,
    states: Sequence[StopState] = OPEN,
    case_id: UUID | None = None,
    limit: int = 200,
) -> list[Stop]:
    """Up to `limit` stops of the visitor's region; what awaits a decision first, and in each the oldest first."""
    table = tables.stop_payments
    query = in_scope(visitor).where(table.c.state.in_([state.value for state in states]))
    if case_id is not None:
        query = query.where(table.c.case_id == case_id)
    first = case((table.c.state == StopState.PROPOSED.value, 0), else_=1)
    rows = connection.execute(query.order_by(first, table.c.proposed_at, table.c.id).limit(limit)).mappings()
    return [shown(keys, dict(row)) for row in rows]


def in_scope(visitor: Visitor) -> Select[Any]:
    """The stops of cases in the visitor's region and below, each with what is shown of its case."""
    stop, found = tables.stop_payments, tables.cases
    low, high = region_bounds(visitor.region)
    told = (found.c.risk, found.c.fraud_type, found.c.region, found.c.is_test)
    of_case = select(stop, *told).join(found, stop.c.case_id == found.c.id)
    return of_case.where(found.c.region >= low, found.c.region < high)


def shown(keys: Keyring, row: Row) -> Stop:
    """A row of `in_scope` as it is shown."""
    secret = opened(keys, row)
    names = {name: row[name] for name in Stop.__slots__ if name in row}
    return Stop(
        **names,
        case=row["case_id"],
        test=row["is_test"],
        account_masked=f"****{secret['account'][-4:]}" if "account" in secret else None,
        decided_by=secret.get("decided_by"),
    )


def opened(keys: Keyring, row: Row) -> dict[str, str]:
    """What is sealed of a stop: `account`, and `decided_by`, who decided last."""
    if row["sealed"] is None:
        return {}
    found: dict[str, str] = json.loads(keys.open(row["sealed"], row["key_id"], "stop_payments", row["id"]))
    return found
