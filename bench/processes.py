"""What processes weigh and use, read from /proc."""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

PER_S = os.sysconf("SC_CLK_TCK")
PAGE_MIB = os.sysconf("SC_PAGE_SIZE") / 1024 / 1024


def peak_mib(pid: int) -> float:
    """The most resident memory that the process ever had, MiB."""
    for line in Path(f"/proc/{pid}/status").read_text().splitlines():
        if line.startswith("VmHWM"):
            return round(int(line.split()[1]) / 1024, 1)
    return 0.0


def cores_used(pids: Mapping[str, int], seconds: float) -> dict[str, float]:
    """The share of one core that each process uses over the next `seconds`."""
    before = {name: cpu_s(pid) for name, pid in pids.items()}
    time.sleep(seconds)
    return {name: round((cpu_s(pid) - before[name]) / seconds, 4) for name, pid in pids.items()}


def cpu_s(pid: int) -> float:
    """CPU seconds that the process has used so far; 0 when it is gone."""
    fields = _stat(pid)
    return (int(fields[11]) + int(fields[12])) / PER_S if fields else 0.0


def rss_mib(pid: int) -> float:
    """What the process holds in memory now, MiB; 0 when it is gone."""
    fields = _stat(pid)
    return int(fields[21]) * PAGE_MIB if fields else 0.0


def families(roots: Mapping[str, int]) -> dict[str, list[int]]:
    """Each named process with all that it started, directly or not."""
    children: dict[int, list[int]] = {}
    for folder in os.listdir("/proc"):  # noqa: PTH208  # twice as fast as Path, and asked every second
        if folder.isdigit() and (fields := _stat(int(folder))):
            children.setdefault(int(fields[1]), []).append(int(folder))
    found = {}
    for name, root in roots.items():
        family = [root]
        for pid in family:
            family += children.get(pid, [])
        found[name] = family
    return found


def named(command: str) -> list[int]:
    """Processes of this machine whose executable is called so, such as beam.smp."""
    found = []
    for folder in os.listdir("/proc"):  # noqa: PTH208  # as above
        try:
            if folder.isdigit() and Path(f"/proc/{folder}/comm").read_text().strip() == command:
                found.append(int(folder))
        except OSError:
            continue
    return found


class Watch(threading.Thread):
    """Looks every second at named processes and their children: CPU seconds since `mark`, and memory.

    `roots` tells who they are now, since one that dies is started again. `servers` are further groups whose members
    come and go, such as the backends of a database.
    """

    def __init__(
        self, roots: Callable[[], Mapping[str, int]], servers: Mapping[str, Callable[[], Sequence[int]]]
    ) -> None:
        super().__init__(name="watch", daemon=True)
        self._roots = roots
        self._servers = servers
        self._ended = threading.Event()
        self._lock = threading.Lock()
        self._used: dict[str, dict[int, float]] = {}
        self._base: dict[str, dict[int, float]] = {}
        self.largest: dict[str, float] = {}
        self.together: dict[str, float] = {}
        self.history: list[tuple[float, dict[str, float]]] = []
        self.look()

    def run(self) -> None:
        """Look until ended."""
        while not self._ended.wait(1.0):
            self.look()

    def look(self) -> None:
        """Read everything once."""
        groups = families(self._roots()) | {name: list(pids()) for name, pids in self._servers.items()}
        with self._lock:
            sums = {}
            for name, pids in groups.items():
                used = self._used.setdefault(name, {})
                for pid in pids:
                    used[pid] = max(used.get(pid, 0.0), cpu_s(pid))
                sizes = [rss_mib(pid) for pid in pids] or [0.0]
                sums[name] = sum(sizes)
                self.largest[name] = max(self.largest.get(name, 0.0), *sizes)
                self.together[name] = max(self.together.get(name, 0.0), sums[name])
            self.history.append((time.monotonic(), sums))

    def mark(self) -> None:
        """What was used before counts no more."""
        self.look()
        with self._lock:
            self._base = {name: dict(used) for name, used in self._used.items()}

    def used_s(self) -> dict[str, float]:
        """CPU seconds by name since the mark; a process that came later counts whole."""
        self.look()
        with self._lock:
            return {
                name: sum(now - self._base.get(name, {}).get(pid, 0.0) for pid, now in used.items())
                for name, used in self._used.items()
            }

    def end(self) -> None:
        """Stop looking."""
        self._ended.set()
        self.join(5)


def _stat(pid: int) -> list[str]:
    """The fields of /proc/PID/stat after the name; empty when the process is gone."""
    try:
        with open(f"/proc/{pid}/stat") as file:  # noqa: PTH123  # asked some hundred times a second
            return file.read().rpartition(")")[2].split()
    except OSError:
        return []
