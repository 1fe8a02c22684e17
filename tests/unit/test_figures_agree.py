"""Whichever door is asked, the figures are the same to the last digit, and equal to a recount in plain SQL."""

from __future__ import annotations

import csv
import html
import io
import random
import re
from collections import defaultdict
from collections.abc import Collection, Iterator
from contextlib import closing
from dataclasses import replace
from datetime import UTC, datetime, timedelta, timezone
from decimal import ROUND_HALF_UP, Decimal
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from cli_help import Command, command
from fastapi.testclient import TestClient
from recount import KPIS, Window
from recount_all import MORE, Counts, recount_all
from sqlalchemy import select

from cli.commands import telling
from cli.home import open_store
from config.policy import load_policy
from config.settings import load_settings
from dispatcher import accounts, receipts, tables
from dispatcher.access import make_key
from dispatcher.alert import Rules
from dispatcher.assign import assign
from dispatcher.carriers import simulator
from dispatcher.claim import Lease, claim
from dispatcher.figures import DEFINITIONS, fold
from dispatcher.happenings import Answered
from dispatcher.intake import Intake
from dispatcher.news import Told
from dispatcher.settle import Settlement, settle
from dispatcher.store import Store
from dispatcher.words import Answer, Role
from web.app import make_app
from web.house import House

FILTERS, ALERTS, UNFOLDED = 50, 60, 2
SHANGHAI = timezone(timedelta(hours=8))
PASSWORD = "a long enough password"
FORM = re.compile(r'name="form" value="([0-9a-f]{64})"')
FIGURE = re.compile(r'<a href="(/pages/cases\?[^"]+)">([^<]*)</a>')
RESIDENTS = "alerts_per_100k"
"""Its denominator is no row."""
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


def in_days(window: Window) -> Window:
    """Pages know days alone: the same, from the day's first moment to its last; both are named."""
    first = (window.since or LATER - timedelta(days=1)).astimezone(SHANGHAI).replace(hour=0, minute=0, second=0)
    last = LATER.astimezone(SHANGHAI).replace(hour=0, minute=0, second=0, microsecond=0)
    return replace(window, since=first.replace(microsecond=0), until=last + timedelta(days=1))


def on_a_page(window: Window) -> dict[str, str]:
    """The same as a page has it: its last day is in the window."""
    assert window.since is not None and window.until is not None
    days = {"from": f"{window.since:%Y-%m-%d}", "to": f"{window.until - timedelta(days=1):%Y-%m-%d}"}
    return asked(window) | days


def value(name: str, above: int, below: int) -> float | None:
    """What a figure says, by its definition."""
    kind = DEFINITIONS[name].kind
    if kind == "share":
        return above / below if below else None
    return above / 100 if kind == "yuan" else float(above)


def parts(rows: Any) -> dict[str, tuple[Any, int, int]]:
    """Id to value, numerator, denominator; without the one that no row tells."""
    return {
        row["definition"]: (
            None if row["value"] in (None, "") else float(row["value"]),
            int(row["numerator"]),
            int(row["denominator"]),
        )
        for row in rows
        if row["definition"] != RESIDENTS
    }


class Asking:
    """One supervisor with a key, a browser and a terminal; and somebody who recounts."""

    def __init__(self, store: Store) -> None:
        self.store, self.policy = store, load_policy("default")
        with store.write() as connection:
            root = connection.execute(select(tables.units.c.id).where(tables.units.c.parent_id.is_(None))).scalar_one()
            code = connection.execute(select(tables.units.c.code).where(tables.units.c.id == root)).scalar_one()
            key = make_key(connection, role=Role.SUPERVISOR, unit_id=root, label="desk", now=LATER)
            role, told = Role.SUPERVISOR, {"login": "li.na", "password": PASSWORD, "name": "李娜"}
            accounts.add(connection, store.keys, role=role, unit=code, now=LATER, **told)
        house = House(store, Intake(store, Rules.shipped(), self.policy), lambda bells: None, {}, now=lambda: LATER)
        app = make_app(house)
        self.api = TestClient(app, headers={"Authorization": f"Bearer {key}"})
        self.browser = TestClient(app)
        form = FORM.search(self.browser.get("/pages/sign-in").text)
        assert form is not None
        told = {"form": form.group(1), "login": "li.na", "password": PASSWORD, "next": ""}
        assert self.browser.post("/pages/sign-in", data=told).status_code == 200

    def fold(self) -> None:
        """Everything is at rest."""
        while fold(self.store, now=LATER, on_time_push_s=self.policy.on_time_push_s):
            pass

    def recount(self, window: Window, only: Collection[str] = tuple(KPIS | MORE)) -> Counts:
        """In plain SQL."""
        push_s = self.policy.on_time_push_s
        with self.store.read() as connection:
            return recount_all(connection, window, now=LATER, on_time_push_s=push_s, only=only)

    def page(self, window: Window) -> None:
        """*Outcomes*: each number that leads to a list is the recount's of just what the list is narrowed to."""
        answer = self.browser.get("/pages/outcomes", params=on_a_page(window))
        assert answer.status_code == 200
        links = set(FIGURE.findall(answer.text))
        assert len(links) > 20
        by_list: dict[Window, list[tuple[str, str, str]]] = defaultdict(list)
        for way, text in links:
            query = {name: one for name, (one,) in parse_qs(urlsplit(html.unescape(way)).query).items()}
            narrowed = {"region": query.get("region"), "fraud_type": query.get("type"), "risk": query.get("level")}
            by_list[replace(window, **narrowed)].append((query["kpi"], query["part"], text))
        for listed, numbers in by_list.items():
            again = self.recount(listed, {name for name, _, _ in numbers})
            for name, part, text in numbers:
                assert text in said(DEFINITIONS[name].kind, part, *again[name]), (listed, name, part, text, again[name])


def said(kind: str, part: str, above: int, below: int) -> set[str]:
    """How a page may write a number that leads to the list of this part."""
    if kind == "yuan":
        return {f"{round(above / 100):,}"}
    digits = {"numerator": f"{above:,}", "denominator": f"{below:,}"}[part]
    if kind != "share":
        return {digits}
    whole = f"{Decimal(100 * above / below).quantize(Decimal('.01'), ROUND_HALF_UP)} %" if below else "–"
    return {digits, whole}


def test_every_door_tells_the_same(quanzu: Command) -> None:
    """Fifty times a part of the day was asked for at four doors, every figure of it: one count, the recount's."""
    chance, sizes = random.Random(34), set()
    with closing(open_store(load_settings())) as store:
        asking = Asking(store)
        with store.read() as connection:
            rows = list(connection.execute(select(tables.alerts)))
        for number in range(FILTERS):
            if number == UNFOLDED:  # so far the figures were made of rows, from here on of facts at rest
                asking.fold()
            window = draw(chance, rows)
            query = asked(window)
            again = asking.recount(window)
            expected = {name: (value(name, *counts), *counts) for name, counts in again.items()}
            api = asking.api.get("/v1/figures/summary", params=query)
            assert parts(api.json()["figures"]) == expected, window
            sizes.add(expected["alerts"][2])
            table = asking.api.get("/v1/figures/summary", params={**query, "format": "csv"})
            assert parts(csv.DictReader(io.StringIO(table.text))) == expected, window
            words = [word for name, text in query.items() for word in (telling.CALLED[name], text)]
            terminal = quanzu.read("stats", "--all", "--json", *words)["kpi"]
            assert parts({"definition": name} | kpi for name, kpi in terminal.items()) == expected, window
            asking.page(in_days(window))
    assert len(sizes) > 8, "the parts must differ to prove anything"
