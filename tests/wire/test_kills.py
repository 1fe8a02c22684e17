"""Every worker is killed twice in the middle of its work, and nobody is forgotten or warned twice."""

from __future__ import annotations

import json
import os
import signal
import time

import pytest
from deployment import PATIENCE_S, Home, until, workers

pytestmark = [pytest.mark.slow, pytest.mark.timeout(420), pytest.mark.xdist_group("deployments")]

ALERTS = int(os.environ.get("QUANZU_KILL_ALERTS", "800"))
"""The promise is made for 2,000: QUANZU_KILL_ALERTS=2000 runs it at that size; CI keeps it shorter."""
AT_LEAST = 200
LEASE_S = 8.0
BOUND_S = LEASE_S + 10.0
SLOW = {"QUANZU_LEASE_S": str(LEASE_S), "QUANZU_REQUEST_TIMEOUT_S": "4"}

UNDERWAY = "SELECT count(*) FROM dispatches WHERE state = 'underway'"
UNENDED = "SELECT count(*) FROM dispatches WHERE ended_at IS NULL"
OWED = """SELECT count(*) FROM deadlines
    WHERE kind <> 'follow_up' AND done_at IS NULL AND missed_at IS NULL AND void_at IS NULL"""
CLOSING = "SELECT count(*) FROM cases WHERE state = 'open' AND close_code IS NULL AND closes_itself_at IS NOT NULL"
HELD = "SELECT hex(id), fence FROM dispatches WHERE state = 'underway'"


class Lost:
    """What was underway when the workers died: each claim, and the tries that were open then."""

    def __init__(self, home: Home) -> None:
        self.home = home
        self.claims = dict(home.ask(HELD))
        tries = home.ask(
            """SELECT hex(d.id), hex(t.id) FROM dispatches d JOIN attempts t ON t.dispatch_id = d.id
            AND t.number = d.attempts WHERE d.state = 'underway' AND t.answer IS NULL"""
        )
        self.tries = {attempt for dispatch, attempt in tries if dispatch in self.claims}

    def left(self) -> int:
        """How many are neither reclaimed nor asked for."""
        held = {dispatch for dispatch, fence in self.home.ask(HELD) if self.claims.get(dispatch) == fence}
        open_tries = self.home.ask(
            """SELECT hex(id) FROM attempts WHERE asks = 0 AND outcome IS NULL
            AND (answer IS NULL OR answer = 'unsure')"""
        )
        return len(held) + len(self.tries.intersection(attempt for (attempt,) in open_tries))


def test_workers_killed_twice_forget_nobody(home: Home, brisk: str) -> None:
    """Every worker was killed twice with hundreds of requests out: all came back in time, and nobody heard twice."""
    lines = home.sample(ALERTS).read_bytes().splitlines(keepends=True)
    supervisor = home.up("--policy", brisk, "--faults", "none", "--answer-ms", "2000..3000", **SLOW)
    for number, half in enumerate((lines[: ALERTS // 2], lines[ALERTS // 2 :]), 1):
        published = home.quanzu("submit", "--queue", "-", given=b"".join(half))
        assert published.returncode == 0, published.stderr.decode()
        lost, worst_s = kill_all(home, supervisor.pid)
        print(f"kill {number}: {len(lost.claims)} underway, the last of them back {worst_s:.1f} s after the restart")
        assert worst_s <= BOUND_S
    until("every alert is kept", lambda: home.count("SELECT count(*) FROM alerts") == ALERTS)
    until("every dispatch has ended", lambda: home.count(UNENDED) == 0, every_s=0.5)
    until(
        "every limit and every closing time has passed",
        lambda: home.count(OWED) + home.count(CLOSING) == 0,
        every_s=0.5,
    )
    checks = {line["check"]: line for line in json.loads(home.quanzu("audit", "--json").stdout)["checks"]}
    assert checks["repeats"]["count"] == 0, checks["repeats"]
    assert {name: line["faults"][:5] for name, line in checks.items() if not line["agrees"]} == {}


def kill_all(home: Home, supervisor: int) -> tuple[Lost, float]:
    """SIGKILL all workers while at least 200 dispatches are underway. Returns what was lost, and the worst return."""
    until(f"{AT_LEAST} dispatches are underway", lambda: home.count(UNDERWAY) >= AT_LEAST + 50, every_s=0.02)
    before = workers(supervisor)
    assert len(before) == 3
    for pid in before:
        os.kill(pid, signal.SIGKILL)
    lost = Lost(home)
    assert len(lost.claims) >= AT_LEAST
    until("the workers are started again", lambda: len(set(workers(supervisor)) - set(before)) == 3)
    restarted = time.monotonic()
    until("all is reclaimed or asked for", lambda: lost.left() == 0, within_s=PATIENCE_S)
    return lost, time.monotonic() - restarted
