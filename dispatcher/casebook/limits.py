"""Limits: times that were promised, how they are kept, tightened, and no longer owed."""

from __future__ import annotations

from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy import ColumnElement, Connection, or_, select, update

from dispatcher import tables
from dispatcher.bulk import New, also, among, change, rows_of
from dispatcher.casebook.asking import Asking
from dispatcher.draft import Row
from dispatcher.plan import Plan, PlannedDeadline
from dispatcher.words import CloseCode, DeadlineKind

_KEY = ("of_case", "case_id")
_LIKE = (("of_kind", "kind"), ("of_dispatch", "dispatch_id"))
_LIKE_DONE = (*_LIKE, ("of_before", "id"))
_LIMITS = (DeadlineKind.CONTACT, DeadlineKind.MET, DeadlineKind.FEEDBACK)


class Limits(Asking):
    """Deadlines of the cases at hand; follow-ups, which are promised after the end, are deadlines too."""

    def __init__(self, connection: Connection, *, now: datetime, actor: str) -> None:
        super().__init__(connection, now=now, actor=actor)
        self._done: list[Row] = []
        self._void: list[Row] = []
        self._known_limits: dict[UUID, list[Row]] = {}

    def done(
        self,
        case_id: UUID,
        kind: DeadlineKind,
        at: datetime,
        *,
        dispatch_id: UUID | None = None,
        before: UUID | None = None,
    ) -> None:
        """Note that what was promised happened `at`, on time or late; the earliest time counts, whenever it is told.

        `before`: only limits with smaller ids, promised by an earlier warning of the case.
        """
        for row in self.draft.rows(tables.deadlines):
            mine = (dispatch_id is None or row["dispatch_id"] == dispatch_id) and (before is None or row["id"] < before)
            earlier = row["done_at"] is None or at < row["done_at"]
            if row["case_id"] == case_id and row["kind"] == kind and mine and earlier:
                row["done_at"] = at
        self._done.append(
            {
                "of_case": case_id,
                "of_kind": kind.value,
                "of_dispatch": dispatch_id,
                "of_before": before,
                "done_at": at,
            }
        )

    def excuse(self, case_id: UUID, *, dispatch_id: UUID | None = None, kind: DeadlineKind | None = None) -> None:
        """Limits that are no longer owed, if they have not yet fallen due; follow-ups are always owed."""
        told = kind.value if kind is not None else None
        self._void.append({"of_case": case_id, "of_dispatch": dispatch_id, "of_kind": told, "void_at": self.now})

    def _tightened(self, case: Row, plan: Plan) -> Plan:
        """Open limits of the same kind end no later than the new ones; only kinds that are missing are added."""
        begun = self.round_of(case)
        rows = [row for row in self._limits_of(case) if (row["done_at"] or row["missed_at"] or self.now) >= begun]
        rows += [row for row in self.draft.rows(tables.deadlines) if row["case_id"] == case["id"]]
        there = {row["kind"]: row for row in rows if row["kind"] in _LIMITS}
        missing: list[PlannedDeadline] = []
        for limit in plan.deadlines:
            old = there.get(limit.kind)
            if old is None:
                missing.append(limit)
            elif limit.due_at < old["due_at"]:
                old["due_at"] = limit.due_at
                if "step" not in old:  # it is in the database, not in the draft
                    self._shorten(old["id"], limit)
        return Plan(plan.dispatches, tuple(missing), plan.closes_itself_at, plan.needless)

    def _limits_of(self, case: Row) -> list[Row]:
        """The limits of a case that are not void, by their time; those of all cases at hand are fetched together."""
        if case["id"] not in self._known_limits:
            wanted = [one for one in self.cases if one not in self._known_limits and one not in self._fresh]
            self._known_limits |= {one: [] for one in (case["id"], *wanted)}
            table = tables.deadlines
            query = select(
                table.c.id, table.c.case_id, table.c.kind, table.c.due_at, table.c.done_at, table.c.missed_at
            ).where(
                among(self.connection, table.c.case_id, wanted),
                also(table.c.kind.in_(_LIMITS), table.c.void_at.is_(None)),
            )
            for row in rows_of(self.connection.execute(query.order_by(table.c.due_at))):
                self._known_limits[row["case_id"]].append(row)
        return self._known_limits[case["id"]]

    def _shorten(self, deadline_id: UUID, limit: PlannedDeadline) -> None:
        table = tables.deadlines
        self.connection.execute(
            update(table)
            .where(table.c.id == deadline_id, table.c.done_at.is_(None), table.c.missed_at.is_(None))
            .values(due_at=limit.due_at, started_at=limit.started_at)
        )

    def _promise_follow_ups(self, case: Row, code: CloseCode) -> None:
        for step, deadline in enumerate(self._follow_ups(case, code)):
            self.draft.deadline(deadline, case["id"], step=step)

    def _drop_follow_ups(self, case: Row) -> None:
        """Those that nobody has made yet are no longer owed."""
        table = tables.deadlines
        stale = update(table).where(
            table.c.case_id == case["id"],
            table.c.kind == DeadlineKind.FOLLOW_UP,
            table.c.done_at.is_(None),
            table.c.void_at.is_(None),
        )
        self.connection.execute(stale.values(void_at=self.now))
        for row in self.draft.rows(table):
            if row["case_id"] == case["id"] and row["kind"] == DeadlineKind.FOLLOW_UP:
                row["void_at"] = self.now

    def _follow_ups(self, case: Row, code: CloseCode) -> list[PlannedDeadline]:
        if code is not CloseCode.DISSUADED:
            return []
        level = self.policy_of(case).level(case["risk"])
        chosen = case["id"].int % 10_000 < level.follow_up_share * 10_000
        return [
            PlannedDeadline(DeadlineKind.FOLLOW_UP, self.now, self.now + timedelta(seconds=after_s), False)
            for after_s in (level.follow_ups_s if chosen else ())
        ]

    def _flush_limits(self) -> None:
        """Limits that were kept, and limits that are no longer owed and have not yet fallen due."""
        # one after the other where two speak of one limit: the earlier instant counts
        waiting, self._done = self._done, []
        while waiting:
            turn = {(row["of_case"], row["of_kind"]): row for row in reversed(waiting)}
            rows = list(turn.values())
            change(self.connection, tables.deadlines, rows, key=_KEY, guard=_kept_earlier, like=_LIKE_DONE)
            waiting = [row for row in waiting if turn[row["of_case"], row["of_kind"]] is not row]
        unowed = {(row["of_case"], row["of_kind"], row["of_dispatch"]): row for row in self._void}
        change(self.connection, tables.deadlines, list(unowed.values()), key=_KEY, guard=_unowed, like=_LIKE)
        self._void = []


def _here(new: New) -> list[ColumnElement[bool]]:
    table = tables.deadlines
    mine = or_(new("of_dispatch").is_(None), table.c.dispatch_id == new("of_dispatch"))
    return [mine, table.c.void_at.is_(None)]


def _kept_earlier(new: New) -> list[ColumnElement[bool]]:
    table = tables.deadlines
    earlier = or_(table.c.done_at.is_(None), table.c.done_at > new("done_at"))
    warned_before = or_(new("of_before").is_(None), table.c.id < new("of_before"))
    return [*_here(new), table.c.kind == new("of_kind"), earlier, warned_before]


def _unowed(new: New) -> list[ColumnElement[bool]]:
    table = tables.deadlines
    return [
        *_here(new),
        or_(new("of_kind").is_(None), table.c.kind == new("of_kind")),
        table.c.kind != DeadlineKind.FOLLOW_UP,
        table.c.done_at.is_(None),
        table.c.missed_at.is_(None),
        table.c.due_at > new("void_at"),
    ]
