"""The cases that one transaction works on: loaded once, changed in memory, written once.

Only here are levels raised, plans written, contacts noted and cases closed, so that intake, carriers' news and
people's reports all do it in the same way.
"""

from __future__ import annotations

from collections.abc import Collection, Container, Iterable
from datetime import datetime, timedelta
from functools import lru_cache
from uuid import UUID

from sqlalchemy import Connection, String, Table, Uuid, bindparam, func, or_, select, update

from config.policy import Policy, policy_from_text
from dispatcher import tables
from dispatcher.draft import Draft, Row
from dispatcher.effects import AddHuman, AddRelative, AddVisit
from dispatcher.plan import HUMAN, RELATIVE, ROBOT, SMS, Plan, PlannedDeadline, Way, plan_extra, plan_raise
from dispatcher.plan import plan as plan_anew
from dispatcher.words import Channel, CloseCode, DeadlineKind, DispatchState, Means, Risk, Target

CASE_FIELDS = (
    "risk",
    "raised_at",
    "pushes",
    "second_warning",
    "state",
    "contacted_at",
    "contacted_by",
    "verdict",
    "dissuasion",
    "close_code",
    "closed_at",
    "closes_itself_at",
    "shares_case_id",
)
DISPATCH_FIELDS = (
    "risk",
    "lane",
    "state",
    "due_at",
    "ring_at",
    "rings",
    "lease_until",
    "lease_owner",
    "tries",
    "handed_over_at",
    "news_due_at",
    "outcome",
    "reason",
    "ended_at",
)
OPEN = "open"
NOBODY_TO_WARN = (CloseCode.FALSE_ALARM, CloseCode.DUPLICATE, CloseCode.TRANSFERRED_OUT)
CHUNK = 500
"""Ids in one IN list: well below what any database takes."""


