"""The database is locked, or the disk is full: nothing is acknowledged that is not kept, at any door."""

from __future__ import annotations

import json
import logging
import os
import sqlite3
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

import pytest
import structlog
from doors import Doors, problem
from kombu import Connection
from sqlalchemy import event
from typer.testing import CliRunner

from cli.home import prepare
from cli.main import app
from cli.publish import Publisher
from config.settings import Settings
from dispatcher import store as store_module
from dispatcher import tables
from workers.app import broker_url, make_celery, transport_options
from workers.consumer import IntakeConsumer
from workers.engine import Engine
from workers.names import ALERTS_ROUTINE, ALERTS_URGENT, raw_queues_of
from workers.topology import raw_queues

pytestmark = pytest.mark.timeout(120)
BUSY_MS = 200


@contextmanager
def locked(path: Path) -> Iterator[None]:
    """Another program holds the database for writing."""
    with closing(sqlite3.connect(path, isolation_level=None)) as other:
        other.execute("BEGIN EXCLUSIVE")
        yield
        other.execute("ROLLBACK")


@pytest.fixture(autouse=True)
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    """Connections made from now on wait for a lock only shortly."""
    monkeypatch.setattr(store_module, "BUSY_MS", BUSY_MS)


def path_of(doors: Doors) -> Path:
    """The file of the doors' database, with all its connections made anew."""
    doors.store.close()
    return Path(str(doors.store.engine.url.database))


def test_a_locked_database_keeps_an_upstream_waiting(doors: Doors) -> None:
    """A bank pushed while a backup held the database: it was told to come again, and then it was accepted."""
    alert = doors.alert()
    doors.push(doors.alert())
    with locked(path_of(doors)):
        answer = doors.push(alert)
        problem(answer, 503)
        assert answer.headers["retry-after"]
        assert len(doors.rows(tables.alerts)) == 1
    assert doors.push(alert).json()["results"][0]["status"] == "accepted"


def test_a_full_disk_acknowledges_nothing(doors: Doors) -> None:
    """The disk was full when a bank pushed a thousand alerts: not one was acknowledged or half kept."""
    batch = [doors.alert(victim={"phone": f"139{number:08d}"}) for number in range(1_000)]
    path_of(doors)

    def no_more_pages(connection: Any, _record: object) -> None:
        pages = connection.execute("PRAGMA page_count").fetchone()[0]
        connection.execute(f"PRAGMA max_page_count={pages + 4}")

    event.listen(doors.store.engine, "connect", no_more_pages)
    problem(doors.push(batch), 503)
    problem(doors.push([alert | {"risk": "L9", "source_ref": "x" * 100} for alert in batch]), 503)
    assert not doors.rows(tables.alerts) and not doors.rows(tables.dead_letters) and not doors.rows(tables.cases)
    event.remove(doors.store.engine, "connect", no_more_pages)
    doors.store.close()
    assert {result["status"] for result in doors.push(batch).json()["results"]} == {"accepted"}


def test_news_that_cannot_be_stored_is_told_again(doors: Doors) -> None:
    """The carrier told news while the database was locked: it got no thanks, and so it will tell it again."""
    news = {"reference": "x1", "carrier_id": "C-1", "code": "DELIVRD", "at": "2026-11-22T04:00:01+00:00"}
    with locked(path_of(doors)):
        problem(doors.tells({"news": [news]}), 503)
    assert not doors.rows(tables.receipts)
    assert doors.tells({"news": [news]}).json()["stored"] == 1


def test_an_officer_is_told_that_nothing_was_signed(doors: Doors) -> None:
    """An officer signed in while the database was locked: she reads that nothing was kept, and then signs in."""
    doors.push(doors.alert())
    doors.work()
    task = doors.task("visit")
    with locked(path_of(doors)):
        problem(doors.act(task, "sign-in"), 503)
    assert not doors.rows(tables.access_log)
    assert doors.act(task, "sign-in").status_code == 200


@pytest.fixture
def settings(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Settings]:
    """A home, which the command finds too; what it changes of the process is put back."""
    monkeypatch.setenv("QUANZU_HOME", str(tmp_path / "home"))
    root = logging.getLogger()
    handlers, level, mask = list(root.handlers), root.level, os.umask(0o022)
    hooks = sys.excepthook, threading.excepthook
    yield Settings(home=tmp_path / "home")
    os.umask(mask)
    root.handlers[:] = handlers
    root.setLevel(level)
    sys.excepthook, threading.excepthook = hooks
    structlog.reset_defaults()


def waiting(settings: Settings) -> int:
    """How many alerts nobody has acknowledged."""
    with Connection(broker_url(settings), transport_options=transport_options(settings)) as connection:
        channel = connection.channel()
        both = raw_queues((ALERTS_URGENT, ALERTS_ROUTINE), embedded=True)
        return sum(queue(channel).queue_declare().message_count for queue in both)


def test_an_alert_on_the_queue_waits_for_the_database(settings: Settings, doors: Doors) -> None:
    """An alert was published while the database was locked: it was not acknowledged, and was kept when it was free."""
    home = prepare(settings)
    engine = Engine(settings, make_celery(settings))
    publisher = Publisher(settings, home.store)
    body = json.dumps(doors.alert()).encode()
    consumer = IntakeConsumer(engine, raw_queues_of("urgent") + raw_queues_of("intake"))
    with locked(settings.home / "quanzu.sqlite"):
        assert list(publisher.send([body])) == [1]
        consumer.start()
        time.sleep(1.5)
        assert publisher.look().accepted == 0
        consumer.stop()
        assert waiting(settings) == 1, "whoever could not keep it gave it back"
        consumer = IntakeConsumer(engine, raw_queues_of("urgent") + raw_queues_of("intake"))
        consumer.start()
    give_up = time.monotonic() + 60
    while not publisher.look().accepted and time.monotonic() < give_up:
        time.sleep(0.1)
    consumer.stop()
    assert publisher.answers.accepted == 1 and publisher.answers.resent == 0
    assert waiting(settings) == 0


def test_submit_says_that_nothing_was_kept(settings: Settings, doors: Doors, monkeypatch: pytest.MonkeyPatch) -> None:
    """Somebody submitted a file while the database was locked: the command said so, and lied about no line."""
    home = prepare(settings)
    file = settings.home.parent / "two.jsonl"
    file.write_text("\n".join(json.dumps(doors.alert()) for _ in range(2)))
    monkeypatch.setattr("cli.commands.doors.prepare", lambda _settings: home)
    home.store.close()
    with locked(settings.home / "quanzu.sqlite"):
        ended = CliRunner().invoke(app, ["submit", str(file)])
    assert ended.exit_code == 2
    assert "stopped after 0 lines: another program holds it locked; nothing was kept" in ended.output
    assert "accepted" not in ended.stdout
    assert CliRunner().invoke(app, ["submit", str(file)]).exit_code == 0


def test_a_locked_database_is_a_sentence(settings: Settings) -> None:
    """Somebody started the command while the database was locked: a sentence, no traceback, exit code 2."""
    prepare(settings).store.close()
    with locked(settings.home / "quanzu.sqlite"):
        ended = CliRunner().invoke(app, ["migrate"])
    assert (ended.exit_code, "another program holds it locked" in ended.output) == (2, True), ended.output
