"""People's work is put on a worklist: the unit whose region is the longest prefix of the case's, never nowhere."""

from __future__ import annotations

import time
from collections.abc import Sequence
from datetime import datetime, timedelta
from uuid import UUID
from weakref import WeakKeyDictionary

from sqlalchemy import Connection, Engine, select

from dispatcher import tables
from dispatcher.bulk import also, among, change, put
from dispatcher.casebook import CaseBook
from dispatcher.claim import due
from dispatcher.draft import Row
from dispatcher.fatigue import MACHINES
from dispatcher.ids import new_id, reference
from dispatcher.judge import news_s
from dispatcher.lifecycle import Event, after
from dispatcher.plan import PlannedDeadline
from dispatcher.store import Store
from dispatcher.words import DeadlineKind, DispatchState, Means

WORKLIST = "worklist"
"""The name under which people's work stands in `attempts.carrier`."""


def assign(store: Store, ids: Sequence[UUID], *, now: datetime) -> int:
    """Put those of `ids` that wait, are due and belong to people on their units' lists. Commits. Returns how many.

    The first assignment starts the sign-in clock; a redial keeps the unit and the sign-in.
    """
    with store.write() as connection:
        ids = _peoples(connection, ids)
        rows = due(connection, ids, now, machines=False) if ids else []
        if not rows:
            return 0
        book = CaseBook(connection, now=now, actor="assign")
        units = units_of(connection)
        changes = [_assigned(book, units, row) for row in rows]
        change(connection, tables.dispatches, changes)
        put(connection, tables.attempts, [_attempt(row, now) for row in rows])
        book.flush()
    return len(rows)


def _peoples(connection: Connection, ids: Sequence[UUID]) -> list[UUID]:
    """Those of `ids` that are people's work, which never changes: most of a chunk of calls are robots'."""
    table = tables.dispatches
    query = select(table.c.id).where(among(connection, table.c.id, ids), also(table.c.means.not_in(MACHINES)))
    return list(connection.execute(query).scalars())


def _assigned(book: CaseBook, units: Units, row: Row) -> Row:
    now = book.now
    level = book.policy_of(row).level(row["risk"])
    unit_id = row["unit_id"] or units.for_region(row["region"])
    attempts = row["attempts"] + 1
    wait_s = news_s(Means(row["means"]), level)
    if row["assigned_at"] is None and level.sign_in_s is not None:
        start_sign_in(
            book, row["case_id"], row["id"], unit_id, level.sign_in_s, book.policy_of(row).notices.remind_share
        )
    state = after(DispatchState.WAITING, Event.ASSIGN).value
    book.draft.event(row["case_id"], "assign", dispatch_id=row["id"], from_state=row["state"], to_state=state)
    return {
        "row_id": row["id"],
        "state": state,
        "unit_id": unit_id,
        "assigned_at": row["assigned_at"] or now,
        "handed_over_at": row["handed_over_at"] or now,
        "news_due_at": now + timedelta(seconds=wait_s),
        "tries": row["tries"] + 1,
        "attempts": attempts,
        "fence": row["fence"] + 1,
    }


def start_sign_in(
    book: CaseBook, case_id: UUID, dispatch_id: UUID, unit_id: UUID, limit_s: float, remind_share: float, step: int = 0
) -> None:
    """The promise that somebody of the unit signs in, with a reminder on the way."""
    limit = PlannedDeadline(DeadlineKind.SIGN_IN, book.now, book.now + timedelta(seconds=limit_s), False)
    remind_at = book.now + timedelta(seconds=limit_s * remind_share)
    book.draft.deadline(limit, case_id, dispatch_id=dispatch_id, unit_id=unit_id, step=step, remind_at=remind_at)


def _attempt(row: Row, now: datetime) -> Row:
    number = row["attempts"] + 1
    return {
        "id": new_id(),
        "dispatch_id": row["id"],
        "number": number,
        "reference": reference(row["stem"], number),
        "carrier": WORKLIST,
        "begun_at": now,
        "answered_at": now,
        "answer": "accepted",
        "code": None,
        "carrier_ref": None,
        "ask_at": None,
        "asks": 0,
        "outcome": None,
        "outcome_code": None,
        "outcome_at": None,
    }


UNITS_KEPT_S = 2.0
"""How long the tree of units is kept at hand: it hardly ever changes, and every request needs it."""

_at_hand: WeakKeyDictionary[Engine, tuple[float, Units]] = WeakKeyDictionary()


def units_of(connection: Connection) -> Units:
    """The tree of units, at most two seconds old."""
    kept = _at_hand.get(connection.engine)
    if kept is None or time.monotonic() - kept[0] > UNITS_KEPT_S or not kept[1].by_id:
        kept = _at_hand[connection.engine] = (time.monotonic(), Units(connection))
    return kept[1]


class Units:
    """The tree of units as one transaction sees it."""

    def __init__(self, connection: Connection) -> None:
        self._subtrees: dict[UUID, frozenset[UUID]] = {}
        rows = connection.execute(select(tables.units)).mappings()
        self.by_id = {row["id"]: dict(row) for row in rows}
        self._by_region: dict[str, UUID] = {}
        for unit_id, row in sorted(self.by_id.items()):
            self._by_region.setdefault(row["region"], unit_id)

    def for_region(self, region: str) -> UUID:
        """The unit of the region, else of its prefecture, else of its province, else the root's desk.

        Raises: LookupError: there is no unit at all; run `quanzu migrate`, which makes them.
        """
        for code in (region, f"{region[:4]}00", f"{region[:2]}0000"):
            if code in self._by_region:
                return self._by_region[code]
        return self.root()

    def root(self) -> UUID:
        """The unit without a parent."""
        found: UUID
        for found, row in self.by_id.items():
            if row["parent_id"] is None:
                return found
        raise LookupError("no units: run `quanzu migrate`, which makes them from the regions")

    def parent(self, unit_id: UUID) -> UUID | None:
        """One step up, None at the root."""
        found: UUID | None = self.by_id[unit_id]["parent_id"]
        return found

    def subtree(self, unit_id: UUID) -> frozenset[UUID]:
        """The unit and all below it."""
        if unit_id not in self._subtrees:
            self._subtrees[unit_id] = frozenset(self._below(unit_id))
        return self._subtrees[unit_id]

    def _below(self, unit_id: UUID) -> set[UUID]:
        found = {unit_id}
        grown = True
        while grown:
            below = {child for child, row in self.by_id.items() if row["parent_id"] in found}
            grown = not below <= found
            found |= below
        return found
