"""Which alerts a figure speaks of: a half-open window on their receipt, a region's subtree, sources, types, levels."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Select, select

from dispatcher import tables
from dispatcher.worklist.scope import region_bounds


@dataclass(frozen=True, slots=True)
class Scope:
    """[`since`, `until`) on `received_at`; None and empty mean all. Withdrawn alerts are always left out.

    `tests`: test alerts alone; they are never counted beside others.
    """

    since: datetime | None = None
    until: datetime | None = None
    region: str | None = None
    sources: Collection[str] = ()
    fraud_types: Collection[str] = ()
    risks: Collection[str] = ()
    tests: bool = False

    def conditions(self) -> list[Any]:
        """On the alerts' table."""
        alert = tables.alerts
        found: list[Any] = [alert.c.is_test.is_(self.tests), alert.c.withdrawn_at.is_(None)]
        if self.since is not None:
            found.append(alert.c.received_at >= self.since)
        if self.until is not None:
            found.append(alert.c.received_at < self.until)
        if self.region is not None:
            low, high = region_bounds(self.region)
            found += [alert.c.region >= low, alert.c.region < high]
        for column, wanted in (
            (alert.c.source, self.sources),
            (alert.c.fraud_type, self.fraud_types),
            (alert.c.risk, self.risks),
        ):
            if wanted:
                found.append(column.in_(sorted(wanted)))
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
