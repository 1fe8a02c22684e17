"""Whose task it is: a key sees the work of its unit's subtree, and of its own trade."""

from __future__ import annotations

from dataclasses import dataclass
from uuid import UUID

from sqlalchemy import Connection, bindparam, select

from dispatcher import tables
from dispatcher.access import Visitor
from dispatcher.assign import Units, units_of
from dispatcher.casebook import only_lock_people
from dispatcher.draft import Row
from dispatcher.store import is_postgres
from dispatcher.subtree import region_bounds as region_bounds
from dispatcher.words import Channel, DispatchState, Role


class NotYours(Exception):
    """There is no such task for this key: it does not exist, is another unit's, or is of another trade."""


class NoLongerOpen(Exception):
    """The task is over or has a new try: look at the list again."""


CHANNELS = {
    Role.CALLER: (Channel.CALL.value,),
    Role.OFFICER: (Channel.VISIT.value,),
    Role.SUPERVISOR: (Channel.CALL.value, Channel.VISIT.value),
    Role.ADMINISTRATOR: (Channel.CALL.value, Channel.VISIT.value),
}


@dataclass(frozen=True, slots=True)
class Scope:
    """The units and channels that a visitor may see."""

    visitor: Visitor
    units: frozenset[UUID]
    channels: tuple[str, ...]
    tree: Units

    @property
    def sees_all(self) -> bool:
        """The visitor is of the root unit: there is nothing to filter by."""
        return len(self.units) == len(self.tree.by_id)

    @property
    def regions(self) -> tuple[str, str]:
        """`low <= region < high` for all regions of the scope."""
        return region_bounds(self.visitor.region)

    @classmethod
    def of(cls, connection: Connection, visitor: Visitor) -> Scope:
        """The visitor's scope as the tree of units is now."""
        tree = units_of(connection)
        return cls(visitor, tree.subtree(visitor.unit_id), CHANNELS.get(visitor.role, ()), tree)


# Made once: putting such a statement together takes longer than running it.
_TRY = (
    select(
        tables.dispatches,
        tables.attempts.c.id.label("attempt_id"),
        tables.attempts.c.number,
        tables.attempts.c.begun_at,
        tables.attempts.c.outcome.label("try_outcome"),
        tables.cases.c.phone_sealed,
        tables.cases.c.key_id,
        tables.cases.c.policy_digest,
    )
    .join(tables.attempts, tables.attempts.c.dispatch_id == tables.dispatches.c.id)
    .join(tables.cases, tables.dispatches.c.case_id == tables.cases.c.id)
    .where(
        tables.dispatches.c.id == bindparam("task"),
        tables.attempts.c.reference == bindparam("reference"),
        tables.dispatches.c.means.in_(("human", "officer")),
    )
)


def hold_try(connection: Connection, scope: Scope, task: UUID, reference: str) -> Row:
    """The dispatch and the try of this reference, its person locked first: see `CaseBook.lock_people`.

    Raises: NotYours: no such task in this scope, or no such try of it.
    """
    if is_postgres(connection):
        only_lock_people(connection, [task])
    return find_try(connection, scope, task, reference)


def find_try(connection: Connection, scope: Scope, task: UUID, reference: str) -> Row:
    """The dispatch and the try of this reference, to look at.

    Raises: NotYours: no such task in this scope, or no such try of it.
    """
    row = connection.execute(_TRY, {"task": task, "reference": reference}).mappings().first()
    if row is None or row["unit_id"] not in scope.units or row["channel"] not in scope.channels:
        raise NotYours("no such task for this key; look at the list")
    return dict(row)


def require_open(row: Row) -> None:
    """Raises: NoLongerOpen: the task ended, waits for a later redial, or this is not its latest try."""
    if row["state"] != DispatchState.HANDED_OVER or row["number"] != row["attempts"]:
        raise NoLongerOpen("this try is over; look at the list")
