"""A case as a supervisor reads it: its timeline, what upstreams said, every receipt and report, and its people masked.

Personal fields are opened by `reveal` alone, with a reason, and the reading is in the access log before it is told.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Connection, select

from dispatcher import tables
from dispatcher.access import Visitor, note_access
from dispatcher.keys import Keyring
from dispatcher.store import Store
from dispatcher.timeline import Timeline, timeline
from dispatcher.worklist.tasks import mask

ALERT: tuple[str, ...] = (
    *("id", "source", "source_ref", "risk", "fraud_type", "region", "occurred_at", "pushed_at", "received_at"),
    *("merged", "withdrawn_at", "revision", "sex", "age_band", "amount_yuan"),
)
RECEIPT: tuple[str, ...] = ("carrier", "reference", "code", "happened_at", "received_at", "state")
REPORT: tuple[str, ...] = (
    *("dispatch_id", "number", "received_at", "happened_at", "target", "reach", "reason", "verdict", "dissuasion"),
    *("visit", "visit_reason", "defrauded_yuan", "dissuaded_yuan", "stopped_yuan", "fraud_time", "close_code"),
    "on_time",
)

Row = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Dossier:
    """One case, whole. `receipts` by the reference of the try, `reports` by dispatch, `units` by id."""

    story: Timeline
    phone_masked: str = field(repr=False)
    alerts: list[Row]
    receipts: Mapping[str, list[Row]]
    reports: Mapping[UUID, list[Row]]
    units: Mapping[UUID, str]


@dataclass(frozen=True, slots=True)
class Revealed:
    """What identifies the person, field by field, as the newest alert that has it tells it; empty ones are left out."""

    victim: Mapping[str, Any] = field(repr=False)
    suspect: Mapping[str, Any] = field(repr=False)


def dossier(connection: Connection, keys: Keyring, case_id: UUID, *, region: str) -> Dossier | None:
    """The case, if it lies in `region` or below; None otherwise, and nothing is told of it."""
    story = timeline(connection, case_id, region=region)
    if story is None:
        return None
    person = connection.execute(
        select(tables.cases.c.phone_sealed, tables.cases.c.key_id).where(tables.cases.c.id == case_id)
    ).one()
    phone = keys.open(person.phone_sealed, person.key_id, "cases", case_id).decode()
    references = [one["reference"] for item in story.dispatches for one in item["attempts"]]
    alert, receipt, report, unit = tables.alerts, tables.receipts, tables.feedback, tables.units
    receipts = select(receipt).where(receipt.c.reference.in_(references)).order_by(receipt.c.received_at)
    reports = select(report).where(report.c.case_id == case_id).order_by(report.c.received_at)
    dispatch = tables.dispatches
    units = select(dispatch.c.id, unit.c.name).join(unit, dispatch.c.unit_id == unit.c.id)
    return Dossier(
        story,
        mask(phone),
        _rows(connection, select(alert).where(alert.c.case_id == case_id).order_by(alert.c.received_at), ALERT),
        _by("reference", _rows(connection, receipts, RECEIPT)),
        _by("dispatch_id", _rows(connection, reports, REPORT)),
        {row.id: row.name for row in connection.execute(units.where(dispatch.c.case_id == case_id))},
    )


def reveal(store: Store, visitor: Visitor, case_id: UUID, *, why: str, remote: str, now: datetime) -> Revealed | None:
    """Open what identifies the person of a case; the reading is logged with its reason. Commits.

    None: there is no such case for this visitor, and nothing is logged. Raises: KeyMissing, SealBroken.
    """
    with store.read() as connection:
        if timeline(connection, case_id, region=visitor.region) is None:
            return None
        found = _opened(connection, store.keys, case_id)
    fields = [*(f"victim.{name}" for name in found.victim), *(f"suspect.{name}" for name in found.suspect)]
    with store.write() as connection:
        told = ",".join(fields)
        kept = fields if len(told) <= 128 else ["victim", "suspect"]  # the column's width
        note_access(connection, visitor, case_id=case_id, fields=kept, why=why, remote=remote, now=now)
    return found


def _opened(connection: Connection, keys: Keyring, case_id: UUID) -> Revealed:
    alert = tables.alerts
    query = select(alert.c.id, alert.c.sealed, alert.c.key_id).where(alert.c.case_id == case_id)
    found: dict[str, dict[str, Any]] = {"victim": {}, "suspect": {}}
    for row in connection.execute(query.order_by(alert.c.id.desc())):
        told = json.loads(keys.open(row.sealed, row.key_id, "alerts", row.id))
        for group, names in found.items():
            for name, value in told.get(group, {}).items():
                names.setdefault(name, value)
    return Revealed(found["victim"], found["suspect"])


def _rows(connection: Connection, query: Any, names: Iterable[str]) -> list[Row]:
    names = tuple(names)
    return [{name: row[name] for name in names} for row in connection.execute(query).mappings()]


def _by(name: str, rows: list[Row]) -> dict[Any, list[Row]]:
    found: dict[Any, list[Row]] = {}
    for row in rows:
        found.setdefault(row[name], []).append(row)
    return found
