"""One batch inside its transaction: what is known is read once, each alert is taken in turn, all is written once."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import Connection

from config.policy import Policy
from dispatcher import tables
from dispatcher.alert import Alert, Fault, Refused, Withdrawal
from dispatcher.casebook import CaseBook
from dispatcher.draft import Row
from dispatcher.holding.braking import Brakes
from dispatcher.ids import new_id
from dispatcher.intake.amending import Amending
from dispatcher.intake.answers import Incoming, Result, Status
from dispatcher.intake.known import Memory
from dispatcher.intake.placing import Placing
from dispatcher.intake.refusals import Refusals
from dispatcher.intake.withdrawing import Withdrawing
from dispatcher.keys import Keyring
from dispatcher.move import conclude_all

CONFLICT = Fault(
    "source_ref",
    "was accepted before with other contents; what changes it needs a higher revision, another alert a source_ref of"
    " its own",
)
UNKNOWN = Fault("source_ref", "no such alert was accepted; if its alert is still on the way, send the withdrawal again")


class Batch:
    """See the module. One instance lives for one transaction: `take`, then `write`."""

    def __init__(self, connection: Connection, *, keys: Keyring, policy: Policy, door: str, now: datetime) -> None:
        self.keys = keys
        self.door = door
        self.now = now
        self.book = CaseBook(connection, now=now, actor="intake")
        self.memory = Memory(connection, now=now)
        self.placing = Placing(self.book, self.memory, keys=keys, policy=policy)
        self.refusals = Refusals(connection, keys=keys, door=door, now=now)
        self.amending = Amending(self.book, self.memory, self.placing, keys)
        self.withdrawing = Withdrawing(self.book, self.memory)
        self.brakes = Brakes(connection, now=now)
        self._locked: set[bytes] = set()

    def take(self, batch: Sequence[Incoming], parsed: Sequence[Alert | Withdrawal | Refused]) -> list[Result]:
        """Take what came, each with what was read in it; one result for each, in order."""
        alerts = [item for item in parsed if isinstance(item, Alert)]
        withdrawals = [item for item in parsed if isinstance(item, Withdrawal)]
        indexes = {id(alert): self.keys.phone_index(alert.phone) for alert in alerts}
        self._locked = set(indexes.values()) | self.memory.people_of(withdrawals)
        self.memory.load([*alerts, *withdrawals], sorted(self._locked))
        fresh = {(alert.source, alert.source_ref): indexes[id(alert)] for alert in alerts} if withdrawals else {}
        self.withdrawing.load(withdrawals, fresh)
        self.brakes.load(alert.source for alert in alerts)
        results = []
        for incoming, item in zip(batch, parsed, strict=True):
            if isinstance(item, Refused):
                results.append(self.refusals.refuse(incoming, item))
            elif isinstance(item, Withdrawal):
                results.append(self._withdraw(incoming, item))
            else:
                results.append(self._accept_one(incoming, item, indexes[id(item)]))
        conclude_all(self.book)
        return self.refusals.named(results)

    def write(self) -> None:
        """Write what `take` gathered; the caller commits."""
        self.placing.keep_policies()
        self.book.flush()
        self.amending.write()
        self.withdrawing.write()
        self.brakes.write()
        self.refusals.write()

    def _accept_one(self, incoming: Incoming, alert: Alert, phone_index: bytes) -> Result:
        body_index = self.keys.index("body", alert.canonical())
        before = self.memory.seen.get((alert.source, alert.source_ref))
        if before is not None:
            return self._again(incoming, alert, before, phone_index, body_index)
        planned = len(self.book.draft.rows(tables.dispatches))
        case, merged = self.placing.find_case(alert, phone_index)
        row = self._keep_alert(incoming, alert, phone_index, body_index, case, merged)
        self.brakes.count(alert.source, self.book.draft.rows(tables.dispatches)[planned:], self.book.draft)
        return Result(Status.ACCEPTED, alert.source, alert.source_ref, row["id"], case["id"], merged)

    def _again(self, incoming: Incoming, alert: Alert, before: Row, phone_index: bytes, body_index: bytes) -> Result:
        """An alert that is known: a repeat, a revision that amends it, one that came too late, or a conflict."""
        if before["body_index"] == body_index or alert.revision < before["revision"]:
            return _known(Status.REPEATED, before)
        faults = (
            self.amending.faults(before, alert, phone_index) if alert.revision > before["revision"] else (CONFLICT,)
        )
        if faults:
            return self.refusals.refuse(incoming, Refused(faults, alert.source, alert.source_ref))
        self.amending.amend(before, alert, body_index)
        return _known(Status.AMENDED, before)

    def _withdraw(self, incoming: Incoming, told: Withdrawal) -> Result:
        before = self.memory.seen.get((told.source, told.source_ref))
        if (
            before is None or before["phone_index"] not in self._locked
        ):  # accepted this very moment: not yet ours to move
            return self.refusals.refuse(incoming, Refused((UNKNOWN,), told.source, told.source_ref))
        if before["withdrawn_at"] is not None:
            return _known(Status.REPEATED, before)
        self.withdrawing.withdraw(before, told)
        return _known(Status.WITHDRAWN, before)

    def _keep_alert(
        self, incoming: Incoming, alert: Alert, phone_index: bytes, body_index: bytes, case: Row, merged: bool
    ) -> Row:
        alert_id = new_id()
        personal = alert.personal_json()
        row = self.book.draft.add(
            tables.alerts,
            {
                "id": alert_id,
                "source": alert.source,
                "source_ref": alert.source_ref,
                "batch": alert.batch or incoming.batch,
                "body_index": body_index,
                "door": self.door,
                "case_id": case["id"],
                "merged": merged,
                "is_test": alert.test,
                "withdrawn_at": None,
                "revision": alert.revision,
                "risk": alert.risk.value,
                "fraud_type": alert.fraud_type.value,
                "region": alert.region,
                "region_from": alert.region_from.value,
                "occurred_at": alert.occurred_at,
                "pushed_at": alert.pushed_at,
                "received_at": self.now,
                "push_lag_ms": _lag_ms(alert.occurred_at, self.now),
                "phone_index": phone_index,
                "sex": alert.victim.sex,
                "age_band": alert.victim.age_band,
                "amount_yuan": alert.signal.amount_yuan if alert.signal else None,
                "sealed": self.keys.seal(personal, "alerts", alert_id),
                "key_id": self.keys.current,
            },
        )
        self.memory.seen[alert.source, alert.source_ref] = row
        return row


def _known(status: Status, before: Row) -> Result:
    """What is answered for an alert that was there before."""
    told = (before["source"], before["source_ref"], before["id"], before["case_id"], before["merged"])
    return Result(status, *told)


def _lag_ms(occurred_at: datetime | None, now: datetime) -> int | None:
    return None if occurred_at is None else round((now - occurred_at).total_seconds() * 1000)
