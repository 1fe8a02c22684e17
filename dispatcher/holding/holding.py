"""A hold or a brake is made, listed and released; what it held is let go and rung for."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Connection, bindparam, insert, select, update

from dispatcher import tables
from dispatcher.access import Visitor, note_deed
from dispatcher.bells import Bell, bells_of
from dispatcher.casebook import CaseBook
from dispatcher.draft import Draft
from dispatcher.holding.catching import put_under
from dispatcher.holding.counting import Counted, count_held
from dispatcher.holding.filters import Filter
from dispatcher.ids import new_id
from dispatcher.store import Store
from dispatcher.words import DispatchState

PAGE = 500
"""Dispatches in one transaction: what holds up a worker for a moment only."""


class NoSuchHold(ValueError):
    """There is no standing hold or brake of this id; `quanzu holds` lists them."""


@dataclass(frozen=True, slots=True)
class Held:
    """A hold or a brake, with what it holds now."""

    id: UUID
    kind: str
    filter: dict[str, Any]
    source: str | None
    per_minute: int | None
    urgent_too: bool
    reason: str
    made_at: datetime
    made_by: str
    released_at: datetime | None
    released_by: str | None
    holding: Counted

    def as_json(self) -> dict[str, Any]:
        """For programs."""
        return {name: getattr(self, name) for name in self.__slots__} | {"holding": self.holding.as_json()}


def hold(store: Store, wanted: Filter, visitor: Visitor, *, reason: str, remote: str, now: datetime) -> UUID:
    """Hold what matches, now and until the release. Commits. Returns the hold's id.

    It stands from the first commit: what is not yet marked is caught when a worker would take it.
    """
    hold_id = new_id()
    row = _row(hold_id, "hold", visitor, reason, now) | {"filter": wanted.as_json()}
    with store.write() as connection:
        connection.execute(insert(tables.holds), [row])
        note_deed(connection, visitor, deed="hold", why=reason, remote=remote, now=now, case_id=wanted.case)
    for ids in pages(store, [*wanted.conditions(), tables.dispatches.c.held_by.is_(None)]):
        with store.write() as connection:
            CaseBook(connection, now=now, actor=visitor.label).lock_people(ids)
            standing = select(tables.holds).where(tables.holds.c.id == hold_id, tables.holds.c.released_at.is_(None))
            found = connection.execute(standing.with_for_update(read=True)).first()
            if found is None:
                break  # released meanwhile
            put_under(connection, found, ids, now=now)
    return hold_id


def brake(
    store: Store,
    source: str,
    visitor: Visitor,
    *,
    per_minute: int,
    reason: str,
    remote: str,
    now: datetime,
    urgent_too: bool = False,
) -> UUID:
    """Hold machines' dispatches of the source's alerts beyond `per_minute` (>= 0). Commits. Returns the brake's id.

    One that stands is changed: what it holds stays held.
    """
    table = tables.holds
    limits = {"per_minute": per_minute, "urgent_too": urgent_too, "reason": reason}
    with store.write() as connection:
        standing = (table.c.kind == "brake", table.c.source == source, table.c.released_at.is_(None))
        found: UUID | None = connection.execute(select(table.c.id).where(*standing).with_for_update()).scalar()
        if found is None:
            found = new_id()
            row = _row(found, "brake", visitor, reason, now) | {"source": source, **limits}
            connection.execute(insert(table), [row])
        else:
            connection.execute(update(table).where(table.c.id == found).values(limits))
        note_deed(connection, visitor, deed="brake", why=f"{source}: {reason}", remote=remote, now=now)
    return found


def _row(hold_id: UUID, kind: str, visitor: Visitor, reason: str, now: datetime) -> dict[str, Any]:
    return {
        "id": hold_id,
        "kind": kind,
        "filter": {},
        "source": None,
        "per_minute": None,
        "urgent_too": False,
        "reason": reason[:128],
        "made_at": now,
        "made_by": visitor.label[:64],
        "released_at": None,
        "released_by": None,
        "let_go_at": None,
        "minute": None,
        "seen": 0,
    }


def holds(
    connection: Connection, *, now: datetime, released: bool = False, hold_id: UUID | None = None, limit: int = 200
) -> list[Held]:
    """Up to `limit` holds and brakes, newest first, with what they hold; only standing ones unless `released`."""
    table = tables.holds
    query = select(table).order_by(table.c.id.desc()).limit(limit)
    if hold_id is not None:
        query = query.where(table.c.id == hold_id)
    if not released:
        query = query.where(table.c.let_go_at.is_(None))
    names = [name for name in Held.__slots__ if name != "holding"]
    return [
        Held(**{name: row[name] for name in names}, holding=count_held(connection, row["id"], now=now))
        for row in connection.execute(query).mappings().all()
    ]


def release(store: Store, hold_id: UUID, visitor: Visitor, *, remote: str, now: datetime) -> None:
    """End a hold or a brake: nothing more is held by it. Commits. `let_go` then frees what it held.

    Safe to call twice. Raises: NoSuchHold.
    """
    table = tables.holds
    with store.write() as connection:
        found = connection.execute(select(table).where(table.c.id == hold_id).with_for_update()).first()
        if found is None:
            raise NoSuchHold("there is no hold of this id; `quanzu holds` lists them")
        if found.released_at is not None:
            return
        done = update(table).where(table.c.id == hold_id)
        connection.execute(done.values(released_at=now, released_by=visitor.label[:64]))
        note_deed(connection, visitor, deed="release", why=f"{found.kind}: {found.reason}", remote=remote, now=now)


def unfinished(store: Store) -> list[UUID]:
    """Released ones of which something may be held still: their operator's command died."""
    table = tables.holds
    with store.read() as connection:
        query = select(table.c.id).where(table.c.let_go_at.is_(None), table.c.released_at.is_not(None))
        return list(connection.execute(query).scalars())


