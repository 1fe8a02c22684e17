"""The tables as an audit reads them, in one steady view; phones are turned into the ledger's pseudonyms on the way."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from typing import Any
from uuid import UUID

from sqlalchemy import Connection, Table, func, select

from cli.audit.rows import Alert, Attempt, Case, Deadline, Dispatch, Event, Feedback, Level, Rows
from dispatcher import tables
from dispatcher.keys import Keyring

Row = dict[str, Any]


def load_rows(connection: Connection, keys: Keyring, person: Callable[[str], str]) -> Rows:
    """Everything that an audit compares. `person`: phone to pseudonym.

    Raises: KeyMissing, SealBroken: a phone cannot be opened.
    """
    who = {
        row["id"]: person(keys.open(row["phone_sealed"], row["key_id"], "cases", row["id"]).decode())
        for row in _all(connection, tables.cases)
    }
    duty = {
        row["id"]: person(keys.open(row["duty_phone_sealed"], row["key_id"], "units", row["id"]).decode())
        for row in _all(connection, tables.units)
        if row["duty_phone_sealed"] is not None
    }
    return Rows(
        alerts=tuple(_alert(row) for row in _all(connection, tables.alerts)),
        cases=tuple(_case(row, who) for row in _all(connection, tables.cases)),
        dispatches=tuple(_dispatch(row, who, duty) for row in _all(connection, tables.dispatches)),
        attempts=tuple(_pick(Attempt, row) for row in _all(connection, tables.attempts)),
        deadlines=tuple(_pick(Deadline, row | {"void": row["void_at"] is not None}) for row in _deadlines(connection)),
        feedback=tuple(
            Feedback(row["attempt_id"], row["received_at"], row) for row in _all(connection, tables.feedback)
        ),
        events=tuple(_pick(Event, row) for row in _all(connection, tables.events)),
        receipts=_receipts(connection),
        policies={
            row["digest"]: {name: _level(rule) for name, rule in json.loads(row["body"])["levels"].items()}
            for row in connection.execute(select(tables.policies)).mappings()
        },
    )


def _all(connection: Connection, table: Table) -> Iterator[Row]:
    """Every row, oldest first."""
    for row in connection.execute(select(table).order_by(table.c.id)).mappings():
        yield dict(row)


def _deadlines(connection: Connection) -> Iterator[Row]:
    return _all(connection, tables.deadlines)


def _pick(kind: Any, row: Row) -> Any:
    """A row's columns that this class knows, by name."""
    return kind(**{name: row[name] for name in kind.__slots__})


def _alert(row: Row) -> Alert:
    counts = not row["is_test"] and row["withdrawn_at"] is None
    found: Alert = _pick(Alert, row | {"counts": counts})
    return found


def _case(row: Row, who: dict[UUID, str]) -> Case:
    found: Case = _pick(Case, row | {"person": who[row["id"]]})
    return found


def _dispatch(row: Row, who: dict[UUID, str], duty: dict[UUID, str]) -> Dispatch:
    person = duty.get(row["unit_id"]) if row["target"] == "duty" else who[row["case_id"]]
    found: Dispatch = _pick(Dispatch, row | {"person": person})
    return found


def _receipts(connection: Connection) -> dict[tuple[str, str], int]:
    table = tables.receipts
    query = select(table.c.reference, table.c.code, func.count()).group_by(table.c.reference, table.c.code)
    return {(reference, code): number for reference, code, number in connection.execute(query)}


def _level(rule: Row) -> Level:
    human = rule.get("human")
    return Level(
        human_start=human["start"] if human else None,
        closes_itself_s=rule.get("closes_itself_s"),
        follow_ups=len(rule.get("follow_ups_s") or ()),
        follow_up_share=rule.get("follow_up_share", 1.0),
        repeats_unsure_text=rule["sms"].get("repeat_unsure_after_s") is not None,
    )
