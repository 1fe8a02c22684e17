"""A carrier is given no more than it takes: workers of all hosts draw from one bucket, which the database holds.

    granted = within_limit(store, ids, carrier=…, channel=…, limit=…, now=…)

Called before a claim, and only where a limit is set. Three short steps, so that the bucket's row, which every worker
waits for, is held for two statements and no more: look what is due, draw for as many, put off the others.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import Connection, Uuid, bindparam, func, select, update
from sqlalchemy.dialects import postgresql, sqlite

from dispatcher import tables
from dispatcher.routing.reasons import THROTTLED
from dispatcher.store import Store, clock_of, is_postgres
from dispatcher.tokens import Bucket, Grant, Limit, Line, full, take
from dispatcher.words import Channel, DispatchState, Means

MACHINES = (Means.CARRIER.value, Means.ROBOT.value)


@dataclass(frozen=True, slots=True)
class _Waiting:
    """What must be known of a due dispatch to draw for it; `again`: it has come at the time it was given."""

    id: UUID
    urgent: bool
    again: bool


def within_limit(
    store: Store, ids: Sequence[UUID], *, carrier: str, channel: Channel, limit: Limit, now: datetime
) -> list[UUID]:
    """Those of `ids` that may go now, the oldest first; machines' work only. Commits; leaves no transaction open.

    The others keep waiting, with the time at which they are to come and the reason `carrier_throttled`. A token that
    was drawn and is not used (somebody else has claimed it meanwhile, the person is tired, the hours are over) is lost.
    """
    due = _due(store, ids, now)
    go: list[UUID] = []
    later: list[tuple[UUID, datetime]] = []
    for urgent in (True, False):
        again = [one.id for one in due if one.urgent == urgent and one.again]
        fresh = [one.id for one in due if one.urgent == urgent and not one.again]
        if again or fresh:
            grant, ahead = draw(
                store, carrier, channel, limit, urgent=urgent, again=len(again), fresh=len(fresh), now=now
            )
            go += again[: grant.again] + fresh[: grant.fresh]
            waits = [*zip(again[grant.again :], grant.again_at, strict=True)]
            waits += zip(fresh[grant.fresh :], grant.fresh_at, strict=True)
            later += [(one, at - ahead) for one, at in waits]
    if later:
        put_off(store, [(one, at, THROTTLED) for one, at in later], now)
    return go


def draw(
    store: Store,
    carrier: str,
    channel: Channel,
    limit: Limit,
    *,
    urgent: bool,
    again: int,
    fresh: int,
    now: datetime,
    stay: bool = True,
) -> tuple[Grant, timedelta]:
    """Take tokens in a transaction of its own. Commits. Returns also how far the bucket's clock is ahead of `now`.

    `stay` False: who gets none goes elsewhere, and is promised no place.

    The bucket goes by the database's clock where hosts share one (PostgreSQL), so that a host whose clock is wrong
    neither gains nor costs anybody anything.
    """
    with store.write() as connection:
        row = _locked(connection, carrier, channel.value)
        if row is None:
            _make(connection, carrier, channel.value, full(limit, _clock(connection, now)))
            row = _locked(connection, carrier, channel.value)
        assert row is not None
        clock: datetime = row.get("clock", now)
        grant = take(_bucket(row), limit, now=clock, urgent=urgent, again=again, fresh=fresh, stay=stay)
        table = tables.buckets
        mine = update(table).where(table.c.carrier == carrier, table.c.channel == channel.value)
        connection.execute(mine.values(_values(grant.bucket)))
    return grant, clock - now


def _due(store: Store, ids: Sequence[UUID], now: datetime) -> list[_Waiting]:
    """By age: ids are UUIDv7."""
    table = tables.dispatches
    query = select(table.c.id, table.c.lane, table.c.reason).where(
        table.c.id.in_(ids),
        table.c.state == DispatchState.WAITING,
        table.c.held_by.is_(None),
        table.c.due_at <= now,
        table.c.means.in_(MACHINES),
    )
    with store.read() as connection:
        rows = connection.execute(query).all()
    return [_Waiting(row.id, row.lane == "urgent", row.reason == THROTTLED) for row in sorted(rows, key=lambda r: r.id)]


def put_off(store: Store, later: Sequence[tuple[UUID, datetime, str]], now: datetime) -> None:
    """Each waits on until its time, for this reason. Commits.

    What somebody else has in hand just now is passed over: it moves, or is rung for again."""
    table = tables.dispatches
    mine = select(table.c.id).where(
        table.c.id.in_([one for one, _, _ in later]), table.c.state == DispatchState.WAITING, table.c.due_at <= now
    )
    wait = (
        update(table)
        .where(table.c.id == bindparam("row_id", type_=Uuid()))
        .values(due_at=bindparam("at"), ring_at=bindparam("at"), rings=0, reason=bindparam("why"))
    )
    with store.write() as connection:
        held = set(connection.execute(mine.with_for_update(skip_locked=True)).scalars())
        changes = [{"row_id": one, "at": at, "why": why} for one, at, why in later if one in held]
        if changes:
            connection.execute(wait, changes)


def _locked(connection: Connection, carrier: str, channel: str) -> dict[str, Any] | None:
    table = tables.buckets
    clock = [func.clock_timestamp().label("clock")] if is_shared(connection) else []
    mine = select(table, *clock).where(table.c.carrier == carrier, table.c.channel == channel)
    row = connection.execute(mine.with_for_update()).mappings().first()
    return None if row is None else dict(row)


def is_shared(connection: Connection) -> bool:
    """True where workers of several hosts may draw from one bucket: the server's clock is everybody's then."""
    return is_postgres(connection)


def _clock(connection: Connection, now: datetime) -> datetime:
    return clock_of(connection, now) if is_shared(connection) else now


def _make(connection: Connection, carrier: str, channel: str, bucket: Bucket) -> None:
    """Another worker may be first: its row stands."""
    insert = postgresql.insert if is_postgres(connection) else sqlite.insert
    values = {"carrier": carrier, "channel": channel} | _values(bucket)
    connection.execute(insert(tables.buckets).values(values).on_conflict_do_nothing())


def _bucket(row: dict[str, Any]) -> Bucket:
    return Bucket(
        row["tokens"],
        row["urgent_tokens"],
        row["refilled_at"],
        Line(row["line_ends_at"], row["line_again_ends_at"]),
        Line(row["urgent_line_ends_at"], row["urgent_line_again_ends_at"]),
    )


def _values(bucket: Bucket) -> dict[str, Any]:
    return {
        "tokens": bucket.tokens,
        "urgent_tokens": bucket.urgent_tokens,
        "refilled_at": bucket.refilled_at,
        "line_ends_at": bucket.line.ends_at,
        "line_again_ends_at": bucket.line.again_ends_at,
        "urgent_line_ends_at": bucket.urgent_line.ends_at,
        "urgent_line_again_ends_at": bucket.urgent_line.again_ends_at,
    }
