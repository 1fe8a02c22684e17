"""One small day in the town, run for real: the figures equal a recount by plain SQL, and the audit finds nothing."""

from __future__ import annotations

import json
import os
import random
import re
import subprocess
import sys
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from recount import Window, recount
from sqlalchemy import Connection, text

from config.policy import load_policy
from dispatcher.figures import Scope, figures
from dispatcher.keys import load_keyring
from dispatcher.store import Store

pytestmark = [pytest.mark.slow, pytest.mark.timeout(600), pytest.mark.xdist_group("recount")]

ALERTS = 150
FAULTS = (
    "hang=0.01,drop=0.02,late_accept=0.01,refuse=0.02,busy=0.02,"
    "never=0.02,late=0.03,twice=0.03,reversed=0.03,early=0.03"
)


def quanzu(home: Path, *words: str) -> subprocess.CompletedProcess[bytes]:
    """The command as anybody would run it, in a home of its own."""
    environment = {name: value for name, value in os.environ.items() if not name.startswith("QUANZU_")}
    return subprocess.run(
        [sys.executable, "-m", "cli", *words],
        env=environment | {"QUANZU_HOME": str(home)},
        capture_output=True,
        timeout=540,
        check=False,
    )


def more_than_once(day: bytes) -> bytes:
    """The same day; every third alert speaks of one of fifteen persons, who so have dangers of several kinds."""
    lines = day.splitlines(keepends=True)
    for number in range(0, len(lines), 3):
        phone = f'"victim":{{"phone":"138{number // 3 % 15:08d}"'.encode()
        lines[number] = re.sub(rb'"victim":\{"phone":"1[3-9][0-9]{9}"', phone, lines[number], count=1)
    return b"".join(lines)


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A home in which a day of 150 alerts was run to its end, with three broken lines in it."""
    folder = tmp_path_factory.mktemp("town")
    file = folder / "day.jsonl"
    sample = quanzu(folder / "home", "sample", "--alerts", str(ALERTS), "--seed", "11", "--malformed", "3")
    file.write_bytes(more_than_once(sample.stdout))
    town = ("--seed", "4", "--faults", FAULTS)
    ran = quanzu(folder / "home", "run", str(file), "--policy", "demo", "--live", "--expect-refused", "3", *town)
    assert ran.returncode == 0, ran.stdout.decode() + ran.stderr.decode()
    return folder / "home"


@pytest.fixture
def connection(home: Path) -> Iterator[Connection]:
    """A steady view of what the day left."""
    store = Store(f"sqlite:///{home / 'quanzu.sqlite'}", load_keyring(home / "keys.json"))
    with store.read() as connection:
        yield connection
    store.close()


def as_told(connection: Connection, window: Window, now: datetime) -> tuple[dict[str, Any], dict[str, Any]]:
    """The figures' own count and the recount, in one shape."""
    push_s = load_policy("demo").on_time_push_s
    scope = Scope(
        window.since,
        window.until,
        window.region,
        *(() if one is None else (one,) for one in (window.source, window.fraud_type, window.risk)),
    )
    counted = figures(connection, scope, on_time_push_s=push_s, now=now).as_json()
    again = recount(connection, window, now=now, on_time_push_s=push_s)
    counted["alerts"] = {name: counted["alerts"][name] for name in again["alerts"]}
    counted["dispatches"] = {
        channel: {state: number for state, number in states.items() if number}
        for channel, states in counted["dispatches"].items()
    }
    del counted["at"]
    return counted, again


def test_the_whole_day_counts_the_same_twice(connection: Connection) -> None:
    """Every figure of the whole day equals the recount of its rows, and somebody was in every denominator."""
    counted, again = as_told(connection, Window(), datetime.now(UTC))
    assert counted == again
    assert again["alerts"]["received"] == ALERTS
    assert [name for name, kpi in again["kpi"].items() if not kpi["denominator"]] == []


