"""How the cost of an alert changes with the rows that are there already: bench.hot_path on fuller and fuller tables.

CPU time, ours and the database's, so that a busy machine disturbs it little.
"""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Sequence

Cost = dict[str, float]


def measure_growth(sizes: Sequence[int], alerts: int) -> dict[str, Cost]:
    """Microseconds of CPU an alert, by how many old alerts the tables hold: {"ours", "postgres"}.

    Raises: RuntimeError: the measurement failed.
    """
    return {str(size): _cost(size, alerts) for size in sizes}


def _cost(rows: int, alerts: int) -> Cost:
    command = [sys.executable, "-m", "bench.hot_path", "--rows", str(rows), "--alerts", str(alerts), "--json"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)  # noqa: S603  # our own command
    if done.returncode:
        raise RuntimeError(f"bench.hot_path --rows {rows} ended with {done.returncode}: {done.stderr[-500:]}")
    return cost_of(json.loads(done.stdout))


def cost_of(told: dict[str, dict[str, Cost | float]]) -> Cost:
    """The sums of what bench.hot_path tells, which may be by step."""
    out: Cost = {}
    for whose, cost in told["us_per_alert"].items():
        out[whose] = round(sum(cost.values()) if isinstance(cost, dict) else float(cost), 1)
    return out
