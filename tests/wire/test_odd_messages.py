"""One message that nobody can read stops no queue: it is taken, kept with reasons, or set aside."""

from __future__ import annotations

import bz2
import json
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from uuid import uuid4

import pika
import pytest
from brokers import ServedHome, messages, own_vhost
from deployment import Home, free_port, until
from garbage import alert
from kombu import Connection, Producer
from odd_properties import ODD, Odd, headers, nested, text
from servers import own_database

from config.settings import Settings
from workers.app import transport_options
from workers.names import DISPATCH
from workers.topology import declare

pytestmark = [pytest.mark.slow, pytest.mark.timeout(400), pytest.mark.xdist_group("deployments")]

KEPT = "SELECT count(*) FROM alerts"
DEAD = "SELECT count(*) FROM dead_letters"
JSON: dict[str, Any] = {"content_type": "application/json", "content_encoding": "utf-8", "delivery_mode": 2}
TASK = {"task": "alerts.submit", "id": "1"}
EMBED: dict[str, Any] = {"callbacks": None, "errbacks": None, "chain": None, "chord": None}


class Deployment:
    """Workers of the intake lane and the urgent one, and whoever publishes to them with pika."""

    def __init__(self, home: ServedHome) -> None:
        self.home = home
        nobody = {"QUANZU_SIMULATOR_PORT": str(free_port()), "QUANZU_WORKER_PROCESSES": "1"}
        self.workers = [home.begin("worker", "--lane", lane, **nobody) for lane in ("intake", "urgent")]
        self.vhost = home.env["QUANZU_BROKER_URL"]
        self.number = 0

    def alert(self) -> dict[str, Any]:
        """One more right alert."""
        self.number += 1
        return alert(self.number)

    def kept(self) -> tuple[int, int]:
        """How many alerts and dead letters there are."""
        return self.home.count(KEPT), self.home.count(DEAD)

    def waiting(self, queue: str) -> int:
        """How many messages lie in a queue."""
        with self.channel() as channel:
            return int(channel.queue_declare(queue, passive=True).method.message_count)

    def aside(self) -> int:
        """How many messages the broker has set aside."""
        return self.waiting("alerts.rejected")

    @contextmanager
    def channel(self) -> Iterator[Any]:
        """A channel of pika's, whose publishes return when the broker holds the message."""
        with pika.BlockingConnection(pika.URLParameters(self.vhost)) as connection:
            channel = connection.channel()
            channel.confirm_delivery()
            yield channel

    def publish(self, exchange: str, key: Any, body: bytes, properties: pika.BasicProperties) -> None:
        """One message that the broker has confirmed."""
        with self.channel() as channel:
            channel.basic_publish(exchange, key, body, properties)

    def submit(self, *alerts: dict[str, Any]) -> None:
        """A right task of an upstream that has Celery."""
        body = submitting(*alerts)
        task = {"task": "alerts.submit", "id": str(uuid4())}
        self.publish("dispatch", "alerts.submit", body, pika.BasicProperties(headers=task, **JSON))

    def still_the_same(self) -> bool:
        """Every message is answered for, and no worker has ended."""
        queues = ("alerts.urgent", "alerts.routine", "alerts.unrouted", "alerts.submit")

        def left() -> int:
            held = messages(self.vhost)
            return sum(held[name] for name in queues)

        until("nothing is left", lambda: not left(), within_s=30)
        return all(worker.poll() is None for worker in self.workers)


@pytest.fixture(scope="module")
def up(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Deployment]:
    """All tests here share it: whatever one of them sent, the next one's alerts must be taken."""
    with served(tmp_path_factory.mktemp("odd")) as home:
        assert home.quanzu("migrate").returncode == 0
        made = Deployment(home)
        there = {"alerts.urgent", "alerts.routine", "alerts.unrouted", "alerts.submit"}
        until("the queues are there", lambda: there <= messages(made.vhost).keys())
        yield made


