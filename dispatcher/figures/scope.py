"""Which alerts a figure speaks of: a half-open window on their receipt, a region's subtree, sources, types, levels."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from typing import Any

from sqlalchemy import Select, or_, select

from config.regions import Regions
from dispatcher import tables
from dispatcher.figures.marks import Mark
from dispatcher.subtree import region_bounds
from dispatcher.words import Channel

HAS = {Channel.SMS: Mark.HAS_SMS, Channel.CALL: Mark.HAS_CALL, Channel.VISIT: Mark.HAS_VISIT}


@cache
def aliases() -> dict[str, str]:
    """Old county codes and what they became: old alerts roll up into today's county."""
    return dict(Regions.load().aliases)


@dataclass(frozen=True, slots=True)
class Scope:
    """[`since`, `until`) on `received_at`; None and empty mean all. Withdrawn alerts are always left out.

    `fraud_types` and `risks` are what was reported; `actual_types` what a person found; `final_risks` where the level
    stands now. `unit`: a unit's code, with all units below it. `channels`: cases with a dispatch by one of these.
    `tests`: test alerts alone; they are never counted beside others. `history`: imported alerts alone (True), none of
    them (False), or both.
    """

    since: datetime | None = None
    until: datetime | None = None
    region: str | None = None
    sources: Collection[str] = ()
    fraud_types: Collection[str] = ()
    risks: Collection[str] = ()
    tests: bool = False
    actual_types: Collection[str] = ()
    final_risks: Collection[str] = ()
    channels: Collection[str] = ()
    unit: str | None = None
    history: bool | None = None

    def conditions(self) -> list[Any]:
        """On the alerts' table, by what an alert itself tells."""
        alert = tables.alerts
        found: list[Any] = [alert.c.is_test.is_(self.tests), alert.c.withdrawn_at.is_(None)]
        if self.since is not None:
            found.append(alert.c.received_at >= self.since)
        if self.until is not None:
            found.append(alert.c.received_at < self.until)
        if self.region is not None:
            found.append(_within(alert.c.region, self.region))
        for column, wanted in (
            (alert.c.source, self.sources),
            (alert.c.fraud_type, self.fraud_types),
            (alert.c.risk, self.risks),
        ):
            if wanted:
                found.append(column.in_(sorted(wanted)))
        return found

    def on(self, facts: Any) -> list[Any]:
        """On rows of facts (facts.py), whose regions are today's."""
        found: list[Any] = [facts.c.is_test.is_(self.tests)]
        if self.since is not None:
            found.append(facts.c.received_at >= self.since)
        if self.until is not None:
            found.append(facts.c.received_at < self.until)
        return found + self.beside_time(facts)

    def whole_days_on(self, facts: Any) -> list[Any]:
        """The same of facts whose days lie wholly in the window."""
        return [facts.c.is_test.is_(self.tests), *self.beside_time(facts)]

    def on_cells(self, cells: Any, digits: int) -> list[Any]:
        """On cells (cells.py), besides their days and tests; only what they know.

        Of the coarsest depth that can tell the region, and regions of so many `digits` apart.
        """
        low, high = region_bounds(aliases().get(self.region or "", self.region or "00"))
        depth = max(digits, 2 if self.region is None else len(low))
        found: list[Any] = [cells.c.depth == depth + depth % 2]
        if self.region is not None:
            found += [cells.c.region >= low, cells.c.region < high]
        if self.history is not None:
            found.append(cells.c.history.is_(self.history))
        return found

    def beside_time(self, facts: Any) -> list[Any]:
        """All that narrows the scope but the window and tests."""
        found: list[Any] = []
        if self.region is not None:
            low, high = region_bounds(aliases().get(self.region, self.region))
            found += [facts.c.region >= low, facts.c.region < high]
        for column, wanted in (
            (facts.c.source, self.sources),
            (facts.c.fraud_type, self.fraud_types),
            (facts.c.risk, self.risks),
            (facts.c.actual_type, self.actual_types),
            (facts.c.final_risk, self.final_risks),
        ):
            if wanted:
                found.append(column.in_(sorted(wanted)))
        if self.channels:
            bits = [int(HAS[Channel(channel)]) for channel in sorted(self.channels)]
            found.append(or_(*(facts.c.marks.op("&")(bit) == bit for bit in bits)))
        if self.unit is not None:
            found.append(facts.c.unit_id.in_(_units_below(self.unit)))
        if self.history is not None:
            found.append(facts.c.history.is_(self.history))
        return found

    def cases(self) -> Select[Any]:
        """The cases whose first alert lies in the scope: a case counts in its first alert's window."""
        alert, case = tables.alerts, tables.cases
        return (
            select(
                case.c.id,
                case.c.phone_index,
                case.c.risk,
                case.c.state,
                case.c.close_code,
                case.c.verdict,
                case.c.dissuasion,
                case.c.shares_case_id,
            )
            .join(alert, alert.c.case_id == case.c.id)
            .where(alert.c.merged.is_(False), *self.conditions())
        )


def _within(column: Any, region: str) -> Any:
    """A region and all below it, with the old codes of counties that are there today."""
    region = aliases().get(region, region)
    low, high = region_bounds(region)
    old = sorted(code for code, today in aliases().items() if low <= today < high and not low <= code < high)
    inside = (column >= low) & (column < high)
    gone = sorted(code for code, today in aliases().items() if low <= code < high and not low <= today < high)
    if gone:
        inside = inside & column.not_in(gone)
    return or_(inside, column.in_(old)) if old else inside


def _units_below(code: str) -> Select[Any]:
    """The unit of this code and all below it."""
    unit = tables.units
    tree = select(unit.c.id).where(unit.c.code == code).cte("units_below", recursive=True)
    below = unit.alias("below")
    tree = tree.union_all(select(below.c.id).join(tree, below.c.parent_id == tree.c.id))
    return select(tree.c.id)
