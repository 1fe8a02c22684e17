"""Refused alerts are kept as dead letters, sealed: one for each body, however often it comes."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import datetime
from uuid import UUID

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
        self._known: dict[UUID | None, UUID] = {}

    def refuse(self, incoming: Incoming, refused: Refused) -> Result:
        """Note one refusal; the result names the dead letter that it makes. `named` corrects it where one is known."""
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
        row["times"] += 1
        return Result(
            Status.REFUSED,
            refused.source,
            refused.source_ref,
            faults=refused.faults,
            dead_letter=row["id"],
        )

    def named(self, results: list[Result]) -> list[Result]:
        """The same results, each naming the letter that its body has had since an earlier batch. One query for all."""
        if not self._letters:
            return results
        table = tables.dead_letters
        query = select(table.c.body_index, table.c.id).where(table.c.body_index.in_(list(self._letters)))
        for body_index, letter_id in self.connection.execute(query):
            self._known[self._letters[bytes(body_index)]["id"]] = letter_id
        if not self._known:
            return results
        return [
            replace(result, dead_letter=self._known[result.dead_letter])
            if result.dead_letter in self._known
            else result
            for result in results
        ]

    def write(self) -> None:
        """Insert the new ones; count the others once more for each time that they came."""
        table = tables.dead_letters
        fresh = [row for row in self._letters.values() if row["id"] not in self._known]
        known = [row for row in self._letters.values() if row["id"] in self._known]
        if fresh:
            self.connection.execute(table.insert(), fresh)
        if known:
            again = update(table).where(table.c.id == bindparam("row_id"))
            changes = [{"row_id": self._known[row["id"]], "more": row["times"]} for row in known]
            self.connection.execute(again.values(times=table.c.times + bindparam("more"), last_at=self.now), changes)


def _as_json(value: object) -> bytes:
    return json.dumps(value, ensure_ascii=False, sort_keys=True, default=repr).encode("utf-8", "surrogatepass")


def _cut(value: str | None, length: int) -> str | None:
    return None if value is None else value[:length]
