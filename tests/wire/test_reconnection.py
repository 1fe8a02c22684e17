"""The broker or the database goes away under a running deployment, and everything comes back by itself.

Servers of this test's own are stopped and started: no process of ours may end, and nobody may have to help.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
from brokers import ServedHome
from chaos.servers import OwnPostgres, OwnRabbit, ServerMissing
from deployment import children, until
from servers import missing

pytestmark = [pytest.mark.slow, pytest.mark.timeout(600), pytest.mark.xdist_group("servers")]

BRIEF = {"QUANZU_LEASE_S": "6", "QUANZU_REQUEST_TIMEOUT_S": "3", "QUANZU_WORKER_PROCESSES": "1"}
UNENDED = "SELECT count(*) FROM dispatches WHERE ended_at IS NULL AND means IN ('carrier', 'robot')"
ALERTS = "SELECT count(*) FROM alerts"


class Town:
    """A deployment on servers of its own, what was sent to it so far, and the processes that it began with."""

    def __init__(self, home: ServedHome, postgres: OwnPostgres, rabbit: OwnRabbit) -> None:
        self.home, self.postgres, self.rabbit = home, postgres, rabbit
        self.supervisor = home.up("--policy", "demo", "--faults", "none", **BRIEF)
        self.lines = home.sample(400).read_bytes().splitlines(keepends=True)
        self.key = (home.home / "first-key").read_text().strip()
        self.sent = 0
        until("every worker consumes", lambda: "alerts.routine\t1" in rabbit.ctl("list_queues", "name", "consumers"))
        self.began_with = children(self.supervisor.pid)

    def next(self, count: int) -> list[bytes]:
        """Alerts that were not sent before."""
        self.sent += count
        return self.lines[self.sent - count : self.sent]

    def publish(self, count: int) -> None:
        """Onto the queue."""
        done = self.home.quanzu("submit", "--queue", "-", given=b"".join(self.next(count)))
        assert done.returncode == 0, done.stderr.decode()

    def push(self, count: int) -> int:
        """Through the HTTP door. Returns its status."""
        body = b"[" + b",".join(line.strip() for line in self.next(count)) + b"]"
        url = f"http://127.0.0.1:{self.home.env['QUANZU_PORT']}/v1/alerts"
        headers = {"Authorization": f"Bearer {self.key}", "Content-Type": "application/json"}
        return httpx.post(url, content=body, headers=headers, timeout=60).status_code

    def settles(self) -> None:
        """Everything sent is kept, and every machine's dispatch of it has ended; no process had to be started again."""
        until("every alert is kept", lambda: self.home.count(ALERTS) == self.sent)
        until("every text and robot call has ended", lambda: self.home.count(UNENDED) == 0, every_s=0.5)
        assert children(self.supervisor.pid) == self.began_with


@pytest.fixture(scope="module")
def town(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Town]:
    """One deployment for all tests here, on a PostgreSQL and a RabbitMQ that may be stopped."""
    folder: Path = tmp_path_factory.mktemp("reconnection")
    try:
        with OwnPostgres() as postgres, OwnRabbit() as rabbit:
            home = ServedHome(folder, postgres.url, rabbit.url)
            try:
                yield Town(home, postgres, rabbit)
            finally:
                home.end()
    except ServerMissing as fault:
        missing("rabbitmq" if "rabbit" in str(fault) else "postgres", str(fault))


def test_alerts_come_in_while_the_broker_is_away(town: Town) -> None:
    """The broker is down for a while: alerts are accepted over HTTP all the same, and answered once it is back."""
    town.publish(40)
    town.rabbit.stop()
    assert town.push(40) == 202
    time.sleep(8)
    town.rabbit.start()
    town.publish(20)
    town.settles()


def test_a_wiped_broker_loses_nobody(town: Town) -> None:
    """The broker loses every queue and message: what was accepted is dispatched, and the queues are there again."""
    assert town.push(60) == 202
    town.rabbit.wipe()
    until("the intake queues are there again", lambda: "alerts.urgent\t1" in consumers(town), within_s=60)
    town.publish(20)
    town.settles()


def test_the_database_restarts_and_no_alert_is_acknowledged_unkept(town: Town) -> None:
    """The database crashes with alerts on the queue: they wait with the broker, and are kept when it is back."""
    town.postgres.stop("immediate")
    town.publish(60)
    time.sleep(6)
    assert waiting(town) == 60
    assert town.push(1) == 503
    town.sent -= 1  # it was told that nothing was kept
    town.postgres.start()
    town.settles()


def test_both_are_away_at_once(town: Town) -> None:
    """Broker and database go down together, the database comes back last: work goes on by itself."""
    town.publish(40)
    town.postgres.stop("fast")
    town.rabbit.kill()
    time.sleep(3)
    town.rabbit.start()
    time.sleep(3)
    town.postgres.start()
    town.publish(20)
    town.settles()


def consumers(town: Town) -> str:
    """The queues and how many take from each."""
    return town.rabbit.ctl("list_queues", "name", "consumers")


def waiting(town: Town) -> int:
    """How many alerts the broker holds."""
    lines = town.rabbit.ctl("list_queues", "name", "messages").splitlines()
    return sum(int(line.split("\t")[1]) for line in lines if line.startswith(("alerts.urgent\t", "alerts.routine\t")))
