"""Outcomes on real brokers: in order, at least once, whatever dies or is cut in between."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import threading
import time
from collections import Counter
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from brokers import control
from deployment import ROOT, until
from telling import Upstream, changes, left, make_engine, pushes, stories, without_repeats

from config.settings import Settings
from dispatcher.intake import Incoming
from dispatcher.upstreams.messages import Telling
from workers import outcomes
from workers.engine import Engine
from workers.outcomes import Publisher
from workers.outlet import Outlet, Unheard

pytestmark = [pytest.mark.timeout(300)]

DIES_BEFORE_FORGETTING = """
import sys, time
from pathlib import Path
from config.settings import Settings
from workers.app import make_celery
from workers.engine import Engine
from workers.outcomes import Publisher
home, database, broker = sys.argv[1:]
settings = Settings(home=Path(home), database_url=database, broker_url=broker)
def published(*_):
    print("published", flush=True)
    time.sleep(600)
Publisher._forget = published
Publisher(Engine(settings, make_celery(settings))).run()
"""


@pytest.fixture
def engine(tmp_path: Path, postgres_database: str, rabbit_vhost: str) -> Engine:
    """An engine on PostgreSQL and RabbitMQ."""
    return make_engine(tmp_path / "home", database=postgres_database, broker=rabbit_vhost)


@pytest.fixture
def bank(engine: Engine) -> Iterator[Upstream]:
    """The bank listens to its own outcomes."""
    upstream = Upstream(engine.settings.broker_url, "outcome.bank")
    yield upstream
    upstream.close()


@pytest.fixture
def publisher(engine: Engine) -> Iterator[Publisher]:
    """A publisher that is not yet begun; ended with the test."""
    made = Publisher(engine)
    yield made
    if made.is_alive():
        made.stop(30)


def test_upstreams_hear_their_own_in_order(engine: Engine, bank: Upstream, publisher: Publisher) -> None:
    """The bank and the payment house each hear of their own alerts, case by case in the order of events."""
    payment = Upstream(engine.settings.broker_url, "outcome.payment")
    cases = pushes(engine, *(f"B-{number}" for number in range(40)))
    cases += pushes(engine, "P-1", "P-2", source="payment", phone=13900008000)
    changes(engine, cases, times=4)
    publisher.start()
    until("everything is told", lambda: left(engine) == 0)
    told = stories(bank.listen())
    assert len(told) == 40 and set(stories(payment.listen())) == {"P-1", "P-2"}
    story = [what for what in told["B-7"] if what != "dispatch_ended"]
    assert story == ["accepted", "case_closed", "case_reopened", "case_closed", "case_reopened"]
    assert all([what for what in one if what != "dispatch_ended"] == story for one in told.values())
    assert len(bank.heard) == len(without_repeats(bank.heard))
    payment.close()


def test_refusals_are_announced_by_id_and_reasons(engine: Engine, publisher: Publisher) -> None:
    """Whoever looks after refused alerts hears of each on `alerts.dead`: which dead letter, and every reason."""
    clerk = Upstream(engine.settings.broker_url, "dead.#", "alerts.dead")
    refused = Incoming(value={"source": "bank", "source_ref": "B-1", "risk": "L9"})
    (result,) = engine.intake.accept([refused], door="queue", now=datetime.now(UTC)).results
    publisher.start()
    until("everything is told", lambda: left(engine) == 0)
    (told,) = clerk.listen()
    clerk.close()
    assert (told["what"], told["source_ref"], told["dead_letter"]) == ("refused", "B-1", str(result.dead_letter))
    assert {fault["field"] for fault in told["reasons"]} == {fault.field for fault in result.faults}


def test_a_publisher_killed_before_it_forgets_tells_again(
    engine: Engine, bank: Upstream, publisher: Publisher, postgres_database: str
) -> None:
    """SIGKILL between the broker's confirm and our delete: the bank hears it twice, in order, and all of it."""
    cases = pushes(engine, *(f"B-{number}" for number in range(30)))
    changes(engine, cases, times=2)
    home, broker = str(engine.settings.home), engine.settings.broker_url
    first = subprocess.Popen(
        [sys.executable, "-c", DIES_BEFORE_FORGETTING, home, postgres_database, broker],
        env=os.environ | {"PYTHONPATH": str(ROOT)},
        stdout=subprocess.PIPE,
    )
    assert first.stdout is not None and first.stdout.readline() == b"published\n"
    first.send_signal(signal.SIGKILL)
    first.wait()
    first.stdout.close()
    assert left(engine) > 0
    publisher.start()
    until("another publisher takes over and tells everything", lambda: left(engine) == 0, within_s=120)
    told = bank.listen()
    times = Counter((one["number"], one["alert"]) for one in told)
    assert set(times.values()) <= {1, 2} and 2 in times.values()
    kept = stories(without_repeats(told))
    assert len(kept) == 30
    assert {tuple(one for one in story if one != "dispatch_ended") for story in kept.values()} == {
        ("accepted", "case_closed", "case_reopened")
    }