class CaseBook:
    """See the module. One instance lives for one transaction; `flush` writes what changed."""

    def __init__(self, connection: Connection, *, now: datetime, actor: str) -> None:
        self.connection = connection
        self.now = now
        self.draft = Draft(now, actor)
        self.cases: dict[UUID, Row] = {}
        self.dispatches: dict[UUID, Row] = {}
        self._of_case: dict[UUID, dict[UUID, Row]] = {}
        self._complete: set[UUID] = set()
        self._dirty_cases: set[UUID] = set()
        self._dirty_dispatches: set[UUID] = set()
        self._fresh: set[UUID] = set()
        self._families: dict[UUID, set[UUID]] = {}
        self._done: list[Row] = []
        self._void: list[Row] = []
        self.unrest: set[UUID] = set()
        """Cases that must be looked at by `conclude` before the end."""

    # -- loading ------------------------------------------------------------------------------------------------

    def load_cases(self, ids: Iterable[UUID]) -> None:
        """Fetch (and on PostgreSQL lock, in the order of their ids) the cases not yet here."""
        for part in _parts(_missing(ids, self.cases)):
            query = select(tables.cases).where(tables.cases.c.id.in_(part)).order_by(tables.cases.c.id)
            for row in self.connection.execute(query.with_for_update()).mappings():
                self.cases[row["id"]] = dict(row)

    def load_dispatches(self, ids: Iterable[UUID]) -> None:
        """Fetch the dispatches not yet here, and first all cases of their people: see `lock_people`."""
        wanted = _missing(ids, self.dispatches)
        if not wanted:
            return
        table = tables.dispatches
        self.lock_people(wanted)
        for part in _parts(wanted):
            for row in self.connection.execute(select(table).where(table.c.id.in_(part))).mappings():
                self._keep(dict(row))

    def lock_people(self, dispatch_ids: Iterable[UUID]) -> None:
        """Fetch all cases of the people of these dispatches. A person's cases are the lock of all that is his.

        All of them, since a case and those that share its call reach for one another; in one order, before anything
        else is locked, so that two transactions may wait for one another but never both.
        """
        self._lock_people_of(tables.dispatches, dispatch_ids)

    def lock_families(self, case_ids: Iterable[UUID]) -> None:
        """The same, by cases: all cases of the people of these."""
        self._lock_people_of(tables.cases, case_ids)

    def _lock_people_of(self, table: Table, ids: Iterable[UUID]) -> None:
        case = tables.cases
        found: set[UUID] = set()
        for part in _parts(sorted(ids)):
            people = select(table.c.phone_index).where(table.c.id.in_(part))
            found.update(self.connection.execute(select(case.c.id).where(case.c.phone_index.in_(people))).scalars())
        self.load_cases(found)

    def load_whole(self, case_ids: Iterable[UUID]) -> None:
        """Fetch the cases with all their dispatches."""
        wanted = _missing(case_ids, self._complete)
        if not wanted:
            return
        self.load_cases(wanted)
        table = tables.dispatches
        for part in _parts([case_id for case_id in wanted if case_id not in self._fresh]):
            for row in self.connection.execute(select(table).where(table.c.case_id.in_(part))).mappings():
                if row["id"] not in self.dispatches:
                    self._keep(dict(row))
        self._complete.update(wanted)

    def load_families(self, case_ids: Iterable[UUID]) -> None:
        """Fetch the open cases that share a call and visit with these."""
        table = tables.cases
        wanted = _missing(case_ids, self._families)
        if not wanted:
            return
        self._families.update({case_id: set() for case_id in wanted})
        for part in _parts(wanted):
            query = select(table.c.id, table.c.shares_case_id).where(
                table.c.shares_case_id.in_(part), table.c.state == OPEN
            )
            for member, leader in self.connection.execute(query):
                self._families[leader].add(member)
        self.load_cases(member for case_id in wanted for member in self._families[case_id])
        for case_id, row in self.cases.items():
            if row["shares_case_id"] in self._families:
                self._families[row["shares_case_id"]].add(case_id)

    def of_case(self, case_id: UUID) -> list[Row]:
        """All dispatches of a case, new ones too."""
        self.load_whole([case_id])
        return list(self._of_case.get(case_id, {}).values())

    def adopt(self, case: Row) -> Row:
        """Take a new case into the book; it is inserted at the end."""
        self.cases[case["id"]] = self.draft.add(tables.cases, case)
        self._fresh.add(case["id"])
        self._complete.add(case["id"])
        if case["shares_case_id"] in self._families:
            self._families[case["shares_case_id"]].add(case["id"])
        return case

    def _keep(self, row: Row) -> None:
        self.dispatches[row["id"]] = row
        self._of_case.setdefault(row["case_id"], {})[row["id"]] = row

    # -- changing -----------------------------------------------------------------------------------------------

    def touch(self, dispatch: Row) -> None:
        """Note that a dispatch was changed."""
        self._dirty_dispatches.add(dispatch["id"])

    def touch_case(self, case: Row) -> None:
        """Note that a case was changed."""
        if case["id"] not in self._fresh:
            self._dirty_cases.add(case["id"])

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
        row["lane"] = "urgent" if new.urgent else row["lane"]
        if row["means"] != Means.ROBOT or policy.level(new).robot is not None:
            row["risk"] = new.value
        self.touch(row)

    def _tightened(self, case: Row, plan: Plan) -> Plan:
        """Open limits of the same kind end no later than the new ones; only kinds that are missing are added."""
        table = tables.deadlines
        query = (
            select(table.c.id, table.c.kind, table.c.due_at)
            .where(
                table.c.case_id == case["id"],
                table.c.kind.in_(_LIMITS),
                table.c.void_at.is_(None),
                func.coalesce(table.c.done_at, table.c.missed_at, self.now) >= self.round_of(case),
            )
            .order_by(table.c.due_at)
        )
        rows = [dict(row) for row in self.connection.execute(query).mappings()]
        rows += [row for row in self.draft.rows(table) if row["case_id"] == case["id"]]
        there = {row["kind"]: row for row in rows if row["kind"] in _LIMITS}
        missing: list[PlannedDeadline] = []
        for limit in plan.deadlines:
            old = there.get(limit.kind)
            if old is None:
                missing.append(limit)
            elif limit.due_at < old["due_at"]:
                old["due_at"] = limit.due_at
                if "done_at" not in old:  # it is in the database, not in the draft
                    self._shorten(old["id"], limit)
        return Plan(plan.dispatches, tuple(missing), plan.closes_itself_at, plan.needless)

    def _shorten(self, deadline_id: UUID, limit: PlannedDeadline) -> None:
        table = tables.deadlines
        self.connection.execute(
            update(table)
            .where(table.c.id == deadline_id, table.c.done_at.is_(None), table.c.missed_at.is_(None))
            .values(due_at=limit.due_at, started_at=limit.started_at)
        )

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

    def contacted(self, case: Row, by: str, at: datetime) -> None:
        """The person himself was reached: note it on the case and on those that share its voice, keep the limits."""
        for member in self.family(case):
            first = member["contacted_at"] is None or at < member["contacted_at"]
            if first or (member["contacted_by"] == "robot" and by != "robot"):
                self.draft.event(member["id"], "contacted", why=by)
            if member["contacted_at"] is None or at < member["contacted_at"]:
                member["contacted_at"] = at
            if member["contacted_by"] in (None, "robot"):
                member["contacted_by"] = by
            self.touch_case(member)
            self.unrest.add(member["id"])
            self.done(member["id"], DeadlineKind.CONTACT, at)
            if by == "officer":
                self.done(member["id"], DeadlineKind.MET, at)
        self._spare(case, by)

    def _spare(self, case: Row, by: str) -> None:
        """Calls that nobody needs any more: a robot's after any voice, a relative's and a redial after a person's."""
        spared: set[Way] = {ROBOT} if by == "robot" else {ROBOT, HUMAN, RELATIVE}
        for row in self.of_case(case["id"]):
            state = DispatchState(row["state"])
            if way_of(row) in spared and state in (DispatchState.WAITING, DispatchState.HANDED_OVER):
                if state is DispatchState.HANDED_OVER and row["means"] == Means.ROBOT:
                    continue  # a phone may be ringing: its news is awaited
                self.cancel(row, "person_was_reached")

    def done(self, case_id: UUID, kind: DeadlineKind, at: datetime, *, dispatch_id: UUID | None = None) -> None:
        """Note that what was promised happened `at`, on time or late; the first time counts."""
        for row in self.draft.rows(tables.deadlines):
            mine = dispatch_id is None or row["dispatch_id"] == dispatch_id
            if row["case_id"] == case_id and row["kind"] == kind and row["done_at"] is None and mine:
                row["done_at"] = at
        self._done.append({"of_case": case_id, "of_kind": kind.value, "of_dispatch": dispatch_id, "at": at})

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
        row.update(
            state=DispatchState.CANCELLED.value, reason=why, ended_at=self.now, news_due_at=None, lease_until=None
        )
        self.touch(row)
        self.unrest.add(row["case_id"])
        if row["means"] in (Means.HUMAN, Means.OFFICER):
            self.excuse(row["case_id"], dispatch_id=row["id"])
        if row["channel"] == Channel.VISIT:
            self.excuse(row["case_id"], kind=DeadlineKind.MET)

    def excuse(self, case_id: UUID, *, dispatch_id: UUID | None = None, kind: DeadlineKind | None = None) -> None:
        """Limits that are no longer owed, if they have not yet fallen due; follow-ups are always owed."""
        told = kind.value if kind is not None else None
        self._void.append({"of_case": case_id, "of_dispatch": dispatch_id, "of_kind": told})

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
        case["shares_case_id"] = None
        self.touch_case(case)
        return False

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

    # -- asking -------------------------------------------------------------------------------------------------

    def ways(self, case: Row) -> set[Way]:
        """The ways promised in this round of warning, whatever came of them (void ones left out)."""
        begun = self.round_of(case)
        return {
            way_of(row)
            for row in self.of_case(case["id"])
            if row["planned_at"] >= begun
            and (row["state"] != DispatchState.CANCELLED or row["reason"] not in ("level_raised", "case_closed"))
        }

    def round_of(self, case: Row) -> datetime:
        """When the present warning began: each one, the second too, begins with a text."""
        texts = [row["planned_at"] for row in self.of_case(case["id"]) if way_of(row) == SMS]
        opened: datetime = case["opened_at"]
        return max(texts, default=opened)

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

    def _pushed_at(self, case: Row) -> datetime:
        table = tables.alerts
        newest = select(func.max(table.c.pushed_at)).where(table.c.case_id == case["id"])
        found: datetime | None = self.connection.execute(newest).scalar()
        return found or self.now

    # -- writing ------------------------------------------------------------------------------------------------

    def flush(self) -> None:
        """Write what is new and what changed, one statement a table."""
        for table, ids, rows, fields in (
            (tables.cases, self._dirty_cases, self.cases, CASE_FIELDS),
            (tables.dispatches, self._dirty_dispatches, self.dispatches, DISPATCH_FIELDS),
        ):
            fresh = {row["id"] for row in self.draft.rows(table)}
            changed = [
                {"row_id": row_id} | {field: rows[row_id][field] for field in fields} for row_id in sorted(ids - fresh)
            ]
            if changed:
                query = update(table).where(table.c.id == bindparam("row_id"))
                self.connection.execute(query.values({field: bindparam(field) for field in fields}), changed)
            ids.clear()
        self._flush_limits()
        self.draft.write(self.connection)

    def _flush_limits(self) -> None:
        """Limits that were kept, and limits that are no longer owed and have not yet fallen due."""
        table = tables.deadlines
        mine = or_(bindparam("of_dispatch", type_=Uuid()).is_(None), table.c.dispatch_id == bindparam("of_dispatch"))
        here = (table.c.case_id == bindparam("of_case"), mine, table.c.void_at.is_(None))
        if self._done:
            kept = update(table).where(*here, table.c.kind == bindparam("of_kind"), table.c.done_at.is_(None))
            self.connection.execute(kept.values(done_at=bindparam("at")), self._done)
        if self._void:
            any_kind = or_(bindparam("of_kind", type_=String()).is_(None), table.c.kind == bindparam("of_kind"))
            unowed = update(table).where(
                *here,
                any_kind,
                table.c.done_at.is_(None),
                table.c.missed_at.is_(None),
                table.c.due_at > self.now,
                table.c.kind != DeadlineKind.FOLLOW_UP,
            )
            self.connection.execute(unowed.values(void_at=self.now), self._void)
        self._done, self._void = [], []


_LIMITS = (DeadlineKind.CONTACT, DeadlineKind.MET, DeadlineKind.FEEDBACK)
_policies: dict[str, Policy] = {}


def remember_policy(policy: Policy) -> Policy:
    """Keep a policy at hand under the digest that cases carry."""
    _policies[policy.digest] = policy
    return policy


def remembered_policy(digest: str) -> Policy | None:
    """The policy of a digest, if this process has met it."""
    return _policies.get(digest)


def way_of(row: Row) -> Way:
    """By which channel, means and for whom a dispatch is."""
    return _way(row["channel"], row["means"], row["target"])


@lru_cache(maxsize=64)
def _way(channel: str, means: str, target: str) -> Way:
    return (Channel(channel), Means(means), Target(target))


def _missing(ids: Iterable[UUID], there: Container[UUID]) -> list[UUID]:
    """Those of `ids` that are not there, once each, ascending. Cheap when all are: it is asked for every single row."""
    return sorted({one for one in ids if one not in there})


def _parts(ids: list[UUID]) -> Iterable[list[UUID]]:
    return (ids[start : start + CHUNK] for start in range(0, len(ids), CHUNK))


__all__ = ["OPEN", "CaseBook", "remember_policy", "remembered_policy", "way_of"]
