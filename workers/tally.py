"""Counts of all processes of one host: each writes a file of its own, and whoever is asked tells the sum.

Prometheus' own files for several processes are used (one entry a metric and label set, in shared memory), written
directly: a fork must leave no child with a lock that nobody holds any more, and a whole batch is counted at once.
Files of processes that have ended are added up into one, so that no count ever falls and no folder fills.
"""

from __future__ import annotations

import fcntl
import json
import os
import re
import shutil
import socket
import struct
import threading
import time
from bisect import bisect_left
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path

import structlog
from prometheus_client import CollectorRegistry, Metric, generate_latest
from prometheus_client.mmap_dict import MmapedDict, mmap_key
from prometheus_client.multiprocess import MultiProcessCollector
from prometheus_client.registry import Collector
from prometheus_client.utils import floatToGoString

from dispatcher.measures import Kind, Measure

log = structlog.get_logger("meters")

ROOM = {Kind.COUNTER: 1 << 17, Kind.HISTOGRAM: 1 << 19}
"""Bytes of a file, taken from the disk at once: a write into memory that no disk backs would kill the process."""
GONE = "gone"
FORGOTTEN_S = 2 * 86_400.0
"""Another host's folder that nobody has written to for so long is removed: its host has a new name."""
INFINITE = float("inf")


class Tally(Collector):
    """The counts of this process, and those of all on this host. Counting never raises and never waits for a disk."""

    def __init__(self, home: Path) -> None:
        self._folder = home / "metrics" / re.sub(r"[^\w.-]", "_", socket.gethostname())[:64]
        self._anew()
        os.register_at_fork(after_in_child=self._anew)

    def _anew(self) -> None:
        """A child begins its own files, with a lock that is surely free."""
        self._lock = threading.Lock()
        self._files: dict[Kind, MmapedDict] = {}
        self._values: dict[tuple[Kind, str], float] = {}
        self._keys: dict[tuple[str, tuple[str, ...]], list[str]] = {}
        self._broken = False

    # -- counting -----------------------------------------------------------------------------------------------

    def add(self, measure: Measure, labels: tuple[str, ...] = (), amount: float = 1) -> None:
        """Count up."""
        with self._lock:
            for key in self._keys_of(measure, labels):
                self._up(measure.kind, key, amount)

    def observe(self, measure: Measure, labels: tuple[str, ...], values: Iterable[float]) -> None:
        """Sort values into a histogram's buckets, as many as there are."""
        found: dict[int, int] = {}
        total = 0.0
        for value in values:
            place = bisect_left(measure.buckets, value)
            found[place] = found.get(place, 0) + 1
            total += value
        with self._lock:
            *buckets, total_key = self._keys_of(measure, labels)
            for place, many in found.items():
                self._up(measure.kind, buckets[place], many)
            self._up(measure.kind, total_key, total)

    def _up(self, kind: Kind, key: str, amount: float) -> None:
        file = self._file(kind)
        if file is not None:
            value = self._values[kind, key] = self._values.get((kind, key), 0.0) + amount
            file.write_value(key, value, 0.0)

    def _keys_of(self, measure: Measure, labels: tuple[str, ...]) -> list[str]:
        """The entries of one metric with these labels; a histogram's buckets and then its sum."""
        known = self._keys.get((measure.name, labels))
        if known is not None:
            return known
        file = self._file(measure.kind)
        made = list(_keys(measure, labels))
        self._keys[measure.name, labels] = made
        if file is not None:
            for key in made:  # a process that had our id may have left a value: go on from it
                self._values[measure.kind, key] = file.read_value(key)[0]
        return made

    def _file(self, kind: Kind) -> MmapedDict | None:
        if kind not in self._files and not self._broken:
            try:
                self._files[kind] = self._open(kind)
            except (OSError, RuntimeError, ValueError) as fault:  # a full disk: work goes on, uncounted
                self._broken = True
                log.warning("not_counted", fault=type(fault).__name__)
        return self._files.get(kind)

    def _open(self, kind: Kind) -> MmapedDict:
        self._folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        path = self._folder / f"{kind.value}_{os.getpid()}.db"
        with self._folder_lock(fcntl.LOCK_SH):
            return _opened(path, ROOM[kind])

    # -- telling ------------------------------------------------------------------------------------------------

    def text(self) -> bytes:
        """The counts of all processes of this host, as Prometheus reads them."""
        return generate_latest(self.registry())

    def registry(self) -> CollectorRegistry:
        """What a server of metrics asks."""
        registry = CollectorRegistry(auto_describe=False)
        registry.register(self)
        return registry

    def collect(self) -> Iterable[Metric]:
        """The sums; a file that cannot be read is left out."""
        with self._folder_lock(fcntl.LOCK_SH):
            files = [str(path) for path in self._folder.glob("*.db") if _readable(path)]
            return list(MultiProcessCollector.merge(files))

    # -- tidying ------------------------------------------------------------------------------------------------

    def tidy(self) -> None:
        """Add up the files of processes that have ended, and remove the folders of hosts that are no more."""
        with self._folder_lock(fcntl.LOCK_EX):
            for kind in ROOM:
                ended = [path for path in self._folder.glob(f"{kind.value}_*.db") if _ended(path)]
                if ended:
                    self._add_up(kind, ended)
        for folder in self._folder.parent.iterdir():
            newest = max((path.stat().st_mtime for path in folder.glob("*")), default=folder.stat().st_mtime)
            if folder != self._folder and time.time() - newest > FORGOTTEN_S:
                shutil.rmtree(folder, ignore_errors=True)

    def _add_up(self, kind: Kind, ended: list[Path]) -> None:
        path = self._folder / f"{kind.value}_{GONE}.db"
        if path.exists() and not _readable(path):
            path.unlink()
        sums = _opened(path, ROOM[kind])
        try:
            for one in ended:
                if _readable(one):
                    for key, value, _, _ in MmapedDict.read_all_values_from_file(str(one)):
                        sums.write_value(key, sums.read_value(key)[0] + value, 0.0)
                one.unlink()
        finally:
            sums.close()

    @contextmanager
    def _folder_lock(self, how: int) -> Iterator[None]:
        """Nobody reads while ended processes are added up: a sum would be told twice."""
        self._folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        with (self._folder / "lock").open("w") as lock:
            fcntl.flock(lock, how)
            yield


