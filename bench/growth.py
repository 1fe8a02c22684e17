"""How the cost of an alert changes with the rows that are there already: bench.hot_path on fuller and fuller tables.

CPU time, ours and the database's. The machine's pace changes by the minute, and CPU time with it: each size is measured
turn about with the smallest, and told as so many times what the smallest had cost at first.
"""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Sequence

Cost = dict[str, float]

TURNS = "5"


def measure_growth(sizes: Sequence[int], alerts: int) -> dict[str, Cost]:
    """Microseconds of CPU an alert, by how many old alerts the tables hold: {"ours", "postgres"}.

    Raises: RuntimeError: the measurement failed.
    """
    smallest, *others = sizes
    first = cost_of(_told(smallest, alerts)["us_per_alert"])
    out = {str(smallest): first}
    for size in others:
        times = _told(size, alerts, "--beside", str(smallest), "--times", TURNS)["times_beside"]
        out[str(size)] = {whose: round(cost * float(times[whose]), 1) for whose, cost in first.items()}
    return out


def _told(rows: int, alerts: int, *more: str) -> dict[str, dict[str, Cost | float]]:
    command = [sys.executable, "-m", "bench.hot_path", "--rows", str(rows), "--alerts", str(alerts), "--json", *more]
    done = subprocess.run(command, capture_output=True, text=True, check=False)  # noqa: S603  # our own command
    if done.returncode:
        raise RuntimeError(f"bench.hot_path --rows {rows} ended with {done.returncode}: {done.stderr[-500:]}")
    return dict(json.loads(done.stdout))


def cost_of(told: dict[str, Cost | float]) -> Cost:
    """The sums of what bench.hot_path tells, which may be by step."""
    out: Cost = {}
    for whose, cost in told.items():
        out[whose] = round(sum(cost.values()) if isinstance(cost, dict) else float(cost), 1)
    return out