def test_cut_connections_lose_nothing(engine: Engine, bank: Upstream, publisher: Publisher) -> None:
    """The broker closes our connections again and again while cases change: every change arrives, in order."""
    cases = pushes(engine, *(f"B-{number}" for number in range(20)))
    publisher.start()
    vhost = engine.settings.broker_url.rpartition("/")[2]
    for _ in range(3):
        changes(engine, cases, times=6)
        bank.close()  # it would be cut as well
        control("close_all_connections", "--vhost", vhost, "a test cuts")
    until("everything is told", lambda: left(engine) == 0)
    again = Upstream(engine.settings.broker_url, "outcome.bank")
    kept = stories(without_repeats(again.listen()))
    again.close()
    expected = ["accepted"] + ["case_closed", "case_reopened"] * 9
    assert len(kept) == 20
    assert all([one for one in story if one != "dispatch_ended"] == expected for story in kept.values())


def test_a_hanging_publisher_is_replaced(
    engine: Engine, bank: Upstream, publisher: Publisher, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One publisher hangs in a broker's alarm for ever: another goes on; the hanging one wakes, and forgets nothing."""
    monkeypatch.setattr(outcomes, "TURN", timedelta(seconds=2))
    monkeypatch.setattr(outcomes, "WITHIN_S", 1.0)
    pushes(engine, "B-1", "B-2")
    hanging = Publisher(engine)
    alarm, over = threading.Event(), threading.Event()

    def hang(*_: Any, **__: Any) -> Unheard:
        alarm.set()
        over.wait(200)
        return Unheard()

    monkeypatch.setattr(hanging._outlet, "publish", hang)
    hanging.start()
    assert alarm.wait(60)
    publisher.start()
    until("the other tells everything", lambda: left(engine) == 0)
    pushes(engine, "B-3", phone=13900008000)
    until("it goes on", lambda: left(engine) == 0)
    publisher.stop(30)
    pushes(engine, "B-4", phone=13700008000)
    over.set()
    until("the one that hung is free", lambda: hanging._turn_until == 0.0)
    hanging._stopping.set()
    assert left(engine) == 1, "its page was told by the other; it must not forget what it never published"
    assert set(stories(bank.listen())) == {"B-1", "B-2", "B-3"}
    hanging.stop(30)


def test_a_broker_that_says_nothing_is_given_up(engine: Engine, tmp_path: Path) -> None:
    """Something listens at the broker's port and never speaks: the publisher is not held for ever, the rows wait."""
    pushes(engine, "B-1")
    with socket.create_server(("127.0.0.1", 0)) as deaf:
        port = deaf.getsockname()[1]
        settings = Settings(home=tmp_path / "deaf", broker_url=f"amqp://guest:guest@127.0.0.1:{port}/")
        outlet = Outlet(settings)
        with pytest.raises(Exception) as fault:  # whatever the client calls it
            outlet.publish([Telling(1, "bank", b"{}")], until=time.monotonic() + 5)
        outlet.close()
    assert fault.type is not AssertionError and left(engine) == 1


def test_nobody_listens_and_nothing_piles_up(tmp_path: Path) -> None:
    """On the embedded queue, with no subscriber, outcomes are dropped; one who binds hears what follows."""
    engine = make_engine(tmp_path / "home")
    publisher = Publisher(engine)
    publisher.start()
    pushes(engine, "B-1")
    until("nobody heard it", lambda: left(engine) == 0)
    bank = Upstream("filequeue://localhost//", "outcome.#", folder=str(engine.settings.queue_folder))
    pushes(engine, "B-2", phone=13900008000)
    until("the subscriber heard it", lambda: left(engine) == 0)
    assert stories(bank.listen()) == {"B-2": ["accepted"]}
    bank.close()
    publisher.stop(30)
    assert not publisher.is_alive()