@contextmanager
def served(folder: Path) -> Iterator[ServedHome]:
    """A home on PostgreSQL and RabbitMQ."""
    with own_database() as database, own_vhost() as vhost:
        home = ServedHome(folder, database, vhost)
        try:
            yield home
        finally:
            home.end()


def test_an_alert_with_odd_properties_is_an_alert(up: Deployment) -> None:
    """Upstreams' clients sent properties that Python cannot read: each person is warned, and so is the next one."""
    batch = "SELECT batch FROM alerts WHERE source_ref = ?"
    for kind, raw in ODD.items():
        kept, dead = up.kept()
        one, two = up.alert(), up.alert()
        up.publish("alerts", "alert.l1", json.dumps(one).encode(), Odd(raw))
        up.publish("alerts", "alert.l1", json.dumps(two).encode(), pika.BasicProperties(**JSON))
        until(kind, lambda: up.kept() == (kept + 2, dead), within_s=30)  # noqa: B023 - asked before the next turn
        assert up.home.ask(batch, one["source_ref"]) == [("odd-7",)], kind
    assert up.still_the_same()


def test_an_alert_by_a_key_in_gbk_is_an_alert(up: Deployment) -> None:
    """An upstream published by a routing key in GBK: the person is warned, and so is the next one."""
    kept, dead = up.kept()
    for key in ("警报.一级".encode("gbk"), "alert.l3", b"\xff" * 200):
        up.publish("alerts", key, json.dumps(up.alert()).encode(), pika.BasicProperties(**JSON))
    until("all are kept", lambda: up.kept() == (kept + 3, dead), within_s=30)
    assert up.still_the_same()


def test_a_bomb_is_a_dead_letter(up: Deployment) -> None:
    """Somebody sent 200 KiB that would be 200 MiB: it is kept compressed, with the reason, and the worker small."""
    kept, dead = up.kept()
    bombs = [(zlib.compress(bytes(200 << 20)), "gzip"), (bz2.compress(bytes(300 << 20)), "bzip2")]
    pieces = [(body, pika.BasicProperties(headers={"compression": way})) for body, way in bombs]
    before = most_mib(up.workers[1].pid)
    for body, properties in pieces:
        up.publish("alerts", "alert.l1", body, properties)
    up.publish("alerts", "alert.l1", json.dumps(up.alert()).encode(), pika.BasicProperties(**JSON))
    until("all are kept", lambda: up.kept() == (kept + 1, dead + 2), within_s=60)
    reasons = up.home.ask("SELECT faults->0->>'message' FROM dead_letters ORDER BY received_at DESC LIMIT 2")
    assert all("compressed" in str(reason) for (reason,) in reasons)
    assert most_mib(up.workers[1].pid) - before < 100
    assert up.still_the_same()


def test_compressed_alerts_are_alerts(up: Deployment) -> None:
    """An upstream compresses rightly, on both ways in: everybody is warned."""
    kept, dead = up.kept()
    zipped = pika.BasicProperties(headers={"compression": "gzip"}, **JSON)
    up.publish("alerts", "alert.l1", zlib.compress(json.dumps(up.alert()).encode()), zipped)
    body = zlib.compress(submitting(up.alert()))
    task = TASK | {"compression": "application/x-gzip"}
    up.publish("dispatch", "alerts.submit", body, pika.BasicProperties(headers=task, **JSON))
    until("both are kept", lambda: up.kept() == (kept + 2, dead), within_s=30)


