"""The embedded queue is only a bell: without it everything still ends."""

from __future__ import annotations

import shutil

import pytest
from deployment import Home, until

pytestmark = [pytest.mark.slow, pytest.mark.timeout(300), pytest.mark.xdist_group("deployments")]

ALERTS = 300


def test_a_deleted_queue_loses_nobody(home: Home, brisk: str) -> None:
    """Somebody deleted the whole queue in mid-run: what was accepted ended, what was not yet was sent again."""
    alerts = home.sample(ALERTS)
    ours = ("--policy", brisk, "--live", "--resend-after", "10", "--answer-ms", "400..900")
    run = home.begin("run", str(alerts), *ours)
    begun = "SELECT count(*) FROM dispatches WHERE state IN ('waiting', 'underway')"
    until("work is underway", lambda: home.count(begun) >= 50 or run.poll() is not None, every_s=0.02)
    waiting = len(list((home.home / "queue").rglob("*")))
    unended = home.count("SELECT count(*) FROM dispatches WHERE ended_at IS NULL")
    shutil.rmtree(home.home / "queue", ignore_errors=True)
    print(f"deleted {waiting} files of the queue while {unended} dispatches had not ended")
    assert unended >= 50 and run.poll() is None
    assert run.wait(200) == 0, home.told("run").decode()
    assert f"{ALERTS} accepted, 0 refused".encode() in home.told("run")
    assert home.count("SELECT count(*) FROM alerts") == ALERTS
    assert home.count("SELECT count(*) FROM cases c WHERE NOT EXISTS (SELECT 1 FROM alerts WHERE case_id = c.id)") == 0
    assert home.count("SELECT count(*) FROM dispatches WHERE ended_at IS NULL") == 0
