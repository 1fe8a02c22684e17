"""Each alert finds its case: it joins one and may raise it, or it opens one and the case is planned."""

from __future__ import annotations

from uuid import UUID

from sqlalchemy import select, update

from config.policy import Policy
from dispatcher import tables
from dispatcher.alert import Alert
from dispatcher.casebook import OPEN, CaseBook, remember_policy, remembered_policy
from dispatcher.draft import Row
from dispatcher.ids import new_id
from dispatcher.intake.known import Memory
from dispatcher.join import Join, Open, join
from dispatcher.keys import Keyring
from dispatcher.plan import plan
from dispatcher.words import Risk


class Placing:
    """Places the alerts of one batch, in the order in which they came. Changes the book; writes nothing itself."""

    def __init__(self, book: CaseBook, memory: Memory, *, keys: Keyring, policy: Policy) -> None:
        self.book = book
        self.memory = memory
        self.keys = keys
        self.policy = policy
        self.now = book.now

    def find_case(self, alert: Alert, phone_index: bytes) -> tuple[Row, bool]:
        """The case that the alert joins, raised as it asks (True); or a new one, planned (False).

        False as well where all that was said of the case before is withdrawn: then this alert stands for it.
        """
        policy = self.policy.for_region(alert.region)
        known = self.memory.cases_of(phone_index, is_test=alert.test)
        place = join(alert.fraud_type, known, rules=policy.joining, now=self.now)
        if isinstance(place, Join):
            stands_alone = place.case not in self.memory.sources
            if stands_alone:
                self._follow(place.case)
            return self._join(alert, place), not stands_alone
        case = self._open_case(alert, phone_index, place, policy)
        self.memory.opened(case)
        self._lift_leader(alert, case, is_new=True)
        return case, False

    def _follow(self, case_id: UUID) -> None:
        """All that was said of a case is withdrawn: none of it stands for the case any more."""
        table = tables.alerts
        stood = update(table).where(table.c.case_id == case_id, table.c.merged.is_(False))
        self.book.connection.execute(stood.values(merged=True))
        for row in self.book.draft.rows(table):
            if row["case_id"] == case_id:
                row["merged"] = True

    def _join(self, alert: Alert, place: Join) -> Row:
        self.book.load_whole([place.case])
        case = self.book.cases[place.case]
        case["pushes"] += 1
        self.book.touch_case(case)
        self.book.draft.event(case["id"], "pushed_again", why=alert.source)
        self.book.promise_again(case, pushed_at=alert.pushed_at)
        if place.second_warning:
            self.book.warn_again(case, pushed_at=alert.pushed_at)
        self.raise_for(alert, case, second_source=self._is_second_source(alert, case))
        self.memory.refresh(case)
        return case

    def raise_for(self, alert: Alert, case: Row, *, second_source: bool, why: str = "higher_alert") -> None:
        """Raise to the higher of the levels, and one more for a second source within a day."""
        old = Risk(case["risk"])
        new = old.higher(alert.risk)
        if second_source:
            new = new.raised()
        self.memory.hear(case["id"], alert.source)
        if new is old:
            return
        self.book.raise_level(case, new, why="second_source" if second_source else why, pushed_at=alert.pushed_at)
        if case["shares_case_id"] is not None:
            self._lift_leader(alert, case)

    def _lift_leader(self, alert: Alert, case: Row, *, is_new: bool = False) -> None:
        """A sharer has no call and visit of its own, so its danger is its leader's too.

        A second source that opens a linked case within a day raises the leader one more: rule 3 speaks of the person,
        not of the type. Where the linked case was there, it has been raised itself.
        """
        if case["shares_case_id"] is None:
            return
        self.book.load_whole([case["shares_case_id"]])
        leader = self.book.cases[case["shares_case_id"]]
        second_source = is_new and self._is_second_source(alert, leader)
        self.memory.hear(leader["id"], alert.source)
        new = Risk(leader["risk"]).higher(Risk(case["risk"]))
        if second_source:
            new = new.raised()
        if new != leader["risk"] and leader["state"] == OPEN:
            why = "second_source" if second_source else "linked_case"
            self.book.raise_level(leader, new, why=why, pushed_at=alert.pushed_at)

    def _open_case(self, alert: Alert, phone_index: bytes, place: Open, policy: Policy) -> Row:
        case_id = new_id()
        case = self.book.adopt(
            {
                "id": case_id,
                "phone_index": phone_index,
                "phone_sealed": self.keys.seal(alert.phone.encode(), "cases", case_id),
                "key_id": self.keys.current,
                "fraud_type": alert.fraud_type.value,
                "first_risk": alert.risk.value,
                "risk": alert.risk.value,
                "raised_at": None,
                "region": alert.region,
                "is_test": alert.test,
                "pushes": 1,
                "second_warning": False,
                "state": OPEN,
                "opened_at": self.now,
                "contacted_at": None,
                "contacted_by": None,
                "verdict": None,
                "dissuasion": None,
                "close_code": None,
                "closed_at": None,
                "closes_itself_at": None,
                "previous_case_id": place.previous,
                "shares_case_id": place.shares,
                "policy_digest": policy.digest,
            }
        )
        remember_policy(policy)
        planned = plan(
            policy,
            alert.risk,
            received_at=self.now,
            pushed_at=alert.pushed_at,
            shared=place.shares is not None,
        )
        case["closes_itself_at"] = planned.closes_itself_at
        self.book.draft.event(case_id, "opened", to_state=OPEN, why=alert.source)
        self.book.write_plan(case, planned)
        self.memory.hear(case_id, alert.source)
        return case

    def _is_second_source(self, alert: Alert, case: Row) -> bool:
        within_s = self.book.policy_of(case).joining.second_source_s
        return self.memory.is_second_source(case["id"], alert.source, within_s=within_s)

    def keep_policies(self) -> None:
        """Put the policies of the new cases in the draft, unless the database has them."""
        table = tables.policies
        used = {row["policy_digest"] for row in self.book.draft.rows(tables.cases)}
        if not used:
            return
        query = select(table.c.digest).where(table.c.digest.in_(used))
        there = set(self.book.connection.execute(query).scalars())
        for digest in sorted(used - there):
            policy = remembered_policy(digest)
            assert policy is not None
            self.book.draft.add(
                table, {"digest": digest, "name": policy.name, "body": policy.text, "first_used_at": self.now}
            )
