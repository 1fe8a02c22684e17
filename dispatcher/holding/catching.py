"""What comes later and matches is held too: looked at when a worker would take it, whatever brought it there.

A new alert, a redial, another try, an escalation: all of them are claimed before anything is sent, so one look here
catches them all, and an intake that was in flight when the hold was made as well.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Connection, Row, bindparam, select, update

from dispatcher import tables
from dispatcher.draft import Draft
from dispatcher.holding.filters import read_filter

# Locked for sharing, so that a release waits until all that was caught for its hold is there to be let go.
_STANDING = (
    select(tables.holds.c.id, tables.holds.c.filter, tables.holds.c.reason, tables.holds.c.made_by)
    .where(tables.holds.c.kind == "hold", tables.holds.c.let_go_at.is_(None), tables.holds.c.released_at.is_(None))
    .order_by(tables.holds.c.id)
    .with_for_update(read=True)
)


def catch(connection: Connection, ids: Sequence[UUID], *, now: datetime) -> int:
    """Put those of `ids` that wait and match a standing hold under it. Their people are locked. Returns how many.

    One small query while no hold stands.
    """
    caught = 0
    for standing in connection.execute(_STANDING).all():
        caught += put_under(connection, standing, ids, now=now)
    return caught


def put_under(connection: Connection, hold: Row[*tuple[Any, ...]], ids: Sequence[UUID], *, now: datetime) -> int:
    """Put those of `ids` that wait freely and match under one hold (a row with id, filter, reason, made_by)."""
    dispatch = tables.dispatches
    meant = read_filter(hold.filter).conditions()
    query = select(dispatch.c.id, dispatch.c.case_id).where(
        dispatch.c.id.in_(ids), dispatch.c.held_by.is_(None), *meant
    )
    found = connection.execute(query).all()
    if not found:
        return 0
    draft = Draft(now, hold.made_by)
    for row in found:
        draft.event(row.case_id, "held", dispatch_id=row.id, why=hold.reason)
    one = update(dispatch).where(dispatch.c.id == bindparam("row_id"))
    hold_id = hold.id
    connection.execute(one.values(held_by=hold_id), [{"row_id": row.id} for row in found])
    draft.write(connection)
    return len(found)