DEEP = b"[" * 700 + b"]" * 700
RIGHT = json.dumps([[[]], {}, EMBED]).encode()
MALFORMED: dict[str, tuple[bytes, dict[str, Any]]] = {
    "no id": (RIGHT, {"task": "alerts.submit"}),
    "a number": (b"5", TASK),
    "null": (b"null", TASK),
    "empty": (b"", TASK),
    "a list of alerts": (json.dumps([alert(1), alert(2), alert(3), alert(4)]).encode(), TASK),
    "three alerts": (json.dumps([alert(1), alert(2), alert(3)]).encode(), TASK),
    "one alert": (json.dumps(alert(1)).encode(), TASK),
    "arguments that are none": (b'[5, "x", []]', TASK),
    "more that is none": (b"[[[]], {}, 5]", TASK),
    "a table for a task": (RIGHT, {"task": {"name": "alerts.submit"}, "id": "1"}),
    "a table for an id": (RIGHT, {"task": "alerts.submit", "id": {"is": "1"}}),
    "a number for an id": (RIGHT, {"task": "alerts.submit", "id": 5}),
    "a wrong instant": (RIGHT, TASK | {"eta": "tomorrow"}),
    "a wrong kind": (RIGHT, TASK | {"expires": ["soon"]}),
    "no encoding": (RIGHT, TASK | {"compression": {"by": "gzip"}}),
    "a bomb": (zlib.compress(bytes(200 << 20)), TASK | {"compression": "gzip"}),
    "the first protocol, no id": (b'{"task": "alerts.submit", "args": [[]], "kwargs": {}}', {}),
    "the first protocol, a list for a task": (b'{"task": ["alerts.submit"], "id": "1"}', {}),
    "the first protocol, no arguments": (b'{"task": "alerts.submit", "id": "1", "args": 5, "kwargs": 6}', {}),
    "the first protocol, deep": (b'{"task": "alerts.submit", "id": "1", "args": [[' + DEEP + b"]]}", {}),
    "a task in a list": (b'["task"]', {}),
}
"""What stands on `alerts.submit`, and its headers."""
SOUND: dict[str, dict[str, Any]] = {
    "a limit that is a number": {"timelimit": 5},
    "limits that are words": {"timelimit": ["soon", "later"]},
    "stamps that are none": {"stamped_headers": 5, "stamps": 6},
    "late": {"expires": "2020-01-01T00:00:00+00:00"},
    "an instant that is none": {"eta": "0001-01-01T00:00:00+23:59"},
    "in a hundred years": {"eta": "2126-01-01T00:00:00+00:00"},
    "odd relations": {"root_id": {}, "group": 5, "shadow": [], "retries": "x", "argsrepr": 7, "lang": {}},
}
"""What a right task may carry besides."""


def test_a_malformed_task_is_set_aside(up: Deployment) -> None:
    """Somebody put what is no task on `alerts.submit`: it is set aside, whole, and the same worker takes the next."""
    for kind, (body, told) in MALFORMED.items():
        (kept, dead), aside = up.kept(), up.aside()
        up.publish("dispatch", "alerts.submit", body, pika.BasicProperties(headers=told, **JSON))
        up.submit(up.alert())
        until(
            kind,
            lambda: (up.kept(), up.aside()) == ((kept + 1, dead), aside + 1),  # noqa: B023 - asked before the next turn
            within_s=30,
        )
    assert up.still_the_same()


def test_what_a_task_demands_besides_is_not_heeded(up: Deployment) -> None:
    """An upstream's task carries demands that cannot be met: its alerts are taken at once, and so is the next task."""
    for kind, told in SOUND.items():
        kept, dead = up.kept()
        body = submitting(up.alert())
        up.publish("dispatch", "alerts.submit", body, pika.BasicProperties(headers=TASK | told, **JSON))
        up.submit(up.alert())
        until(kind, lambda: up.kept() == (kept + 2, dead), within_s=30)  # noqa: B023 - asked before the next turn
    assert up.still_the_same()


def test_a_message_with_odd_properties_ends_no_worker(up: Deployment) -> None:
    """Somebody put messages with unreadable properties where tasks are awaited: the next tasks are taken."""
    for kind, raw in ODD.items():
        (kept, dead), aside = up.kept(), up.aside()
        up.publish("dispatch", "alerts.submit", b"{}", Odd(raw))
        up.publish("dispatch", "dispatch.sms.urgent", b"{}", Odd(raw))
        up.submit(up.alert())
        until(
            kind,
            lambda: (up.kept(), up.aside()) == ((kept + 1, dead), aside + 1),  # noqa: B023 - asked before the next turn
            within_s=30,
        )
    until("the bells are gone", lambda: not up.waiting("dispatch.sms.urgent"), within_s=30)
    assert up.still_the_same()


