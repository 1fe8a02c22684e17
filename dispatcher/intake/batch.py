"""One batch inside its transaction: what is known is read once, each alert is taken in turn, all is written once."""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import Connection

from config.policy import Policy
from dispatcher import tables
from dispatcher.alert import Alert, Fault, Refused
from dispatcher.casebook import CaseBook
from dispatcher.draft import Row
from dispatcher.ids import new_id
from dispatcher.intake.answers import Incoming, Result, Status
from dispatcher.intake.known import Memory
from dispatcher.intake.placing import Placing
from dispatcher.intake.refusals import Refusals
from dispatcher.keys import Keyring
from dispatcher.move import conclude_all

CONFLICT = Fault("source_ref", "was accepted before with other contents; a changed alert needs a source_ref of its own")


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

    def take(self, batch: Sequence[Incoming], parsed: Sequence[Alert | Refused]) -> list[Result]:
        """Take what came, each with what was read in it; one result for each, in order."""
        alerts = [item for item in parsed if not isinstance(item, Refused)]
        indexes = {id(alert): self.keys.phone_index(alert.phone) for alert in alerts}
        self.memory.load(alerts, sorted(set(indexes.values())))
        results = []
        for incoming, item in zip(batch, parsed, strict=True):
            if isinstance(item, Refused):
                results.append(self.refusals.refuse(incoming, item))
            else:
                results.append(self._accept_one(incoming, item, indexes[id(item)]))
        conclude_all(self.book)
        return results

    def write(self) -> None:
        """Write what `take` gathered; the caller commits."""
        self.placing.keep_policies()
        self.book.flush()
        self.refusals.write()

    def _accept_one(self, incoming: Incoming, alert: Alert, phone_index: bytes) -> Result:
        body_index = self.keys.index("body", alert.canonical())
        before = self.memory.seen.get((alert.source, alert.source_ref))
        if before is not None:
            if before["body_index"] != body_index:
                return self.refusals.refuse(incoming, Refused((CONFLICT,), alert.source, alert.source_ref))
            return Result(
                Status.REPEATED,
                alert.source,
                alert.source_ref,
                before["id"],
                before["case_id"],
                before["merged"],
            )
        case, merged = self.placing.find_case(alert, phone_index)
        row = self._keep_alert(incoming, alert, phone_index, body_index, case, merged)
        return Result(Status.ACCEPTED, alert.source, alert.source_ref, row["id"], case["id"], merged)

    def _keep_alert(
        self, incoming: Incoming, alert: Alert, phone_index: bytes, body_index: bytes, case: Row, merged: bool
    ) -> Row:
        alert_id = new_id()
        personal = json.dumps(alert.personal(), ensure_ascii=False, default=str).encode()
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


def _lag_ms(occurred_at: datetime | None, now: datetime) -> int | None:
    return None if occurred_at is None else round((now - occurred_at).total_seconds() * 1000)
