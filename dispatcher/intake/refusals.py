"""Refused alerts are kept as dead letters, sealed: one for each body, however often it comes."""

from __future__ import annotations

import json
from datetime import datetime

from sqlalchemy import Connection, bindparam, select, update

from dispatcher import tables
from dispatcher.alert import Refused
from dispatcher.draft import Row
from dispatcher.ids import new_id
from dispatcher.intake.answers import Incoming, Result, Status
from dispatcher.keys import Keyring


class Refusals:
    """The refused alerts of one batch; `write` keeps them."""

    def __init__(self, connection: Connection, *, keys: Keyring, door: str, now: datetime) -> None:
        self.connection = connection
        self.keys = keys
        self.door = door
        self.now = now
        self._letters: dict[bytes, Row] = {}

    def refuse(self, incoming: Incoming, refused: Refused) -> Result:
        """Note one refusal; the result names the dead letter that it makes, or is counted on."""
        body = incoming.raw if incoming.raw is not None else _as_json(incoming.value)
        body_index = self.keys.index("dead", body)
        row = self._letters.get(body_index)
        if row is None:
            letter_id = new_id()
            row = self._letters[body_index] = {
                "id": letter_id,
                "door": self.door,
                "batch": _cut(incoming.batch, 128),
                "source": _cut(refused.source, 64),
                "source_ref": _cut(refused.source_ref, 128),
                "body_index": body_index,
                "faults": [{"field": fault.field, "message": fault.message} for fault in refused.faults],
                "times": 0,
                "received_at": self.now,
                "last_at": self.now,
                "state": "kept",
                "alert_id": None,
                "sealed": self.keys.seal(body, "dead_letters", letter_id),
                "key_id": self.keys.current,
            }
            found = self.connection.execute(
                select(tables.dead_letters.c.id).where(tables.dead_letters.c.body_index == body_index)
            ).scalar()
            row["known_as"] = found
        row["times"] += 1
        return Result(
            Status.REFUSED,
            refused.source,
            refused.source_ref,
            faults=refused.faults,
            dead_letter=row["known_as"] or row["id"],
        )

    def write(self) -> None:
        """Insert the new ones; count the others once more for each time that they came."""
        table = tables.dead_letters
        known = [row for row in self._letters.values() if row["known_as"] is not None]
        fresh = [row for row in self._letters.values() if row["known_as"] is None]
        if fresh:
            rows = [{name: value for name, value in row.items() if name != "known_as"} for row in fresh]
            self.connection.execute(table.insert(), rows)
        if known:
            again = update(table).where(table.c.id == bindparam("row_id"))
            changes = [{"row_id": row["known_as"], "more": row["times"]} for row in known]
            self.connection.execute(again.values(times=table.c.times + bindparam("more"), last_at=self.now), changes)


def _as_json(value: object) -> bytes:
    return json.dumps(value, ensure_ascii=False, sort_keys=True, default=repr).encode("utf-8", "surrogatepass")


def _cut(value: str | None, length: int) -> str | None:
    return None if value is None else value[:length]
