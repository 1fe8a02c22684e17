"""A braked source: its alerts are kept and planned, but machines' dispatches of those beyond the limit wait."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from uuid import UUID

from sqlalchemy import Connection, Uuid, bindparam, select, update

from dispatcher import tables
from dispatcher.draft import Draft, Row
from dispatcher.words import Means, Risk

MACHINES = (Means.CARRIER, Means.ROBOT)

# Made once. The row's lock makes batches of one source take turns, so that the count is exact; others never meet it.
_BRAKES = (
    select(tables.holds)
    .where(
        tables.holds.c.kind == "brake",
        tables.holds.c.let_go_at.is_(None),
        tables.holds.c.released_at.is_(None),
        tables.holds.c.source.in_(bindparam("sources", expanding=True)),
    )
    .order_by(tables.holds.c.id)
    .with_for_update()
)
_COUNTED = (
    update(tables.holds)
    .where(tables.holds.c.id == bindparam("row_id", type_=Uuid()))
    .values(minute=bindparam("of_minute"), seen=bindparam("so_far"))
)


class Brakes:
    """The standing brakes of one batch's sources. `write` keeps the counts."""

    def __init__(self, connection: Connection, *, now: datetime) -> None:
        self.connection = connection
        self.minute = now.replace(second=0, microsecond=0)
        self._brakes: dict[str, Row] = {}

    def load(self, sources: Iterable[str]) -> None:
        """Look which of the sources are braked: one small query a batch."""
        named = sorted(set(sources))
        if not named:
            return
        for row in self.connection.execute(_BRAKES, {"sources": named}).mappings():
            brake = self._brakes[row["source"]] = dict(row)
            if brake["minute"] != self.minute:
                brake.update(minute=self.minute, seen=0)

    def count(self, source: str, planned: list[Row], draft: Draft) -> None:
        """One more alert of `source` was accepted and `planned` is what came of it: beyond the limit it is held."""
        brake = self._brakes.get(source)
        if brake is None:
            return
        brake["seen"] += 1
        if brake["seen"] <= brake["per_minute"]:
            return
        for row in planned:
            if row["means"] in MACHINES and (brake["urgent_too"] or not Risk(row["risk"]).urgent):
                row["held_by"] = brake["id"]
                why = f"brake on {source}: {brake['reason']}"
                draft.event(row["case_id"], "held", dispatch_id=row["id"], why=why[:128], actor=brake["made_by"])

    def write(self) -> None:
        """Keep what was counted."""
        counts: list[dict[str, UUID | datetime | int]] = [
            {"row_id": brake["id"], "of_minute": brake["minute"], "so_far": brake["seen"]}
            for brake in self._brakes.values()
        ]
        if counts:
            self.connection.execute(_COUNTED, counts)
