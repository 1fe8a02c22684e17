"""What processes weigh and use, read from /proc."""

from __future__ import annotations

import os
import time
from collections.abc import Mapping
from pathlib import Path


def peak_mib(pid: int) -> float:
    """The most resident memory that the process ever had, MiB."""
    for line in Path(f"/proc/{pid}/status").read_text().splitlines():
        if line.startswith("VmHWM"):
            return round(int(line.split()[1]) / 1024, 1)
    return 0.0


def cores_used(pids: Mapping[str, int], seconds: float) -> dict[str, float]:
    """The share of one core that each process uses over the next `seconds`."""
    before = {name: _ticks(pid) for name, pid in pids.items()}
    time.sleep(seconds)
    per_s = os.sysconf("SC_CLK_TCK")
    return {name: round((_ticks(pid) - before[name]) / per_s / seconds, 4) for name, pid in pids.items()}


def _ticks(pid: int) -> int:
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return int(fields[11]) + int(fields[12])
