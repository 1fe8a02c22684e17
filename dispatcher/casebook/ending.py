"""Ending: somebody was reached, work is no longer needed, a case closes, ends better, or opens again."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from sqlalchemy import select

from dispatcher import tables
from dispatcher.casebook.asking import way_of
from dispatcher.casebook.limits import Limits
from dispatcher.casebook.loading import OPEN
from dispatcher.draft import Row
from dispatcher.plan import HUMAN, RELATIVE, ROBOT, Way
from dispatcher.words import Channel, CloseCode, DeadlineKind, DispatchState, Means

NOBODY_TO_WARN = (CloseCode.FALSE_ALARM, CloseCode.DUPLICATE, CloseCode.TRANSFERRED_OUT)


class Ending(Limits):
    """What takes promised work away from a case."""

    def contacted(self, case: Row, by: str, at: datetime, *, dispatch: Row) -> None:
        """The person himself was reached: note it on the case and on those that share its voice, keep the limits.

        News of what an earlier warning promised keeps what that one promised, and answers nothing now.
        """
        warned_before = self.warned_before(case, dispatch)
        for member in self.family(case):
            if member is case and warned_before is not None:
                self.draft.event(case["id"], "contacted", why="by_an_earlier_warning")
                self._keep_contact(case, by, at, before=warned_before)
                continue
            first = member["contacted_at"] is None or at < member["contacted_at"]
            if first or (member["contacted_by"] == "robot" and by != "robot"):
                self.draft.event(member["id"], "contacted", why=by)
            if member["contacted_at"] is None or at < member["contacted_at"]:
                member["contacted_at"] = at
            if member["contacted_by"] in (None, "robot"):
                member["contacted_by"] = by
            self.touch_case(member)
            self.unrest.add(member["id"])
            self._keep_contact(member, by, at)
        if warned_before is None:
            self._spare(case, by)

    def _keep_contact(self, case: Row, by: str, at: datetime, *, before: UUID | None = None) -> None:
        self.done(case["id"], DeadlineKind.CONTACT, at, before=before)
        if by == "officer":
            self.done(case["id"], DeadlineKind.MET, at, before=before)

    def _spare(self, case: Row, by: str) -> None:
        """Calls that nobody needs any more: a robot's after any voice, a relative's and a redial after a person's."""
        spared: set[Way] = {ROBOT} if by == "robot" else {ROBOT, HUMAN, RELATIVE}
        for row in self.of_case(case["id"]):
            state = DispatchState(row["state"])
            if way_of(row) in spared and state in (DispatchState.WAITING, DispatchState.HANDED_OVER):
                if state is DispatchState.HANDED_OVER and row["means"] == Means.ROBOT:
                    continue  # a phone may be ringing: its news is awaited
                self.cancel(row, "person_was_reached")

    def cancel(self, row: Row, why: str) -> None:
        """A dispatch that is no longer needed and not with a worker."""
        self.draft.event(
            row["case_id"],
            "cancelled",
            dispatch_id=row["id"],
            from_state=row["state"],
            to_state=DispatchState.CANCELLED.value,
            why=why,
        )
        row.update(state=DispatchState.CANCELLED.value, reason=why, ended_at=self.now)
        row.update(news_due_at=None, lease_until=None, held_by=None)
        self.touch(row)
        self.unrest.add(row["case_id"])
        if row["means"] in (Means.HUMAN, Means.OFFICER):
            self.excuse(row["case_id"], dispatch_id=row["id"])
        if row["channel"] == Channel.VISIT:
            self.excuse(row["case_id"], kind=DeadlineKind.MET)

    def close(self, case: Row, code: CloseCode, *, why: str, actor: str | None = None) -> None:
        """End a case: people's work that still waits is cancelled, follow-ups are promised.

        Limits stay owed, so that a visit that failed still counts as not met; only where there was nobody to be
        warned (false alarm, duplicate, handed to others) they are void.
        """
        if code is CloseCode.TEMP_UNREACHABLE:
            if case["close_code"] != code:
                case["close_code"] = code.value
                self.touch_case(case)
                self.draft.event(case["id"], "temp_unreachable", why=why, actor=actor)
            return
        case.update(state="closed", close_code=code.value, closed_at=self.now, closes_itself_at=None)
        self.touch_case(case)
        self.draft.event(case["id"], "closed", from_state=OPEN, to_state="closed", why=f"{code}: {why}", actor=actor)
        for row in self.of_case(case["id"]):
            if row["state"] in (DispatchState.WAITING, DispatchState.HANDED_OVER) and row["channel"] != Channel.SMS:
                self.cancel(row, "case_closed")
        self.unrest.discard(case["id"])
        if code in NOBODY_TO_WARN:
            self.excuse(case["id"])
        self._promise_follow_ups(case, code)

    def better(self, case: Row, code: CloseCode) -> None:
        """A case that closed itself is better known by late news: it ends as it would have ended in time."""
        if code in (CloseCode.AUTO_CLOSED, CloseCode.TEMP_UNREACHABLE):
            return
        table = tables.cases
        query = select(table.c.id).where(
            table.c.shares_case_id == case["id"], table.c.close_code == CloseCode.AUTO_CLOSED
        )
        self.load_cases(self.connection.execute(query).scalars())
        for member in (case, *(row for row in self.cases.values() if row["shares_case_id"] == case["id"])):
            if member["close_code"] == CloseCode.AUTO_CLOSED:
                member["close_code"] = code.value
                self.touch_case(member)
                self.draft.event(member["id"], "closed_better", why=f"{code}: late_news")
                self._promise_follow_ups(member, code)

    def reopen(self, case: Row) -> None:
        """A closed case that takes an alert with new work is open again."""
        if case["state"] == OPEN:
            if case["close_code"] is not None:
                case["close_code"] = None
                self.touch_case(case)
            return
        case.update(state=OPEN, close_code=None, closed_at=None)
        self.touch_case(case)
        self.draft.event(case["id"], "reopened", from_state="closed", to_state=OPEN)
        self._drop_follow_ups(case)  # the next closing promises its own
