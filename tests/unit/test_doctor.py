"""`quanzu doctor` says in one line each what is well, what is not, and what to do; it changes nothing by looking."""

from __future__ import annotations

import json
import socket
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from cli_help import Command, command
from sqlalchemy import insert, update

from cli.home import open_store
from config.settings import load_settings
from dispatcher import tables
from dispatcher.clock import note_done, take_turn
from dispatcher.ids import new_id
from dispatcher.presence import Presence

SECRET = "hunter2"


@pytest.fixture
def quanzu(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Command]:
    """The command, on a home in which nothing was started; its carrier's port is nobody's."""
    with command(tmp_path, monkeypatch) as made, socket.socket() as nobody:
        nobody.bind(("127.0.0.1", 0))
        monkeypatch.setenv("QUANZU_SIMULATOR_PORT", str(nobody.getsockname()[1]))
        yield made


def looked(quanzu: Command, *, code: int) -> dict[str, dict[str, str]]:
    """What the doctor says, by check."""
    ended = quanzu("doctor", "--json")
    assert ended.exit_code == code, ended.output
    told: dict[str, Any] = json.loads(ended.stdout)
    assert told["ok"] is (code == 0)
    return {check["check"]: check for check in told["checks"]}


def at_work(quanzu: Command) -> None:
    """A prepared home with a process in every lane and a clock that runs."""
    assert quanzu("migrate").exit_code == 0
    store, now = open_store(load_settings()), datetime.now(UTC)
    for lane in ("intake", "urgent", "routine", "web"):
        Presence(f"{lane}-1", lane, now).beat(store, now=now)
    take_turn(store, "sweep", every=timedelta(0), by="test", now=now)
    note_done(store, by="test", now=now)
    store.close()


@pytest.fixture
def carrier(monkeypatch: pytest.MonkeyPatch) -> None:
    """A carrier that answers."""

    class Answer:
        is_success = True

    monkeypatch.setattr("cli.doctor.outside.httpx.get", lambda *_, **__: Answer())


def test_nothing_was_started_and_looking_starts_nothing(quanzu: Command) -> None:
    """An operator asks before anything is there: told what to do, and no key or database is made by the question."""
    told = looked(quanzu, code=1)
    assert told["database"]["state"] == told["keys"]["state"] == told["home"]["state"] == "fail"
    assert "quanzu migrate" in told["database"]["todo"]
    assert not quanzu.home.exists()


def test_a_setting_that_starts_nothing_hides_nothing_else(quanzu: Command, monkeypatch: pytest.MonkeyPatch) -> None:
    """The home region is no code of today: it is named, and everything else is looked at all the same."""
    at_work(quanzu)
    monkeypatch.setenv("QUANZU_HOME_REGION", "110000")
    told = looked(quanzu, code=1)
    assert told["settings"]["state"] == "fail" and told["settings"]["says"].startswith("QUANZU_HOME_REGION: ")
    assert told["database"]["state"] == told["workers"]["state"] == "ok" and "carrier" in told


@pytest.mark.usefixtures("carrier")
def test_all_is_well(quanzu: Command) -> None:
    """Everything is there: exit code 0, and one line tells who would be contacted, and how."""
    at_work(quanzu)
    told = looked(quanzu, code=0)
    assert told["workers"]["says"] == "intake 1, urgent 1, routine 1, web 1"
    assert told["carrier"]["says"].startswith("simulator contacts nobody")
    assert {name for name, check in told.items() if check["state"] == "fail"} == set()
    assert told["units"]["state"] == "warn"
    text = quanzu("doctor")
    assert text.exit_code == 0 and "ok    database" in text.stdout


def test_every_fault_of_the_settings_is_told(quanzu: Command, monkeypatch: pytest.MonkeyPatch) -> None:
    """Two variables are wrong: both are named, no value is repeated, and no further look is taken."""
    monkeypatch.setenv("QUANZU_PORT", "70000")
    monkeypatch.setenv("QUANZU_DATABASE_URL", f"mysql://user:{SECRET}@db")
    ended = quanzu("doctor", "--json")
    checks = json.loads(ended.stdout)["checks"]
    assert ended.exit_code == 1 and SECRET not in ended.output
    assert {check["says"].partition(":")[0] for check in checks} == {"QUANZU_PORT", "QUANZU_DATABASE_URL"}


@pytest.mark.usefixtures("carrier")
def test_a_lane_without_workers_fails(quanzu: Command) -> None:
    """The urgent worker was killed 20 s ago: the doctor fails, names it, and says how to start another."""
    at_work(quanzu)
    store = open_store(load_settings())
    table = tables.workers
    with store.write() as connection:
        gone = update(table).where(table.c.lane == "urgent")
        connection.execute(gone.values(seen_at=datetime.now(UTC) - timedelta(seconds=20)))
    store.close()
    told = looked(quanzu, code=1)
    assert told["workers"]["says"].startswith("none of urgent")
    assert "quanzu worker --lane urgent" in told["workers"]["todo"]
    assert "urgent-1" in told["silent"]["says"]


