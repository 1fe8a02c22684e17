"""Somebody else came to a fresh broker first, and declared what is ours in another way."""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from brokers import messages
from kombu import Connection, Exchange, Producer
from telling import Upstream

from cli.doctor.broker import broker as doctor
from cli.doctor.check import Check, State
from config.settings import Settings
from dispatcher.upstreams.messages import Telling
from workers.names import ALERT_KEYS, ALERTS_REJECTED, SUBMIT
from workers.outlet import Outlet
from workers.topology import declare

pytestmark = [pytest.mark.timeout(120)]

PLAIN = {"alerts": "topic", "dispatch": "direct", "alerts.dead": "topic", "outcomes": "topic"}


@pytest.fixture
def line(rabbit_vhost: str) -> Iterator[Connection]:
    """A connection to a broker on which nothing is declared."""
    with Connection(rabbit_vhost) as made:
        yield made


def ours(vhost: str, home: Path) -> Settings:
    """Our settings on this broker."""
    return Settings(home=home, broker_url=vhost)


def found(vhost: str, home: Path) -> dict[str, Check]:
    """What the doctor says of this broker, by check."""
    return {check.name: check for check in doctor(ours(vhost, home))}


def test_an_upstream_that_came_first_keeps_no_queue_from_being_made(line: Connection, rabbit_vhost: str) -> None:
    """A bank published to a fresh broker before we came: our queues are made all the same, and take its next alert."""
    theirs = Producer(line.channel(), exchange=Exchange("alerts", type="topic", durable=True))
    theirs.publish(b"{}", routing_key="alert.l1", content_type="application/json")
    declare(line)
    theirs.publish(b"{}", routing_key="alert.l1", content_type="application/json", delivery_mode=2)
    made = messages(rabbit_vhost)
    assert {*ALERT_KEYS, SUBMIT, ALERTS_REJECTED} <= made.keys()


@pytest.mark.parametrize("name", PLAIN)
def test_whichever_exchange_was_made_otherwise_is_used_as_it_is(line: Connection, rabbit_vhost: str, name: str) -> None:
    """One of our exchanges was declared as one that a restart forgets: all else is made, on each connection."""
    Exchange(name, type=PLAIN[name], durable=False)(line.channel()).declare()
    for _ in range(2):
        declare(line)
    assert len(messages(rabbit_vhost)) == 11


def test_a_queue_that_was_made_otherwise_is_bound(line: Connection, rabbit_vhost: str) -> None:
    """An operator made `alerts.urgent` as a classic queue: it is used as it is, and alerts come into it."""
    line.channel().queue_declare("alerts.urgent", durable=True, auto_delete=False)
    declare(line)
    Producer(line.channel(), exchange=Exchange("alerts", no_declare=True)).publish(b"{}", routing_key="alert.l2")
    until = time.monotonic() + 10
    while messages(rabbit_vhost)["alerts.urgent"] == 0 and time.monotonic() < until:
        time.sleep(0.1)
    assert messages(rabbit_vhost)["alerts.urgent"] == 1


@pytest.mark.parametrize("name", ["outcomes", "alerts.dead"])
def test_an_upstream_that_made_our_exchange_is_told_all_the_same(
    line: Connection, rabbit_vhost: str, tmp_path: Path, name: str
) -> None:
    """A bank declared the exchange as pika does by itself, not durable: it hears its outcomes through that one."""
    theirs = Exchange(name, type="topic", durable=False)
    theirs(line.channel()).declare()
    bank = Upstream(rabbit_vhost, "outcome.bank", "outcomes", durable=name != "outcomes")
    outlet = Outlet(ours(rabbit_vhost, tmp_path))
    outlet.publish([Telling(1, "bank", b'{"number": 1}')], until=time.monotonic() + 5)
    assert bank.listen() == [{"number": 1}]
    outlet.close()
    bank.close()


def test_the_doctor_names_what_was_made_otherwise(line: Connection, rabbit_vhost: str, tmp_path: Path) -> None:
    """An operator asks why mistyped keys lose alerts: told which exchange and queue are not as we make them."""
    Exchange("alerts", type="topic", durable=True)(line.channel()).declare()
    line.channel().queue_declare("alerts.urgent", durable=True, auto_delete=False)
    declare(line)
    told = found(rabbit_vhost, tmp_path)["declared"]
    assert told.state is State.WARN
    assert told.says == "not as we make them: exchange alerts, queue alerts.urgent"


def test_the_doctor_makes_nothing_by_looking(rabbit_vhost: str, tmp_path: Path) -> None:
    """An operator asks before anything was started: nothing is declared by the question."""
    assert "declared" not in found(rabbit_vhost, tmp_path)
    assert messages(rabbit_vhost) == {}
    with Connection(rabbit_vhost) as line, pytest.raises(line.channel_errors):
        made: Any = line.channel()
        made.exchange_declare("outcomes", "topic", passive=True)