def test_any_part_of_the_day_counts_the_same_twice(connection: Connection) -> None:
    """A county, an upstream, a type, a level or some seconds of the day: the figures equal the recount there too."""
    draw = random.Random(7)
    known = {
        column: sorted(connection.execute(text(f"SELECT DISTINCT {column} FROM alerts")).scalars())
        for column in ("region", "source", "fraud_type", "risk")
    }
    received = connection.execute(text("SELECT min(received_at), max(received_at) FROM alerts")).one()
    first, last = (datetime.fromisoformat(str(at)).replace(tzinfo=UTC) for at in received)
    now, sizes = datetime.now(UTC), set()
    for number in range(24):
        since = first + (last - first) * draw.random() * 0.5
        wishes: dict[str, Any] = {
            "since": since,
            "until": since + timedelta(seconds=draw.uniform(0.1, 5)),
            "region": draw.choice(known["region"])[: draw.choice((2, 4, 6))].ljust(6, "0"),
            "source": draw.choice(known["source"]),
            "fraud_type": draw.choice(known["fraud_type"]),
            "risk": draw.choice(known["risk"]),
        }
        kept = draw.sample(sorted(wishes), k=1 + number % 2)
        window = Window(**{name: wishes[name] for name in kept})
        counted, again = as_told(connection, window, now)
        assert counted == again, window
        sizes.add(again["alerts"]["received"])
    assert len(sizes) > 5, "the windows must differ to prove anything"


def test_no_part_is_more_than_its_whole(connection: Connection) -> None:
    """A person whose call was shared by two of his cases counts as reached under either type of fraud."""
    sharers = connection.execute(text("SELECT count(*) FROM cases WHERE shares_case_id IS NOT NULL")).scalar_one()
    assert sharers, "somebody's call must be shared to prove anything"
    for fraud_type in connection.execute(text("SELECT DISTINCT fraud_type FROM alerts")).scalars().all():
        _, again = as_told(connection, Window(fraud_type=fraud_type), datetime.now(UTC))
        assert [name for name, kpi in again["kpi"].items() if kpi["numerator"] > kpi["denominator"]] == [], fraud_type


def test_the_command_tells_what_the_rows_say(home: Path, connection: Connection) -> None:
    """A supervisor who types `quanzu stats --json` reads the same numbers as one who counts the rows."""
    told = json.loads(quanzu(home, "stats", "--json").stdout)
    push_s = load_policy("demo").on_time_push_s
    again = recount(connection, Window(), now=datetime.fromisoformat(told["at"]), on_time_push_s=push_s)
    assert told["kpi"] == again["kpi"]
    assert {name: told["alerts"][name] for name in again["alerts"]} == again["alerts"]


def test_the_audit_of_that_day_is_green(home: Path) -> None:
    """Ledger and tables agree person by person: nobody was warned twice but by rule, nobody was forgotten."""
    audited = quanzu(home, "audit", "--json", "--strict-kpis")
    told = json.loads(audited.stdout)
    assert [line for line in told["checks"] if not line["agrees"]] == []
    assert audited.returncode == 0


def test_the_audit_names_no_person(home: Path, connection: Connection) -> None:
    """What the audit prints names tries and cases, never a number of the sample."""
    phones = {
        json.loads(line)["victim"]["phone"]
        for line in (home.parent / "day.jsonl").read_text("utf-8", "replace").splitlines()
        if '"phone"' in line and line.startswith("{") and line.endswith("}}")
    }
    assert phones
    printed = quanzu(home, "audit").stdout.decode() + quanzu(home, "audit", "--json").stdout.decode()
    assert [phone for phone in phones if phone[-11:] in printed] == []


def test_an_audit_without_a_ledger_says_so(tmp_path: Path) -> None:
    """In a home where nothing was ever run the audit ends with a sentence and code 2."""
    audited = quanzu(tmp_path / "nowhere", "audit")
    assert audited.returncode == 2
    assert b"Traceback" not in audited.stderr
