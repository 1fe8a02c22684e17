"""`python -m bench --soak MINUTES`: half of what it can do, for long, and what its processes hold in memory."""

from __future__ import annotations

import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from bench.feed import feed
from bench.ours import our_design
from bench.processes import Watch
from bench.servers import own_servers
from bench.started import town
from bench.work import make_alerts

PART_S = 60.0
"""Alerts are made and fed for a minute at a time."""
SETTLE_IN = 0.25
"""The first quarter is not looked at: pools fill, caches too."""


def soak(minutes: float, per_s: float) -> dict[str, Any]:
    """Memory by process: at the end (MiB), and how it changes (MiB an hour), by a straight line through the samples."""
    with (
        tempfile.TemporaryDirectory(prefix="quanzu-bench-") as name,
        own_servers() as (database, broker),
        town(folder := Path(name), news_most=100) as carrier,
        our_design(folder, database, broker, carrier, 100) as pids,
    ):
        watch = Watch(lambda: {**pids(), "simulator": carrier.pid}, {})
        watch.start()
        until, part = time.monotonic() + minutes * 60, 0
        while time.monotonic() < until:
            part += 1
            with feed(folder, broker, make_alerts(int(per_s * PART_S), seed=100 + part), per_s=per_s) as one:
                one.go()
                one.told()
        watch.end()
        history = watch.history[int(len(watch.history) * SETTLE_IN) :]
    names = list(history[-1][1])
    return {
        "minutes": minutes,
        "per_s": per_s,
        "mib_at_end": {name: round(history[-1][1][name], 1) for name in names},
        "mib_an_hour": {name: round(slope([(at, sums[name]) for at, sums in history]) * 3600, 2) for name in names},
    }


def slope(points: Sequence[tuple[float, float]]) -> float:
    """How much y changes for each 1 of x, by least squares; 0 where x does not change."""
    if not points:
        return 0.0
    middle_x = sum(x for x, _ in points) / len(points)
    middle_y = sum(y for _, y in points) / len(points)
    spread = sum((x - middle_x) ** 2 for x, _ in points)
    return sum((x - middle_x) * (y - middle_y) for x, y in points) / spread if spread else 0.0
