"""A house whose doors are knocked at: upstreams push, callers and officers work, the carrier tells.

doors.push(doors.alert())                  an upstream's request
doors.work()                               workers claim; the carrier takes everything; tasks are assigned
doors.task("call")                         the first task of a caller's list
"""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from itertools import count
from pathlib import Path
from typing import Any
from uuid import UUID

from fastapi.testclient import TestClient
from httpx import Response
from sqlalchemy import Table, select

from cli.home import region_rows
from config.policy import load_policy
from config.regions import Regions
from dispatcher import tables
from dispatcher.access import make_key
from dispatcher.alert import Rules
from dispatcher.assign import assign
from dispatcher.bells import Bell
from dispatcher.carriers import simulator
from dispatcher.claim import Lease, Letter, claim
from dispatcher.happenings import Answered
from dispatcher.intake import Intake
from dispatcher.keys import Keyring
from dispatcher.settle import Settlement, settle
from dispatcher.store import Store
from dispatcher.units import seed_units
from dispatcher.words import Answer, Role
from web.app import make_app
from web.house import House

NOON = datetime(2026, 11, 22, 4, 0, tzinfo=UTC)
PHONE, NAME, IDENTITY = "13812345678", "王小明", "110101199003074514"
COUNTY, OTHER_COUNTY, CITY, OTHER_CITY = "140105", "140106", "140100", "140200"
SECRET = "made-up-secret"
RULES = Rules.shipped()
POLICY = load_policy("default")
UNITS = region_rows(Regions.load())


class Doors:
    """See the module; `client` is set by the fixture."""

    client: TestClient

    def __init__(self, store: Store) -> None:
        self.store = store
        self.now = NOON
        self.rung: list[Bell] = []
        self._numbers = count(1)
        self._keys: dict[tuple[Role, str, str | None], str] = {}
        with store.write() as connection:
            seed_units(connection, UNITS, self.now)
        self.house = House(
            store=store,
            intake=Intake(store, RULES, POLICY),
            ring=self.rung.extend,
            secrets={simulator.NAME: SECRET},
            now=lambda: self.now,
        )

    def later(self, **much: float) -> datetime:
        """Time passes."""
        self.now += timedelta(**much)
        return self.now

    def key(self, role: Role, unit: str = "140000", source: str | None = None) -> dict[str, str]:
        """The header of a key of this role."""
        wanted = (role, unit, source)
        if wanted not in self._keys:
            table = tables.units
            with self.store.write() as connection:
                unit_id = connection.execute(select(table.c.id).where(table.c.code == unit)).scalar_one()
                self._keys[wanted] = make_key(
                    connection, role=role, unit_id=unit_id, label=f"{role} of {unit}", now=NOON, source=source
                )
        return {"Authorization": f"Bearer {self._keys[wanted]}"}

    # -- upstreams ----------------------------------------------------------------------------------------------

    def alert(self, **told: Any) -> dict[str, Any]:
        """A right alert with a reference of its own."""
        return {
            "source": "bank",
            "source_ref": f"B-{next(self._numbers)}",
            "risk": "L1",
            "fraud_type": "fake_police",
            "pushed_at": (self.now - timedelta(minutes=1)).isoformat(),
            "region": COUNTY,
            "victim": {"phone": PHONE, "name": NAME, "id_number": IDENTITY},
        } | told

    def push(self, body: object, *, key: dict[str, str] | None = None) -> Response:
        """Push a value as JSON, or bytes as they are, with a bank's key unless another is given."""
        raw = body if isinstance(body, bytes) else json.dumps(body, ensure_ascii=False).encode()
        headers = self.key(Role.UPSTREAM, source="bank") if key is None else key
        return self.client.post("/v1/alerts", content=raw, headers=headers | {"Content-Type": "application/json"})

    # -- workers ------------------------------------------------------------------------------------------------

    def work(self) -> list[Letter]:
        """What waits is claimed and taken by the carrier, or put on worklists."""
        ids: list[UUID] = [row["id"] for row in self.rows(tables.dispatches) if row["state"] == "waiting"]
        lease = Lease("worker", simulator.NAME, timedelta(seconds=20))
        letters = claim(self.store, ids, lease=lease, now=self.now)
        settle(self.store, [Settlement(one, Answered(Answer.ACCEPTED), self.now) for one in letters], now=self.now)
        assign(self.store, ids, now=self.now)
        return letters

    def task(self, channel: str, unit: str = "140000") -> dict[str, Any]:
        """The first task on the list of a caller or an officer of the unit."""
        role = Role.CALLER if channel == "call" else Role.OFFICER
        listed = self.client.get("/v1/worklist", headers=self.key(role, unit))
        assert listed.status_code == 200, listed.text
        found: dict[str, Any] = listed.json()["tasks"][0]
        return found

    def act(self, task: dict[str, Any], verb: str, desk: str = "140000", /, **body: Any) -> Response:
        """Sign in, report, return or transfer, with the key of the task's trade."""
        role = Role.CALLER if task["channel"] == "call" else Role.OFFICER
        told = {"reference": task["reference"]} | body
        return self.client.post(f"/v1/worklist/{task['task']}/{verb}", json=told, headers=self.key(role, desk))

    def report(self, task: dict[str, Any], **codes: Any) -> Response:
        """A report; the person was reached and dissuaded unless said otherwise."""
        told = {"happened_at": self.now.isoformat(), "target": "self", "reach": "reached", "verdict": "not_defrauded"}
        return self.act(task, "report", **(told | codes))

    # -- the carrier --------------------------------------------------------------------------------------------

    def tells(self, body: object, *, signature: str | None = None) -> Response:
        """The carrier's callback, signed unless another signature is given."""
        raw = body if isinstance(body, bytes) else json.dumps(body).encode()
        headers = {simulator.SIGNATURE_HEADER: simulator.signed(SECRET, raw) if signature is None else signature}
        return self.client.post("/v1/receipts/simulator", content=raw, headers=headers)

    # -- looking ------------------------------------------------------------------------------------------------

    def rows(self, table: Table) -> list[dict[str, Any]]:
        """The rows of a table, oldest first."""
        with self.store.read() as connection:
            query = select(table).order_by(*table.primary_key.columns)
            return [dict(row) for row in connection.execute(query).mappings()]


def problem(answer: Response, status: int) -> dict[str, str]:
    """The fields that a problem names, with what would be right; checks that it is a problem and names no person."""
    assert answer.status_code == status, answer.text
    assert answer.headers["content-type"] == "application/problem+json"
    told = answer.json()
    assert told["status"] == status and told["title"] and told["type"]
    for secret in (PHONE, PHONE[:3] + " " + PHONE[3:7], NAME, IDENTITY):
        assert secret not in answer.text
    return {fault["field"]: fault["message"] for fault in told["errors"]}


@contextmanager
def opened(folder: Path, template: Path, keys: Keyring) -> Iterator[Doors]:
    """A house in this folder; an unexpected fault is answered, as by a real server, and not raised into the test."""
    path = folder / "quanzu.sqlite"
    shutil.copy(template, path)
    store = Store(f"sqlite:///{path}", keys)
    made = Doors(store)
    with TestClient(make_app(made.house), raise_server_exceptions=False) as client:
        made.client = client
        yield made
    store.close()
