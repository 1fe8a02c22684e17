"""A stop-payment in each of its states, and what would break each of its rules alone."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID

from sqlalchemy import Table, insert
from story import NOON, Town

from dispatcher import tables
from dispatcher.ids import new_id

LATER = NOON + timedelta(hours=1)
SOMEBODY = new_id()

PROPOSED: dict[str, Any] = {"state": "proposed", "why": "says_he_has_paid", "proposed_at": NOON}
DECIDED = {"sealed": b"sealed", "key_id": "k1", "reason": "he has paid"}
MONEY = {"bank": "a bank", "amount_yuan": Decimal(100), "number": 1, "requested_at": LATER}
ANSWERED = {
    "state": "answered",
    "answered_at": LATER,
    "reply": "stopped",
    "stopped_yuan": Decimal(100),
    "stopped_until": LATER,
}


def furnish(town: Town, case_id: UUID, dispatch_id: UUID) -> None:
    """One stop of each state. Only one is open: a case has no more."""
    table = tables.stop_payments
    nothing = dict.fromkeys(table.c.keys())
    by = town.desk.key_id
    requested = PROPOSED | DECIDED | MONEY | {"state": "requested", "requested_by": by, "account_index": b"r" * 32}
    answered = requested | ANSWERED | {"answered_by": by, "account_index": b"a" * 32}
    dismissed = PROPOSED | DECIDED | {"state": "dismissed", "dismissed_at": LATER, "dismissed_by": by}
    with town.store.write() as connection:
        for row in (requested, answered, dismissed):
            ids = {"id": new_id(), "case_id": case_id, "dispatch_id": dispatch_id}
            connection.execute(insert(table), [nothing | row | ids])


REQUESTED_IS, ANSWERED_IS, DISMISSED_IS = ({"state": state} for state in ("requested", "answered", "dismissed"))
ASKED_FOR = {
    "requested_at": LATER,
    "requested_by": SOMEBODY,
    "bank": "a bank",
    "account_index": b"d" * 32,
    "amount_yuan": 1,
}
NO_LONGER_DISMISSED = {"state": "burnt", "dismissed_at": None, "dismissed_by": None}
NOT_STOPPED = {"stopped_yuan": None, "stopped_until": None, "number": None}

CHANGES: list[tuple[Table, dict[str, Any], dict[str, Any], str]] = [
    (tables.stop_payments, where, values, rule)
    for where, values, rule in (
        (DISMISSED_IS, NO_LONGER_DISMISSED, "state_is_known"),
        (ANSWERED_IS, NOT_STOPPED | {"reply": "perhaps"}, "reply_is_known"),
        (DISMISSED_IS, ASKED_FOR, "requested_has_an_instant"),
        (REQUESTED_IS, {"requested_by": None}, "requested_by_somebody"),
        (REQUESTED_IS, {"bank": None}, "requested_names_bank_account_and_amount"),
        (REQUESTED_IS, {"amount_yuan": 0}, "amount_is_money"),
        (REQUESTED_IS, {"dismissed_at": LATER, "dismissed_by": SOMEBODY}, "dismissed_has_an_instant"),
        (DISMISSED_IS, {"dismissed_by": None}, "dismissed_by_somebody"),
        (REQUESTED_IS, {"answered_at": LATER, "answered_by": SOMEBODY}, "answered_has_an_instant"),
        (ANSWERED_IS, {"answered_by": None}, "answered_by_somebody"),
        (REQUESTED_IS, {"reply": "refused"}, "answered_has_a_reply"),
        (REQUESTED_IS, {"reason": None}, "decided_with_a_reason"),
        (REQUESTED_IS, {"sealed": None, "key_id": None}, "decided_by_a_name"),
        (REQUESTED_IS, {"key_id": None}, "sealed_with_a_key"),
        (ANSWERED_IS, NOT_STOPPED, "stopped_has_an_amount"),
        (ANSWERED_IS, {"stopped_yuan": 0}, "stopped_is_money"),
        (ANSWERED_IS, {"stopped_until": None}, "stopped_has_an_end"),
        (REQUESTED_IS, {"number": 3}, "at_most_twice"),
        (REQUESTED_IS, {"number": None}, "counted_while_it_may_stand"),
    )
]
