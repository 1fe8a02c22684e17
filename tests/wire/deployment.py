"""Deployments of a test's own: real processes in a temporary home, on free ports, ended by their ids."""

from __future__ import annotations

import json
import os
import signal
import socket
import sqlite3
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).resolve().parents[2]
PATIENCE_S = 150.0
"""How long anything is waited for: generous, since the machine is shared."""


def free_port() -> int:
    """A port of this machine that nobody listens at."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def until(what: str, holds: Callable[[], Any], *, within_s: float = PATIENCE_S, every_s: float = 0.1) -> Any:
    """What `holds` returns, once it is true; fails with `what` when it never is."""
    give_up = time.monotonic() + within_s
    while not (found := holds()):
        if time.monotonic() > give_up:
            pytest.fail(f"not within {within_s:.0f} s: {what}")
        time.sleep(every_s)
    return found


class Home:
    """One QUANZU_HOME, the command on it, and what its tables say."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.home = folder / "home"
        self.printed = b""
        self.running: list[subprocess.Popen[bytes]] = []
        clean = {name: value for name, value in os.environ.items() if not name.startswith("QUANZU_")}
        self.env = clean | {"QUANZU_HOME": str(self.home), "PYTHONPATH": str(ROOT), "COLUMNS": "200"}

    def quanzu(self, *words: str, given: bytes | None = None, **more: str) -> subprocess.CompletedProcess[bytes]:
        """Run the command to its end; what it printed is kept in `printed` too."""
        command = [sys.executable, "-m", "cli", *words]
        env = self.env | more
        done = subprocess.run(command, env=env, input=given, capture_output=True, timeout=280, check=False)
        self.printed += done.stdout + done.stderr
        return done

    def begin(self, *words: str, **more: str) -> subprocess.Popen[bytes]:
        """Start the command; what it prints goes to a file beside the home."""
        with (self.folder / f"{words[0]}.out").open("ab") as out:
            process = subprocess.Popen(
                [sys.executable, "-m", "cli", *words],
                env=self.env | more,
                stdin=subprocess.DEVNULL,
                stdout=out,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
        self.running.append(process)
        return process

    def up(self, *words: str, **more: str) -> subprocess.Popen[bytes]:
        """`quanzu up` on free ports, once it says that it is up."""
        ports = {"QUANZU_PORT": str(free_port()), "QUANZU_SIMULATOR_PORT": str(free_port())}
        self.env |= ports
        process = self.begin("up", *words, **more)
        until("quanzu up says that it is up", lambda: b"up at http" in self.told("up") or process.poll() is not None)
        assert process.poll() is None, self.told("up").decode()
        return process

    def told(self, verb: str) -> bytes:
        """What a command that was begun has printed so far."""
        path = self.folder / f"{verb}.out"
        return path.read_bytes() if path.exists() else b""

    def ask(self, sql: str, *values: object) -> list[tuple[Any, ...]]:
        """Rows of the database, read beside the engine."""
        connection = sqlite3.connect(f"file:{self.home / 'quanzu.sqlite'}?mode=ro", uri=True, timeout=30)
        try:
            return connection.execute(sql, values).fetchall()
        finally:
            connection.close()

    def count(self, sql: str, *values: object) -> int:
        """The one number that a query gives; 0 where there are no tables yet."""
        try:
            return int(self.ask(sql, *values)[0][0])
        except sqlite3.OperationalError:
            return 0

    def stats(self) -> dict[str, Any]:
        """`quanzu stats --json`."""
        told: dict[str, Any] = json.loads(self.quanzu("stats", "--json").stdout)
        return told

    def sample(self, alerts: int, *, seed: int = 5, malformed: int = 0) -> Path:
        """A file of made-up alerts."""
        made = self.quanzu("sample", "--alerts", str(alerts), "--seed", str(seed), "--malformed", str(malformed))
        path = self.folder / f"sample-{seed}.jsonl"
        path.write_bytes(made.stdout)
        self.printed = b""
        return path

    def end(self) -> None:
        """Stop what was begun here: in order first, and what does not listen by SIGKILL."""
        for process in self.running:
            if process.poll() is None:
                process.send_signal(signal.SIGTERM)
        for process in self.running:
            try:
                process.wait(40)
            except subprocess.TimeoutExpired:
                for pid in children(process.pid):
                    os.kill(pid, signal.SIGKILL)
                process.kill()
                process.wait()


def children(pid: int) -> list[int]:
    """The processes that this one started and that still run."""
    found = []
    for stat in Path("/proc").glob("[0-9]*/stat"):
        try:
            after_name = stat.read_text().rpartition(")")[2].split()
        except OSError:
            continue
        if after_name[0] != "Z" and int(after_name[1]) == pid:
            found.append(int(stat.parent.name))
    return sorted(found)


def workers(pid: int) -> list[int]:
    """The worker processes of a supervisor."""
    found = []
    for child in children(pid):
        try:
            words = Path(f"/proc/{child}/cmdline").read_bytes().split(b"\0")
        except OSError:
            continue
        if b"worker" in words:
            found.append(child)
    return found
