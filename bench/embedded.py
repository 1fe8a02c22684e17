"""`python -m bench --embedded`: how fast the embedded default settles alerts, what it weighs, what it costs when idle.

The simulator answers at once and faultlessly, a hundred letters a request: the engine is what is measured. An alert
is settled when the first try of each of its texts and robot calls has been handed over and its news is applied.
Publisher, simulator, web and workers share this machine's cores with one another and with whatever else runs on it.
"""

from __future__ import annotations

import json
import os
import tempfile
import time
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from sqlalchemy import func, select

from bench.processes import cores_used, peak_mib
from cli.home import prepare
from cli.parts import start_all, with_free_ports
from cli.publish import Publisher, made_live
from cli.sample import make_sample
from cli.say import out
from cli.watch import standing
from config.settings import load_settings
from dispatcher import tables
from dispatcher.store import Store

ALERTS = int(os.environ.get("BENCH_ALERTS", "6000"))
IDLE_S = 15
SHARE = 0.95
"""The rate is taken up to this share of the alerts: the last few wait for redials, not for the engine."""


def measure_embedded(save_to: Path) -> None:
    """Run once, print what was found, and save it."""
    found = _found()
    save_to.write_text(json.dumps(found, indent=1) + "\n")
    out.print_json(json.dumps(found))


def _found() -> dict[str, Any]:
    with tempfile.TemporaryDirectory(prefix="quanzu-bench-") as folder:
        wishes = {"home": Path(folder), "policy": "demo", "call_batch": 100}
        home = prepare(with_free_ports(load_settings(wishes)))
        now = datetime.now(UTC)
        lines = make_sample(ALERTS, day=None, seed=11, now=now)
        bodies = list(made_live((line.encode() for line in lines), now))
        house = start_all(home, simulator=("--at-once",))
        pids = {child.name: child.process.pid for child in house.children if child.process}
        try:
            time.sleep(3)
            began = datetime.now(UTC)
            publisher = Publisher(home.settings, home.store)
            for _ in publisher.send(bodies):
                pass
            published_s = (datetime.now(UTC) - began).total_seconds()
            settled_s = _settled_after_s(home.store, began)
            while not standing(home.store, now=datetime.now(UTC)).quiet:
                time.sleep(1)
            idle = cores_used(pids, IDLE_S)
            peaks = {name: peak_mib(pid) for name, pid in pids.items()}
        finally:
            house.stop()
    return {
        "alerts": ALERTS,
        "published_per_s": round(ALERTS / published_s),
        "settled_per_s": round(SHARE * ALERTS / settled_s),
        "peak_mib": peaks,
        "idle_share_of_a_core": idle,
        "idle_share_of_a_core_together": round(sum(idle.values()), 4),
    }


def _settled_after_s(store: Store, began: datetime) -> float:
    """Seconds until 95 % of the cases had news of the first try of each machine's dispatch."""
    attempt, dispatch, receipt = tables.attempts, tables.dispatches, tables.receipts
    last_news = (
        select(func.max(receipt.c.applied_at).label("at"))
        .join(attempt, attempt.c.reference == receipt.c.reference)
        .join(dispatch, dispatch.c.id == attempt.c.dispatch_id)
        .where(attempt.c.number == 1, receipt.c.state == "applied")
        .group_by(dispatch.c.case_id)
    )
    cases = select(func.count()).select_from(tables.cases)
    while True:
        time.sleep(2)
        with store.read() as connection:
            done = sorted(at for (at,) in connection.execute(last_news))
            known = connection.execute(cases).scalar_one()
            waiting = connection.execute(
                select(func.count()).where(
                    dispatch.c.attempts == 0, dispatch.c.state == "waiting", dispatch.c.means.in_(("carrier", "robot"))
                )
            ).scalar_one()
        if waiting == 0 and known >= SHARE * ALERTS * 0.9 and len(done) >= known * 0.98:
            return float((done[int(len(done) * SHARE) - 1] - began).total_seconds())
