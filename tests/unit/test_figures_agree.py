"""Whichever door is asked, the figures are the same to the last digit, and equal to a recount in plain SQL."""

from __future__ import annotations

import csv
import io
import random
from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from cli_help import Command, command
from fastapi.testclient import TestClient
from recount import Window, recount
from sqlalchemy import select

from cli.commands import telling
from cli.home import open_store
from config.policy import load_policy
from config.settings import load_settings
from dispatcher import receipts, tables
from dispatcher.access import make_key
from dispatcher.alert import Rules
from dispatcher.assign import assign
from dispatcher.carriers import simulator
from dispatcher.claim import Lease, claim
from dispatcher.figures import DOZEN, fold
from dispatcher.intake import Intake
from dispatcher.judge import Answered
from dispatcher.news import Told
from dispatcher.settle import Settlement, settle
from dispatcher.store import Store
from dispatcher.words import Answer, Role
from web.app import make_app
from web.house import House

FILTERS, ALERTS, UNFOLDED = 50, 60, 2
EVERY = 6
"""So many supervisors ask one door; each of these asks the terminal and takes a table too."""
CODES = ("DELIVRD", "HEARD", "KEY1", "UNDELIV", "NOANSWER", "BUSY")
LATER = datetime.now(UTC) + timedelta(hours=3)
"""Everybody is asked as of this instant: many limits have passed by then."""


class Later(datetime):
    """The command's clock."""

    @classmethod
    def now(cls, tz: Any = None) -> Any:
        """Three hours from now."""
        return LATER.astimezone(tz)


@pytest.fixture(scope="module")
def quanzu(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Command]:
    """A home in which sixty alerts were answered: some texts came, some calls were heard, some were not."""
    with pytest.MonkeyPatch.context() as patch, command(tmp_path_factory.mktemp("agree"), patch) as made:
        patch.setattr(telling, "datetime", Later)
        sample = made("sample", "--alerts", str(ALERTS), "--seed", "5").stdout_bytes
        assert made("submit", "-", given=sample).exit_code == 0
        with closing(open_store(load_settings())) as store:
            answer(store)
        yield made


def answer(store: Store) -> None:
    """Carriers take what waits and tell what became of it."""
    with store.read() as connection:
        ids = list(connection.execute(select(tables.dispatches.c.id)).scalars())
    at = datetime.now(UTC)
    letters = claim(store, ids, lease=Lease("test", simulator.NAME, timedelta(seconds=20)), now=at)
    settle(store, [Settlement(one, Answered(Answer.ACCEPTED), at) for one in letters], now=at)
    assign(store, ids, now=at)
    news = [Told(one.reference, CODES[number % 6], at, b"{}") for number, one in enumerate(letters)]
    receipts.keep(store, simulator.NAME, news, now=at)
    receipts.apply(store, now=at)


def draw(chance: random.Random, rows: list[Any]) -> Window:
    """One or two filters that somebody may ask for."""
    one = chance.choice(rows)
    since = one.received_at - timedelta(seconds=chance.choice((0, 0.2, 1)))
    wishes = {
        "since": since,
        "until": since + timedelta(seconds=chance.choice((0.3, 2, 9999))),
        "region": one.region[: chance.choice((2, 4, 6))].ljust(6, "0"),
        "source": one.source,
        "fraud_type": one.fraud_type,
        "risk": one.risk,
    }
    return Window(**{name: wishes[name] for name in chance.sample(sorted(wishes), k=chance.choice((1, 1, 2)))})


def asked(window: Window) -> dict[str, str]:
    """The same as the API has it."""
    told = {
        "from": window.since and window.since.isoformat(),
        "to": window.until and window.until.isoformat(),
        "region": window.region,
        "source": window.source,
        "type": window.fraud_type,
        "level": window.risk,
    }
    return {name: value for name, value in told.items() if value is not None}


def parts(rows: Any) -> dict[str, tuple[Any, int, int]]:
    """Id to value, numerator, denominator."""
    return {
        row["definition"]: (
            None if row["value"] in (None, "") else float(row["value"]),
            int(row["numerator"]),
            int(row["denominator"]),
        )
        for row in rows
    }


def test_every_door_tells_the_same(quanzu: Command) -> None:
    """Fifty supervisors asked for fifty different parts of the day, some at three doors: one count, the recount's."""
    chance, sizes = random.Random(34), set()
    with closing(open_store(load_settings())) as store:
        with store.write() as connection:
            root = connection.execute(select(tables.units.c.id).where(tables.units.c.parent_id.is_(None))).scalar_one()
            key = make_key(connection, role=Role.SUPERVISOR, unit_id=root, label="desk", now=LATER)
        with store.read() as connection:
            rows = list(connection.execute(select(tables.alerts)))
        policy = load_policy("default")
        house = House(store, Intake(store, Rules.shipped(), policy), lambda bells: None, {}, now=lambda: LATER)
        client = TestClient(make_app(house), headers={"Authorization": f"Bearer {key}"})
        for number in range(FILTERS):
            if number == UNFOLDED:  # so far the figures were made of rows, from here on of facts at rest
                while fold(store, now=LATER, on_time_push_s=policy.on_time_push_s):
                    pass
            window = draw(chance, rows)
            query = asked(window)
            with store.read() as connection:
                again = recount(connection, window, now=LATER, on_time_push_s=policy.on_time_push_s)["kpi"]
            expected = parts({"definition": name} | kpi for name, kpi in again.items())
            api = client.get("/v1/figures/summary", params={**query, "kpi": list(DOZEN)})
            assert parts(api.json()["figures"]) == expected, window
            sizes.add(expected["alerts"][2])
            if number >= UNFOLDED and number % EVERY:
                continue
            table = client.get("/v1/figures/summary", params={**query, "kpi": list(DOZEN), "format": "csv"})
            assert parts(csv.DictReader(io.StringIO(table.text))) == expected, window
            words = [word for name, text in query.items() for word in (telling.CALLED[name], text)]
            terminal = quanzu.read("stats", "--json", *words)["kpi"]
            assert parts({"definition": name} | kpi for name, kpi in terminal.items()) == expected, window
    assert len(sizes) > 8, "the parts must differ to prove anything"