@pytest.mark.usefixtures("carrier")
def test_a_clock_that_stands_still_fails(quanzu: Command) -> None:
    """No worker ran the clock for a minute: retries and limits stand still, and the doctor fails."""
    at_work(quanzu)
    store = open_store(load_settings())
    with store.write() as connection:
        connection.execute(update(tables.ticks).values(ticked_at=datetime.now(UTC) - timedelta(minutes=1)))
    store.close()
    assert looked(quanzu, code=1)["clock"]["state"] == "fail"


@pytest.mark.usefixtures("carrier")
def test_a_clock_that_turns_and_fails_fails(quanzu: Command) -> None:
    """The clock takes every turn, and one of its duties has failed in each for three minutes: the doctor fails."""
    at_work(quanzu)
    store, table = open_store(load_settings()), tables.ticks
    with store.write() as connection:
        done = update(table).where(table.c.duty == "swept")
        connection.execute(done.values(ticked_at=datetime.now(UTC) - timedelta(minutes=3)))
    store.close()
    told = looked(quanzu, code=1)
    assert (told["clock"]["state"], told["duties"]["state"]) == ("ok", "fail")


@pytest.mark.usefixtures("carrier")
def test_keys_that_others_may_read_fail(quanzu: Command) -> None:
    """Somebody made the key file readable by all."""
    at_work(quanzu)
    (quanzu.home / "keys.json").chmod(0o644)
    told = looked(quanzu, code=1)["keys"]
    assert (told["state"], told["todo"]) == ("fail", "chmod 600 keys.json")


@pytest.mark.usefixtures("carrier")
def test_a_key_that_is_in_use_and_not_in_the_ring_fails(quanzu: Command) -> None:
    """After a rotation the old key was thrown away, but a dead letter is still sealed with it."""
    at_work(quanzu)
    store, now = open_store(load_settings()), datetime.now(UTC)
    row = {
        "id": new_id(),
        "door": "api",
        "body_index": b"0" * 32,
        "faults": [],
        "times": 1,
        "received_at": now,
        "last_at": now,
        "state": "kept",
        "sealed": b"x",
        "key_id": "k0",
    }
    with store.write() as connection:
        connection.execute(insert(tables.dead_letters).values(row))
    store.close()
    told = looked(quanzu, code=1)
    assert "k0" in told["keys"]["says"]
    assert told["dead letters"]["state"] == "warn"


@pytest.mark.usefixtures("carrier")
def test_old_tables_fail_and_nothing_is_asked_of_them(quanzu: Command) -> None:
    """The tables are older than the program: that is told, instead of a fault from the middle of a statement."""
    at_work(quanzu)
    store = open_store(load_settings())
    with store.write() as connection:
        connection.exec_driver_sql("UPDATE alembic_version SET version_num = '0001'")
        connection.exec_driver_sql("DROP TABLE workers")
    store.close()
    told = looked(quanzu, code=1)
    assert told["migrations"]["todo"] == "run `quanzu migrate`"
    assert "workers" not in told


def test_a_carrier_that_does_not_answer_fails(quanzu: Command) -> None:
    """The carrier is down: texts and calls cannot go."""
    at_work(quanzu)
    assert "does not answer" in looked(quanzu, code=1)["carrier"]["says"]


@pytest.mark.usefixtures("carrier")
def test_servers_that_are_away_are_told_without_their_secrets(quanzu: Command, monkeypatch: pytest.MonkeyPatch) -> None:
    """Database and broker are unreachable: both fail in a sentence, and no password is repeated."""
    at_work(quanzu)
    monkeypatch.setenv("QUANZU_DATABASE_URL", f"postgresql://u:{SECRET}@127.0.0.1:1/db")
    monkeypatch.setenv("QUANZU_BROKER_URL", f"amqp://u:{SECRET}@127.0.0.1:1/v")
    ended = quanzu("doctor", "--json")
    told = {check["check"]: check for check in json.loads(ended.stdout)["checks"]}
    assert told["database"]["state"] == told["broker"]["state"] == "fail"
    assert SECRET not in ended.output


@pytest.mark.usefixtures("carrier")
def test_traces_without_their_parts_fail(quanzu: Command, monkeypatch: pytest.MonkeyPatch) -> None:
    """An endpoint is set and the extra is not installed: the doctor says what to install."""
    at_work(quanzu)
    monkeypatch.setenv("QUANZU_OTLP_ENDPOINT", "http://127.0.0.1:4318")
    monkeypatch.setattr("cli.telemetry.find_spec", lambda _name: None)
    assert "quanzu[otel]" in looked(quanzu, code=1)["traces"]["says"]