def let_go(store: Store, hold_id: UUID, *, now: datetime) -> Iterator[list[Bell]]:
    """Free what a released one held, a page at a time. Commits. Yields the bells of what is due; ring them at once.

    Safe to call by several at once, and again after it died.
    """
    table, dispatch = tables.holds, tables.dispatches
    for ids in pages(store, Filter(hold=hold_id).conditions()):
        with store.write() as connection:
            CaseBook(connection, now=now, actor="release").lock_people(ids)
            mine = (dispatch.c.id.in_(ids), dispatch.c.held_by == hold_id, dispatch.c.state == DispatchState.WAITING)
            rows = [
                dict(row) | {"held_by": None} for row in connection.execute(select(dispatch).where(*mine)).mappings()
            ]
            by = connection.execute(select(table.c.released_by).where(table.c.id == hold_id)).scalar()
            draft = Draft(now, by or "release")
            for row in rows:
                row.update(ring_at=max(now, row["due_at"]), rings=0)
                draft.event(row["case_id"], "released", dispatch_id=row["id"])
            bells = bells_of(rows, now)
            one = update(dispatch).where(dispatch.c.id == bindparam("row_id"))
            free = one.values(held_by=None, ring_at=bindparam("again"), rings=bindparam("rung"))
            if rows:
                told = [{"row_id": row["id"], "again": row["ring_at"], "rung": row["rings"]} for row in rows]
                connection.execute(free, told)
            draft.write(connection)
        yield bells
    with store.write() as connection:
        over = (table.c.id == hold_id, table.c.released_at.is_not(None))
        connection.execute(update(table).where(*over, table.c.let_go_at.is_(None)).values(let_go_at=now))


def pages(store: Store, conditions: list[Any]) -> Iterator[list[UUID]]:
    """The ids of what matches, ascending, a page at a time; each row once, whatever becomes of it meanwhile."""
    dispatch = tables.dispatches
    last: UUID | None = None
    while True:
        query = select(dispatch.c.id).where(*conditions).order_by(dispatch.c.id).limit(PAGE)
        if last is not None:
            query = query.where(dispatch.c.id > last)
        with store.read() as connection:
            ids = list(connection.execute(query).scalars())
        if not ids:
            return
        yield ids
        last = ids[-1]
