"""An engine with one promise switched off, to see whether the audit notices. `-m tests.chaos.broken fence worker …`

Only the chaos campaign starts its parts through here; no switch of the kind exists in the engine itself.

fence            whoever is rung for a dispatch takes it, leased to somebody or not, and what he settles counts
attempt_first    the attempt's row is written after the carrier was called, not before
dedupe           an alert that was sent again is not recognised
relay            what is due is rung for once; if that bell is lost, nobody rings again
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from types import ModuleType
from typing import Any
from uuid import UUID

from sqlalchemy import Connection, delete, insert, select, text, update

from dispatcher import bells, claim, settle, tables
from dispatcher.clock import ring
from dispatcher.intake.known import Memory
from dispatcher.store import Store
from workers import deliver, settler

LONG = timedelta(days=10)


def _replace(name: str, instead: Callable[..., Any], *rooms: ModuleType) -> None:
    """Put something else in the place of what these modules imported."""
    for room in rooms:
        getattr(room, name)  # a promise that is kept elsewhere by now must not count as broken
        setattr(room, name, instead)


def break_fence() -> None:
    """Work is taken from whoever has it, and every answer counts, whoever owns the work by now."""
    plain, table = claim.due, tables.dispatches

    def due(connection: Connection, ids: Sequence[UUID], *values: Any, **named: Any) -> list[dict[str, Any]]:
        held = update(table).where(table.c.id.in_(ids), table.c.state == "underway")
        connection.execute(held.values(state="waiting", lease_until=None, lease_owner=None))
        return plain(connection, ids, *values, **named)

    claim.due = due
    settle._is_ours = lambda row, letter: True


def break_attempt_first() -> None:
    """While the request is out there is no attempt; it is written with its answer."""
    kept: dict[UUID, dict[str, Any]] = {}
    plain_claim, plain_settle, table = claim.claim, settle.settle, tables.attempts

    def claim_unseen(store: Store, ids: Sequence[UUID], **told: Any) -> list[Any]:
        letters = plain_claim(store, ids, **told)
        opened = [letter.attempt_id for letter in letters]
        with store.write() as connection:
            for row in connection.execute(select(table).where(table.c.id.in_(opened))).mappings():
                kept[row["id"]] = dict(row)
            connection.execute(delete(table).where(table.c.id.in_(opened)))
        return letters

    def settle_late(store: Store, answers: Sequence[Any], *, now: datetime) -> Any:
        ids = [item.letter.attempt_id for item in answers]
        rows = [kept[attempt] for attempt in ids if attempt in kept]
        if rows:
            with store.write() as connection:
                connection.execute(insert(table), rows)
            for attempt in ids:
                kept.pop(attempt, None)
        return plain_settle(store, answers, now=now)

    _replace("claim", claim_unseen, deliver)
    _replace("settle", settle_late, settler)


class _Forgetful(dict[tuple[str, str], Any]):
    def get(self, _key: Any, _default: Any = None) -> None:
        return None


def break_dedupe() -> None:
    """No alert was ever seen before."""
    plain = Memory.__init__

    def forget(self: Memory, *values: Any, **named: Any) -> None:
        plain(self, *values, **named)
        self.seen = _Forgetful()

    Memory.__init__ = forget  # type: ignore[method-assign]  # that is the break


def break_relay() -> None:
    """A bell is trusted to arrive."""
    _replace("ring_pause", lambda rings: LONG, bells, ring)


BROKEN: dict[str, Callable[[], None]] = {
    "fence": break_fence,
    "attempt_first": break_attempt_first,
    "dedupe": break_dedupe,
    "relay": break_relay,
}


def prepare_broken(promise: str, store: Store) -> None:
    """Take out of the way what would stop the broken engine before it does harm."""
    if promise == "dedupe":
        with store.write() as connection:
            connection.execute(text("ALTER TABLE alerts DROP CONSTRAINT one_alert_per_source_ref"))


def main() -> None:
    """Break a promise, then be `quanzu`."""
    from cli.main import main as quanzu  # the command is made of what was broken before

    BROKEN[sys.argv.pop(1)]()
    quanzu()


if __name__ == "__main__":
    main()