def test_a_task_with_deep_headers_is_taken_or_set_aside(up: Deployment) -> None:
    """A task's headers are nested as deeply as can be read: no worker ends for it, and the next task is taken."""
    for levels in (200, 400, 600, 800, 900, 950):
        (kept, _), aside = up.kept(), up.aside()
        raw = headers(text("task", "alerts.submit"), text("id", "1"), nested(levels))
        body = submitting(up.alert())
        typed = bytes([raw[0] | 0x80, raw[1], len("application/json")]) + b"application/json" + raw[2:]
        up.publish("dispatch", "alerts.submit", body, Odd(typed))
        up.submit(up.alert())
        until(
            "both are answered for",
            lambda: up.kept()[0] - kept + up.aside() - aside == 2,  # noqa: B023 - asked before the next turn
            within_s=30,
        )
    assert up.still_the_same()


def test_a_deep_alert_in_a_task_ends_no_worker(up: Deployment) -> None:
    """An upstream handed over an alert that is nested without end: it is set aside, and the next task is taken."""
    for levels in (100, 300, 500, 700, 900, 980):
        (kept, dead), aside = up.kept(), up.aside()
        body = b"[[[" + b'{"a":' * levels + b"1" + b"}" * levels + b"]], {}, {}]"
        up.publish("dispatch", "alerts.submit", body, pika.BasicProperties(headers=TASK, **JSON))
        up.submit(up.alert())
        until(
            "both are answered for",
            lambda: sum(up.kept()) - kept - dead + up.aside() - aside == 2,  # noqa: B023 - asked before the next turn
            within_s=30,
        )
    assert up.still_the_same()


def test_a_label_that_takes_hours_is_not_followed(up: Deployment) -> None:
    """A body on `alerts.submit` says that it is in Punycode, and would take hours to read: the next task is taken."""
    (kept, dead), aside = up.kept(), up.aside()
    body = b"a" * 1_000_000 + b"-" + b"9a" * 500_000
    punycode = JSON | {"content_encoding": "punycode"}
    up.publish("dispatch", "alerts.submit", body, pika.BasicProperties(headers=TASK, **punycode))
    up.submit(up.alert())
    until("both are answered for", lambda: (up.kept(), up.aside()) == ((kept + 1, dead), aside + 1), within_s=30)


def test_a_malformed_task_is_set_aside_on_one_machine(home: Home) -> None:
    """The same on the embedded broker, whose pool is of threads: whatever was no task, the right ones are taken."""
    assert home.quanzu("migrate").returncode == 0
    worker = home.begin("worker", "--lane", "intake", QUANZU_SIMULATOR_PORT=str(free_port()))
    options = transport_options(Settings(home=home.home), durable=True)
    sound = [(submitting(alert(1_000 + number)), TASK | told) for number, told in enumerate(SOUND.values())]
    with Connection("filequeue://localhost//", transport_options=options) as connection:
        declare(connection)
        producer = Producer(connection.channel(), exchange=DISPATCH, auto_declare=False)
        for body, told in [*MALFORMED.values(), *sound]:
            producer.publish(body, "alerts.submit", headers=told, content_type="application/json")
    until("the right ones are kept", lambda: home.count(KEPT) == len(SOUND), within_s=60)
    aside = home.home / "queue" / "set-aside"
    until("the others are set aside", lambda: len(list(aside.iterdir())) == len(MALFORMED), within_s=30)
    assert worker.poll() is None


def submitting(*alerts: dict[str, Any]) -> bytes:
    """The body of a right task."""
    return json.dumps([[alerts], {}, EMBED]).encode()


def most_mib(pid: int) -> int:
    """The most memory that a process ever had, MiB."""
    for line in Path(f"/proc/{pid}/status").read_text().splitlines():
        if line.startswith("VmHWM:"):
            return int(line.split()[1]) // 1024
    raise AssertionError("no such process")