def _keys(measure: Measure, labels: tuple[str, ...]) -> Iterator[str]:
    name, names, values, says = measure.name, list(measure.labels), list(labels), measure.says
    if measure.kind is Kind.COUNTER:
        yield mmap_key(name, f"{name}_total", names, values, says)
        return
    for bound in (*measure.buckets, INFINITE):
        yield mmap_key(name, f"{name}_bucket", [*names, "le"], [*values, floatToGoString(bound)], says)
    yield mmap_key(name, f"{name}_sum", names, values, says)


def _opened(path: Path, room: int) -> MmapedDict:
    """A file with all the room it may need. Raises: OSError: the disk is full."""
    with path.open("ab") as file:
        os.posix_fallocate(file.fileno(), 0, room)
    return MmapedDict(str(path))


def _readable(path: Path) -> bool:
    """Whether a file is whole; a process that was killed at a bad moment may leave one that is not."""
    try:
        for key, _, _, _ in MmapedDict.read_all_values_from_file(str(path)):
            json.loads(key)
    except (OSError, RuntimeError, ValueError, struct.error) as fault:
        log.warning("counts_unreadable", fault=type(fault).__name__)
        return False
    return True


def _ended(path: Path) -> bool:
    """Whether the process whose file this is runs no more."""
    pid = path.stem.partition("_")[2]
    if not pid.isdigit():
        return False
    try:
        os.kill(int(pid), 0)
    except ProcessLookupError:
        return True
    except PermissionError:
        return False
    return False
