"""The processes of the deployment under test: started, hurt, started again. The kills are ours to give."""

from __future__ import annotations

import os
import signal
import subprocess
import threading
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from .guard import Guard, kill_group

AGAIN_S = 0.5
"""A process that ended is started again after this."""
LOOK_S = 0.05
STOPS_WITHIN_S = 45.0
"""A process that was told to stop and has not by then is ended, and that is a fault."""


@dataclass(slots=True)
class Part:
    """One process of the deployment: what runs it, and what became of it."""

    name: str
    command: Sequence[str]
    process: subprocess.Popen[bytes] | None = None
    starts: int = 0
    ended_at: float | None = None
    told_at: float | None = None
    groups: list[int] = field(default_factory=list)

    @property
    def pid(self) -> int:
        """Its process's id; of the last one while it is away."""
        assert self.process is not None, f"{self.name} was not started"
        return self.process.pid

    @property
    def runs(self) -> bool:
        """Whether it lives."""
        return self.process is not None and self.process.poll() is None


class House:
    """All parts, and a thread that starts again whatever ended. A context manager: at its end all have ended."""

    def __init__(self, parts: Mapping[str, Sequence[str]], env: Mapping[str, str], logs: Path, guard: Guard) -> None:
        self.parts = {name: Part(name, command) for name, command in parts.items()}
        self.stubborn: list[str] = []
        self._env, self._logs, self._guard = dict(env), logs, guard
        self._lock = threading.RLock()
        self._stopping = threading.Event()
        self._watcher = threading.Thread(target=self._watch, name="watch", daemon=True)

    @property
    def restarts(self) -> int:
        """How often a part was started again."""
        return sum(max(0, part.starts - 1) for part in self.parts.values())

    def __enter__(self) -> House:
        for part in self.parts.values():
            self._start(part)
        self._watcher.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stopping.set()
        self._watcher.join(5)
        for part in self.parts.values():
            if part.runs:
                os.kill(part.pid, signal.SIGCONT)
                os.kill(part.pid, signal.SIGTERM)
        until = time.monotonic() + STOPS_WITHIN_S
        for part in self.parts.values():
            if part.process is None:
                continue
            try:
                part.process.wait(max(0.1, until - time.monotonic()))
            except subprocess.TimeoutExpired:
                self.stubborn.append(f"{part.name} did not stop within {STOPS_WITHIN_S:.0f} s of SIGTERM")
            for group in part.groups:
                if members(group):  # also children that outlived a killed parent
                    kill_group(group)
            part.process.wait()

    def family(self, name: str) -> list[int]:
        """A part's process and its children."""
        part = self.parts[name]
        return [part.pid, *children(part.pid)] if part.runs else []

    def strike(self, name: str, number: signal.Signals, *, whole: bool = False) -> tuple[int, list[int]]:
        """Send a signal to a part, or to its children too. Returns its id, and whose work that touches."""
        with self._lock:
            part, family = self.parts[name], self.family(name)
            if not family:
                return 0, []
            if number is signal.SIGTERM:
                part.told_at = time.monotonic()
            os.killpg(part.pid, number) if whole else os.kill(part.pid, number)
            return part.pid, family

    def strike_child(self, name: str, number: signal.Signals, nth: int) -> tuple[int, list[int]]:
        """Send a signal to one of a part's children; to itself where it has none. Returns as `strike`."""
        with self._lock:
            family = self.family(name)
            if len(family) < 2:
                return self.strike(name, number)
            child = family[1 + nth % (len(family) - 1)]
            try:
                os.kill(child, number)
            except ProcessLookupError:
                return 0, []
            return child, [child]

    def freeze(self, name: str, *, thaw: bool = False) -> list[int]:
        """Stop a part and its children where they stand, or let them go on. Returns whose work that touches."""
        family = self.family(name)
        for pid in family:
            try:
                os.kill(pid, signal.SIGCONT if thaw else signal.SIGSTOP)
            except ProcessLookupError:
                continue
        return family

    def await_successor(self, name: str, pid: int, within_s: float = 120.0) -> float:
        """The instant at which a part runs again under another id than this. Raises: TimeoutError."""
        until = time.monotonic() + within_s
        while time.monotonic() < until:
            part = self.parts[name]
            if part.pid != pid and part.runs:
                return time.monotonic()
            time.sleep(LOOK_S)
        raise TimeoutError(f"{name} was not started again within {within_s:.0f} s")

    def _start(self, part: Part) -> None:
        with (self._logs / f"{part.name}.log").open("ab") as out:
            part.process = subprocess.Popen(
                part.command,
                env=self._env,
                stdin=subprocess.DEVNULL,
                stdout=out,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
        part.starts += 1
        part.ended_at = part.told_at = None
        part.groups.append(part.pid)
        self._guard.watch(f"{part.name}-{part.starts}", part.pid)

    def _watch(self) -> None:
        while not self._stopping.wait(LOOK_S):
            for part in self.parts.values():
                with self._lock:
                    self._look_after(part)

    def _look_after(self, part: Part) -> None:
        now = time.monotonic()
        if part.runs:
            if part.told_at is not None and now - part.told_at > STOPS_WITHIN_S:
                self.stubborn.append(f"{part.name} did not stop within {STOPS_WITHIN_S:.0f} s of SIGTERM")
                kill_group(part.pid)
        elif part.ended_at is None:
            part.ended_at = now
        elif now - part.ended_at > AGAIN_S:
            self._start(part)


def children(pid: int) -> list[int]:
    """The processes that this one started and that still run."""
    return sorted(found for found, parent, _ in processes() if parent == pid)


def members(group: int) -> list[int]:
    """The processes of a group that still run."""
    return sorted(found for found, _, of in processes() if of == group)


def processes() -> list[tuple[int, int, int]]:
    """(id, parent, group) of every process of this machine that is no zombie."""
    found = []
    for stat in Path("/proc").glob("[0-9]*/stat"):
        try:
            state, parent, group, *_ = stat.read_text().rpartition(")")[2].split()
        except OSError:
            continue  # it ended while we looked
        if state != "Z":
            found.append((int(stat.parent.name), int(parent), int(group)))
    return found
