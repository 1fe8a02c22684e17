"""A later revision of an alert changes what it said; a raise raises its case, and nothing un-warns anybody."""

from __future__ import annotations

from sqlalchemy import Uuid, bindparam, update

from dispatcher import tables
from dispatcher.alert import Alert, Fault
from dispatcher.casebook import OPEN, CaseBook
from dispatcher.draft import Row
from dispatcher.intake.known import Memory
from dispatcher.intake.placing import Placing
from dispatcher.keys import Keyring
from dispatcher.words import Risk

ANOTHER = "withdraw this alert and push the right one under a source_ref of its own"
OTHER_PERSON = Fault("victim.phone", f"must stay as it was accepted, it tells who is warned; {ANOTHER}")
OTHER_KIND = Fault("test", f"must stay as it was accepted; {ANOTHER}")
TAKEN_BACK = Fault("source_ref", "was withdrawn; an alert that holds after all needs a source_ref of its own")

CHANGED = (
    "risk",
    "fraud_type",
    "region",
    "region_from",
    "occurred_at",
    "push_lag_ms",
    "sex",
    "age_band",
    "amount_yuan",
    "sealed",
    "key_id",
    "body_index",
    "revision",
)
"""What an amendment changes of an alert's row. The clocks' `pushed_at` and `received_at` stay."""


class Amending:
    """The amendments of one batch. Changes book and memory; `write` writes what the book does not."""

    def __init__(self, book: CaseBook, memory: Memory, placing: Placing, keys: Keyring) -> None:
        self.book = book
        self.memory = memory
        self.placing = placing
        self.keys = keys
        self._alerts: list[Row] = []
        self._cases: list[Row] = []

    def faults(self, before: Row, alert: Alert, phone_index: bytes) -> tuple[Fault, ...]:
        """Why this revision cannot be taken; empty: it can."""
        if before["withdrawn_at"] is not None:
            return (TAKEN_BACK,)
        wrong = ((before["phone_index"] != phone_index, OTHER_PERSON), (before["is_test"] != alert.test, OTHER_KIND))
        return tuple(fault for is_wrong, fault in wrong if is_wrong)

    def amend(self, before: Row, alert: Alert, body_index: bytes) -> None:
        """Let `alert` stand for what was said in `before`."""
        self.book.load_whole([before["case_id"]])
        case = self.book.cases[before["case_id"]]
        row = self._row(before, alert, body_index)
        why = f"{alert.source}, revision {alert.revision}: {_said(before, row)}"
        self.book.draft.event(case["id"], "amended", why=why[:128])
        before.update(row)
        self._alerts.append({"row_id": before["id"], **row})
        if not before["merged"] and self._speaks_alone(case):
            self._change_case(case, alert)
        self.placing.raise_for(alert, case, second_source=False, why="amended")
        self.memory.refresh(case)

    def write(self) -> None:
        """Write what was amended; what the draft inserts must be there."""
        for table, rows, fields in (
            (tables.alerts, self._alerts, CHANGED),
            (tables.cases, self._cases, ("fraud_type", "region")),
        ):
            if rows:
                query = update(table).where(table.c.id == bindparam("row_id", type_=Uuid()))
                self.book.connection.execute(query.values({field: bindparam(field) for field in fields}), rows)

    def _row(self, before: Row, alert: Alert, body_index: bytes) -> Row:
        personal = alert.personal_json()
        lag = None if alert.occurred_at is None else before["received_at"] - alert.occurred_at
        return {
            "risk": alert.risk.value,
            "fraud_type": alert.fraud_type.value,
            "region": alert.region,
            "region_from": alert.region_from.value,
            "occurred_at": alert.occurred_at,
            "push_lag_ms": None if lag is None else round(lag.total_seconds() * 1000),
            "sex": alert.victim.sex,
            "age_band": alert.victim.age_band,
            "amount_yuan": alert.signal.amount_yuan if alert.signal else None,
            "sealed": self.keys.seal(personal, "alerts", before["id"]),
            "key_id": self.keys.current,
            "body_index": body_index,
            "revision": alert.revision,
        }

    def _speaks_alone(self, case: Row) -> bool:
        """An open case that one push opened: what that alert says of type and region is what the case is."""
        return bool(case["state"] == OPEN and case["pushes"] == 1)

    def _change_case(self, case: Row, alert: Alert) -> None:
        """Its type and region follow, unless an open case of that type is there already: then the type stays."""
        known = self.memory.cases_of(case["phone_index"], is_test=case["is_test"])
        taken = any(
            other.id != case["id"] and other.state == OPEN and other.fraud_type == alert.fraud_type for other in known
        )
        fraud_type = case["fraud_type"] if taken else alert.fraud_type.value
        if (fraud_type, alert.region) != (case["fraud_type"], case["region"]):
            case.update(fraud_type=fraud_type, region=alert.region)
            self._cases.append({"row_id": case["id"], "fraud_type": fraud_type, "region": alert.region})


def _said(before: Row, row: Row) -> str:
    """Which graded fields changed, and how; everything else is `details`."""
    told = [f"{name} {before[name]} to {row[name]}" for name in ("risk", "fraud_type", "region")]
    changed = [
        words for words, name in zip(told, ("risk", "fraud_type", "region"), strict=True) if before[name] != row[name]
    ]
    if Risk(row["risk"]) is not Risk(before["risk"]).higher(Risk(row["risk"])):
        changed.append("nobody is un-warned")
    return ", ".join(changed) or "details"
