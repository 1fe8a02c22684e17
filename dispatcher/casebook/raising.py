"""Raising: a case is promised more, because its level rose, it is warned again, or a ruling asks for it."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime
from uuid import UUID

from sqlalchemy import Connection, func, select

from config.policy import Policy
from dispatcher import tables
from dispatcher.bulk import among
from dispatcher.casebook.asking import TAKEN_AWAY, way_of
from dispatcher.casebook.ending import Ending
from dispatcher.casebook.loading import OPEN
from dispatcher.draft import Row
from dispatcher.effects import AddHuman, AddRelative, AddVisit
from dispatcher.plan import Plan, Way, plan_extra, plan_raise
from dispatcher.plan import plan as plan_anew
from dispatcher.routing.reasons import THROTTLED
from dispatcher.words import CloseCode, DispatchState, Means, Risk, Target


class Raising(Ending):
    """What brings promised work to a case."""

    def __init__(self, connection: Connection, *, now: datetime, actor: str) -> None:
        super().__init__(connection, now=now, actor=actor)
        self._known_pushes: dict[UUID, datetime] = {}

    def write_plan(self, case: Row, plan: Plan) -> list[Row]:
        """Turn a plan into rows of `case`; returns the new dispatches."""
        made = [self.draft.dispatch(planned, case) for planned in plan.dispatches]
        for row in made:
            self._keep(row)
        for deadline in plan.deadlines:
            self.draft.deadline(deadline, case["id"])
        return made

    def raise_level(self, case: Row, new: Risk, *, why: str, pushed_at: datetime) -> list[Row]:
        """Lift a case to `new`: missing channels are added, new limits run from now. Returns the new dispatches.

        A closed case opens again only for a channel that it has not had.
        """
        old = case["risk"]
        policy = self.policy_of(case)
        shared = self._is_shared(case)
        case["risk"], case["raised_at"] = new.value, self.now
        plan = plan_raise(policy, new, raised_at=self.now, pushed_at=pushed_at, have=self.ways(case), shared=shared)
        self.touch_case(case)
        self.draft.event(case["id"], "raised", from_state=old, to_state=new.value, why=why)
        if plan.dispatches:
            self.reopen(case)
        if case["state"] != OPEN:
            self._drop_follow_ups(case)
            self._promise_follow_ups(case, CloseCode(case["close_code"]))
            return []
        case["closes_itself_at"] = plan.closes_itself_at
        self.unrest.add(case["id"])
        for row in self.of_case(case["id"]):
            self._lift(row, new, policy, needless=plan.needless)
        return self.write_plan(case, self._tightened(case, plan))

    def _lift(self, row: Row, new: Risk, policy: Policy, *, needless: Collection[Way]) -> None:
        state = DispatchState(row["state"])
        if state.final or row["target"] == Target.DUTY:
            return
        if state is DispatchState.WAITING and way_of(row) in needless:
            self.cancel(row, "level_raised")
            return
        if new.urgent and row["lane"] != "urgent":
            row["lane"] = "urgent"
            if state is DispatchState.WAITING and row["reason"] == THROTTLED:  # its place was in the others' line
                row.update(due_at=self.now, ring_at=self.now, rings=0, reason=None)
        row["held_by"] = None  # more is known now; a hold that still means it catches it again when it is claimed
        if row["means"] != Means.ROBOT or policy.level(new).robot is not None:
            row["risk"] = new.value
        self.touch(row)

    def promise_again(self, case: Row, *, pushed_at: datetime) -> list[Row]:
        """A new alert speaks of a case from which work was taken away, withdrawn or by an operator: promise it again.

        Nothing where the case is closed or the person was reached. Returns the new dispatches.
        """
        begun = self.round_of(case)
        lost = any(row["reason"] in TAKEN_AWAY and row["planned_at"] >= begun for row in self.of_case(case["id"]))
        if not lost or case["state"] != OPEN or case["contacted_at"] is not None:
            return []
        policy, risk, shared = self.policy_of(case), Risk(case["risk"]), self._is_shared(case)
        plan = plan_raise(policy, risk, raised_at=self.now, pushed_at=pushed_at, have=self.ways(case), shared=shared)
        if not plan.dispatches:
            return []
        self.reopen(case)
        self.touch_case(case)
        case["closes_itself_at"] = plan.closes_itself_at
        self.unrest.add(case["id"])
        self.draft.event(case["id"], "promised_again", why="a new alert")
        return self.write_plan(case, self._tightened(case, plan))

    def warn_again(self, case: Row, *, pushed_at: datetime) -> list[Row]:
        """A second warning: the closed case opens and is promised everything of its level anew.

        What was reached and said the first time stays in the timeline, and answers nothing now.
        """
        policy, risk = self.policy_of(case), Risk(case["risk"])
        shared = self._is_shared(case)
        self.reopen(case)
        case.update(second_warning=True, contacted_at=None, contacted_by=None, verdict=None, dissuasion=None)
        again = plan_anew(policy, risk, received_at=self.now, pushed_at=pushed_at, shared=shared)
        case["closes_itself_at"] = again.closes_itself_at
        return self.write_plan(case, again)

    def _is_shared(self, case: Row) -> bool:
        """True while an open case brings the call and the visit; a leader that has closed is left."""
        if case["shares_case_id"] is None:
            return False
        self.load_cases([case["shares_case_id"]])
        if self.cases[case["shares_case_id"]]["state"] == OPEN:
            return True
        self.draft.event(case["id"], "parted", why=str(case["shares_case_id"]))
        case["shares_case_id"] = None
        self.touch_case(case)
        return False

    def add(self, case: Row, effect: AddHuman | AddRelative | AddVisit) -> list[Row]:
        """The one dispatch that a ruling asks for, unless the case has it. Returns it, or nothing."""
        policy, risk = self.policy_of(case), Risk(case["risk"])
        if case["state"] != OPEN or case["shares_case_id"] is not None:
            return []
        pushed_at = self._pushed_at(case)
        extra = plan_extra(policy, risk, effect, now=self.now, pushed_at=pushed_at)
        if not extra.dispatches or extra.dispatches[0].way in self.ways(case):
            return []
        why = effect.why if not isinstance(effect, AddRelative) else "not_reached"
        self.draft.event(case["id"], "added", to_state=extra.dispatches[0].way[0].value, why=why)
        return self.write_plan(case, self._tightened(case, extra))

    def _pushed_at(self, case: Row) -> datetime:
        """When its newest alert was pushed; what all cases at hand were told is fetched together."""
        if case["id"] not in self._known_pushes:
            wanted = [one for one in self.cases if one not in self._known_pushes and one not in self._fresh]
            table = tables.alerts
            query = select(table.c.case_id, func.max(table.c.pushed_at)).group_by(table.c.case_id)
            found = self.connection.execute(query.where(among(self.connection, table.c.case_id, wanted)))
            self._known_pushes |= dict.fromkeys((case["id"], *wanted), self.now) | {row[0]: row[1] for row in found}
        return self._known_pushes[case["id"]]
