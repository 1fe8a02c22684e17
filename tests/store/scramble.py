"""Rows changed by chance, past every rule of ours, so that figures meet what few days of life would show them."""

from __future__ import annotations

import random
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

from story import Row, Town

from dispatcher import tables
from dispatcher.ids import new_id

DAYS = (-3, -1, 0, 1, 5, 29, 30, 31)
"""Around the thirty days for which a warning must hold."""

IN_VAIN = {"met": "visit_invalid", "reached": "not_reached", "heard": "no_answer"}
"""What a try might as well have come to."""


def scramble(town: Town, *, seed: int) -> None:
    """Every second row of what figures read says something else, within what the table allows.

    Before the first fold alone: a fold learns of changes from whoever makes them by rule.
    """
    draw = random.Random(seed)
    for table, changed in (
        (tables.feedback, _report),
        (tables.deadlines, _promise),
        (tables.attempts, _try),
        (tables.dispatches, _handed_over),
        (tables.cases, _case),
    ):
        for row in town.rows(table):
            values = changed(row, draw)
            if values and draw.random() < 0.5:
                town.change(table, row["id"], **values)
    _stops(town, draw)


def _shifted(at: datetime, draw: random.Random) -> datetime:
    return at + timedelta(days=draw.choice(DAYS), seconds=draw.randrange(60))


def _yuan(draw: random.Random) -> Decimal:
    return Decimal(draw.randrange(1, 10**7)) / 100


def _report(row: Row, draw: random.Random) -> dict[str, Any]:
    """Another loss, another time of it; money without a verdict of fraud."""
    if row["reach"] != "reached":
        return {"received_at": _shifted(row["received_at"], draw)}
    defrauded = draw.random() < 0.6
    return {
        "received_at": _shifted(row["received_at"], draw),
        "verdict": "defrauded" if defrauded else draw.choice(("not_defrauded", "unknown")),
        "defrauded_yuan": _yuan(draw) if defrauded else draw.choice((None, Decimal(0))),
        "fraud_time": _shifted(row["happened_at"], draw) if defrauded else None,
        "dissuaded_yuan": draw.choice((None, Decimal(0), _yuan(draw))),
        "stopped_yuan": draw.choice((None, Decimal(0), _yuan(draw))),
    }


def _promise(row: Row, draw: random.Random) -> dict[str, Any]:
    """Kept a moment before, at, or after its limit; not due yet; void; late on arrival; a follow-up found a loss."""
    done = draw.choice((None, row["due_at"] + timedelta(microseconds=draw.choice((-1, 0, 1)))))
    values: dict[str, Any] = {
        "done_at": done,
        "void_at": row["due_at"] if draw.random() < 0.2 else None,
        "late_on_arrival": draw.random() < 0.2,
    }
    if done is None and draw.random() < 0.5:
        values["due_at"] = row["due_at"] + timedelta(days=60)
    if row["kind"] == "follow_up" and done is not None:
        values |= {"result": draw.choice(("valid", "invalid")), "later_loss_yuan": draw.choice((None, _yuan(draw)))}
    return values


def _try(row: Row, draw: random.Random) -> dict[str, Any]:
    """It came to nothing, or to the same at another time, or nobody can tell whether it was sent."""
    values: dict[str, Any] = {}
    if row["outcome_at"] is not None:
        values["outcome_at"] = _shifted(row["outcome_at"], draw)
        if row["outcome"] in IN_VAIN and draw.random() < 0.3:
            values["outcome"] = IN_VAIN[row["outcome"]]
    if row["answer"] is not None:
        values["answer"] = draw.choice((row["answer"], "unsure", "refused"))
    return values


def _handed_over(row: Row, draw: random.Random) -> dict[str, Any]:
    """The carrier had it at another time."""
    at = row["handed_over_at"]
    return {} if at is None else {"handed_over_at": _shifted(at, draw)}


def _case(row: Row, draw: random.Random) -> dict[str, Any]:
    """Another verdict."""
    verdict = draw.choice((None, "not_defrauded", "defrauded", "unknown"))
    values: dict[str, Any] = {"verdict": verdict}
    values["dissuasion"] = draw.choice(("timely", "self_aware", "refused", None)) if verdict else None
    if row["contacted_at"] is not None:
        values["contacted_at"] = _shifted(row["contacted_at"], draw)
    if row["state"] == "open":
        values["close_code"] = draw.choice((None, "temp_unreachable"))
    return values


def _stops(town: Town, draw: random.Random) -> None:
    """Stops of payments in every state: proposed, dismissed, requested, answered."""
    asked = {"sealed": b"-", "key_id": "k", "reason": "-", "bank": "B", "amount_yuan": _yuan(draw)}
    by = {"requested_by": town.desk.key_id, "requested_at": town.now}
    answered = by | {"answered_by": town.desk.key_id, "answered_at": town.now, "state": "answered"}
    kinds: tuple[dict[str, Any], ...] = (
        {"state": "proposed"},
        {"state": "dismissed", "dismissed_at": town.now, "dismissed_by": town.desk.key_id} | asked,
        {"state": "requested", "number": 1} | by | asked,
        {"reply": "stopped", "number": 1, "stopped_yuan": _yuan(draw), "stopped_until": town.now} | answered | asked,
        {"reply": "refused"} | answered | asked,
    )
    for case in town.cases():
        if draw.random() < 0.3 or town.rows(tables.stop_payments, case_id=case["id"]):
            continue
        dispatch = town.rows(tables.dispatches, case_id=case["id"])[0]
        kind = draw.choice(kinds)
        empty = {column.name: None for column in tables.stop_payments.columns}
        told = {"case_id": case["id"], "dispatch_id": dispatch["id"], "why": "-", "proposed_at": town.now}
        told |= {"account_index": new_id().bytes if "amount_yuan" in kind else None}
        town.copy(tables.stop_payments, empty | told | kind)
