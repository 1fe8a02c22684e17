"""All of it on this machine: the processes of a deployment, started, watched, started again, stopped."""

from __future__ import annotations

import fcntl
import os
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO

import httpx

from config.settings import Settings
from workers.lifeline import PARENT

STOP_WITHIN_S = 50.0
START_WITHIN_S = 60.0
LOCK = "supervisor.lock"
PAUSES_S = (0.2, 1.0, 3.0, 10.0)


class CannotStart(Exception):
    """The deployment cannot be started here; the message says why and what to do."""


@dataclass(slots=True)
class Child:
    """One process: what it runs, where it logs, how often it had to be started again."""

    name: str
    command: Sequence[str]
    env: Mapping[str, str] = field(repr=False)
    log: Path
    process: subprocess.Popen[bytes] | None = None
    starts: int = 0
    started_at: float = 0.0

    def start(self) -> None:
        with self.log.open("ab") as out:
            self.process = subprocess.Popen(
                self.command,
                env=dict(self.env),
                stdin=subprocess.DEVNULL,
                stdout=out,
                stderr=subprocess.STDOUT,
                start_new_session=True,  # Ctrl-C is for the supervisor, which stops its children in order
            )
        self.starts += 1
        self.started_at = time.monotonic()

    @property
    def running(self) -> bool:
        return self.process is not None and self.process.poll() is None


class House:
    """The processes of one deployment; one supervisor a home."""

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self.children: list[Child] = []
        self._lock: IO[str] | None = None
        self._stopping = threading.Event()
        self._watcher = threading.Thread(target=self._watch, name="watch", daemon=True)

    def start(self, parts: Mapping[str, Sequence[str]], environment: Callable[[], Mapping[str, str]]) -> None:
        """Start every part (a name and the arguments after `quanzu`) and wait until web and simulator answer.

        `environment` is made once this home is ours: it may change what another supervisor's parts rely on.
        Raises: CannotStart: another supervisor has this home, a port is taken, or a part ends at once.
        """
        self._take_home()
        self._check_ports()
        env = environment()
        logs = self.settings.home.resolve() / "logs"
        for name, arguments in parts.items():
            command = [sys.executable, "-m", "cli", *arguments]
            child = Child(name, command, {**env, PARENT: str(os.getpid())}, logs / f"{name}.log")
            child.start()
            self.children.append(child)
        try:
            self._wait_until(f"{self.settings.simulator_base}/healthz")
            self._wait_until(f"{self.settings.web_url}/healthz")
        except CannotStart:
            self.stop()
            raise
        self._watcher.start()

    def stop(self, say: Callable[[str], None] | None = None) -> None:
        """SIGTERM, wait, and only then SIGKILL. What was in flight and not finished comes back by its lease."""
        self._stopping.set()
        if self._watcher.is_alive():
            self._watcher.join()  # it may be starting one again, which would be left behind
        for child in self.children:
            if child.running and child.process is not None:
                child.process.send_signal(signal.SIGTERM)
        until = time.monotonic() + STOP_WITHIN_S
        for child in self.children:
            if child.process is None:
                continue
            try:
                child.process.wait(max(0.1, until - time.monotonic()))
            except subprocess.TimeoutExpired:
                if say:
                    say(f"{child.name} did not stop in time and is ended")
                child.process.kill()
                child.process.wait()
        if self._lock is not None:
            self._lock.close()

    def _watch(self) -> None:
        while not self._stopping.wait(0.2):
            for child in self.children:
                pause = PAUSES_S[min(child.starts - 1, len(PAUSES_S) - 1)]
                if time.monotonic() - child.started_at > 60:
                    child.starts = 1
                if not child.running and time.monotonic() - child.started_at > pause and not self._stopping.is_set():
                    self._start_again(child)

    def _start_again(self, child: Child) -> None:
        """A machine that cannot start one now (no memory, no files) is asked again after a pause."""
        try:
            child.start()
        except OSError:
            child.starts += 1
            child.started_at = time.monotonic()

    def _take_home(self) -> None:
        self._lock = take_lock(self.settings.home.resolve())

    def _check_ports(self) -> None:
        wanted = (
            ("QUANZU_PORT", self.settings.host, self.settings.port),
            ("QUANZU_SIMULATOR_PORT", self.settings.simulator_host, self.settings.simulator_port),
        )
        for name, host, port in wanted:
            with socket.socket() as probe:
                probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
                try:
                    probe.bind((host, port))
                except OSError as fault:
                    raise CannotStart(f"port {port} is taken; choose another by {name}") from fault

    def _wait_until(self, url: str) -> None:
        until = time.monotonic() + START_WITHIN_S
        while time.monotonic() < until:
            for child in self.children:
                if not child.running:
                    tail = child.log.read_text("utf-8", "replace")[-500:]
                    raise CannotStart(f"{child.name} ended at once; its log ends with:\n{tail}")
            try:
                if httpx.get(url, timeout=1.0).is_success:
                    return
            except httpx.HTTPError:
                time.sleep(0.1)
        raise CannotStart(f"nothing answers at {url} within {START_WITHIN_S:.0f} s; see the logs folder")


def take_lock(home: Path) -> IO[str]:
    """The lock of a home, held until it is closed. Raises: CannotStart: somebody else holds it."""
    lock = (home / LOCK).open("w")
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as fault:
        lock.close()
        raise CannotStart("another `quanzu up` or `quanzu run` is at work in this home; stop it first") from fault
    return lock


@contextmanager
def locked(home: Path) -> Iterator[None]:
    """The lock of a home for a while. Raises: CannotStart."""
    with take_lock(home):
        yield


def free_port() -> int:
    """A port of this machine that nobody listens at."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
