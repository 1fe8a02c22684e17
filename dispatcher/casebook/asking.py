"""Asking: what a case has been promised, who shares its call, and by which policy it is warned."""

from __future__ import annotations

from datetime import datetime
from functools import lru_cache
from uuid import UUID

from sqlalchemy import select

from config.policy import Policy, policy_from_text
from dispatcher import tables
from dispatcher.casebook.loading import OPEN, Loading
from dispatcher.casebook.policies import remember_policy, remembered_policy
from dispatcher.draft import Row
from dispatcher.plan import SMS, Way
from dispatcher.words import Channel, DispatchState, Means, Target

TAKEN_AWAY = ("withdrawn", "cancelled_by_operator")
"""Why a dispatch was cancelled though the person may still be in danger: the next alert promises it again."""

VOID = ("level_raised", "case_closed", *TAKEN_AWAY)
"""Cancelled for these, a dispatch does not count as promised."""


class Asking(Loading):
    """Questions to a case: something may be fetched to answer them, nothing is changed."""

    def ways(self, case: Row) -> set[Way]:
        """The ways promised in this round of warning, whatever came of them (void ones left out)."""
        begun = self.round_of(case)
        return {
            way_of(row)
            for row in self.of_case(case["id"])
            if row["planned_at"] >= begun and (row["state"] != DispatchState.CANCELLED or row["reason"] not in VOID)
        }

    def round_of(self, case: Row) -> datetime:
        """When the present warning began: each one, the second too, begins with a text."""
        first = self._first_text(case)
        begun: datetime = case["opened_at"] if first is None else first["planned_at"]
        return begun

    def warned_before(self, case: Row, dispatch: Row) -> UUID | None:
        """Where `dispatch` was promised by an earlier warning of its case than the present one: the id of the text
        with which the present one began. All that it promises has greater ids."""
        first = self._first_text(case) if case["second_warning"] and dispatch["case_id"] == case["id"] else None
        return first["id"] if first is not None and dispatch["planned_at"] < first["planned_at"] else None

    def _first_text(self, case: Row) -> Row | None:
        texts = [row for row in self.of_case(case["id"]) if way_of(row) == SMS]
        return max(texts, key=lambda row: (row["planned_at"], row["id"]), default=None)

    def family(self, case: Row) -> list[Row]:
        """The case and the open ones that share its call and visit."""
        self.load_families([case["id"]])
        shared = self._families[case["id"]]
        return [case, *(self.cases[case_id] for case_id in sorted(shared) if self.cases[case_id]["state"] == OPEN)]

    def policy_of(self, case: Row) -> Policy:
        """The policy that is frozen into the case."""
        digest: str = case["policy_digest"]
        return remembered_policy(digest) or self._read_policy(digest)

    def _read_policy(self, digest: str) -> Policy:
        table = tables.policies
        body = self.connection.execute(select(table.c.body).where(table.c.digest == digest)).scalar_one()
        return remember_policy(policy_from_text(body))


def way_of(row: Row) -> Way:
    """By which channel, means and for whom a dispatch is."""
    return _way(row["channel"], row["means"], row["target"])


@lru_cache(maxsize=64)
def _way(channel: str, means: str, target: str) -> Way:
    return (Channel(channel), Means(means), Target(target))
