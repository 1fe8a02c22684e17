"""RabbitMQ as the engine uses it: its queues, alerts by a wrong key, foreign messages, poison."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from brokers import ServedHome, control, messages, own_vhost
from celery import Celery
from deployment import until
from kombu import Connection, Exchange, Producer, Queue
from servers import own_database

pytestmark = [pytest.mark.slow, pytest.mark.timeout(400), pytest.mark.xdist_group("deployments")]

ONE = {"QUANZU_WORKER_PROCESSES": "1"}
KEPT = "SELECT count(*) FROM alerts"
DEAD = "SELECT count(*) FROM dead_letters"


def broker(home: ServedHome) -> str:
    """The vhost of this home."""
    return home.env["QUANZU_BROKER_URL"]


@contextmanager
def producer(home: ServedHome, exchange: str) -> Iterator[Producer]:
    """Somebody who publishes without a word of ours."""
    with Connection(broker(home), transport_options={"confirm_publish": True}) as connection:
        yield Producer(connection.channel(), exchange=Exchange(exchange, no_declare=True))


def queues(home: ServedHome) -> dict[str, dict[str, Any]]:
    """Type and arguments of each queue."""
    told = control(
        "list_queues", "-p", broker(home).rpartition("/")[2], "name", "type", "arguments", "--formatter", "json"
    )
    return {queue["name"]: queue for queue in json.loads(told.stdout)}


@pytest.fixture(scope="module")
def up(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ServedHome]:
    """A deployment on RabbitMQ whose queues are there; all tests here share it."""
    with own_database() as database, own_vhost() as vhost:
        home = ServedHome(tmp_path_factory.mktemp("rabbit"), database, vhost)
        try:
            home.up("--policy", "demo", "--faults", "none", **ONE)
            until("the queues are there", lambda: {"alerts.urgent", "alerts.routine"} <= messages(vhost).keys())
            yield home
        finally:
            home.end()


def test_queues_are_kept_by_a_quorum_and_intake_gives_no_alert_up(up: ServedHome) -> None:
    """An operator lists the queues: all of quorum type, no delivery limit on intake, and none for delayed delivery."""
    found = {name: queue for name, queue in queues(up).items() if "pidbox" not in name and "reply" not in name}
    assert {queue["type"] for queue in found.values()} == {"quorum"}
    assert {name for name in found if name.startswith("alerts.")} == {
        "alerts.urgent",
        "alerts.routine",
        "alerts.submit",
        "alerts.unrouted",
        "alerts.rejected",
    }
    assert len([name for name in found if name.startswith("dispatch.")]) == 6
    assert not [name for name in found if name.startswith("celery")]
    for name in ("alerts.urgent", "alerts.routine", "alerts.submit", "alerts.unrouted"):
        assert "x-delivery-limit" not in json.dumps(found[name]["arguments"])


def test_an_alert_by_a_wrong_key_is_taken_all_the_same(up: ServedHome) -> None:
    """An upstream mistypes the routing key: the person is warned like any other."""
    kept = up.count(KEPT)
    (line,) = up.sample(1, seed=11).read_bytes().splitlines()
    with producer(up, "alerts") as told:
        told.publish(line, routing_key="alert.level-one", content_type="application/json", delivery_mode=2)
    until("the alert is kept", lambda: up.count(KEPT) == kept + 1)


def test_a_foreign_message_is_set_aside_and_not_deleted(up: ServedHome) -> None:
    """Somebody puts what is no Celery task on `alerts.submit`: it waits in `alerts.rejected`, whole."""
    with producer(up, "dispatch") as told:
        told.publish(b"{not a task", routing_key="alerts.submit", content_type="application/json")
        told.publish({"task": "of somebody else"}, routing_key="alerts.submit", serializer="json")
    until("both are set aside", lambda: messages(broker(up)).get("alerts.rejected") == 2)


def test_a_body_whose_compression_is_a_lie_is_a_dead_letter(up: ServedHome) -> None:
    """A message says that it is compressed and is not: it is kept as a dead letter, and the next alert is taken."""
    kept, dead = up.count(KEPT), up.count(DEAD)
    (line,) = up.sample(1, seed=12).read_bytes().splitlines()
    with producer(up, "alerts") as told:
        told.publish(b"not zlib", routing_key="alert.l1", headers={"compression": "application/x-gzip"})
        told.publish(line, routing_key="alert.l1", content_type="application/json", delivery_mode=2)
    until("one alert is kept, and one dead letter", lambda: (up.count(KEPT), up.count(DEAD)) == (kept + 1, dead + 1))
    until("the queue is empty", lambda: messages(broker(up))["alerts.urgent"] == 0)


def test_an_upstream_with_celery_submits_a_task(up: ServedHome) -> None:
    """An upstream that has Celery sends the task `alerts.submit`: alerts are kept, a broken one as a dead letter."""
    kept, dead = up.count(KEPT), up.count(DEAD)
    lines = up.sample(3, seed=13).read_bytes().splitlines()
    upstream = Celery("upstream", broker=broker(up))
    alerts = [json.loads(line) for line in lines]
    theirs = Queue("alerts.submit", Exchange("dispatch", no_declare=True), routing_key="alerts.submit", no_declare=True)
    upstream.send_task("alerts.submit", args=[[*alerts, {"no": "alert"}]], queue=theirs, ignore_result=True)
    until(
        "three alerts are kept, and one dead letter", lambda: (up.count(KEPT), up.count(DEAD)) == (kept + 3, dead + 1)
    )
