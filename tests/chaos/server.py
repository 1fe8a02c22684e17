"""One server of our own: started, stopped in order or not, killed, wiped, started again at the same address."""

from __future__ import annotations

import os
import shutil
import signal
import socket
import subprocess
import time
from collections.abc import Callable
from pathlib import Path
from types import TracebackType
from typing import IO, ClassVar, Literal, Self

from .guard import Guard, kill_group

START_WITHIN_S = 120.0
STOP_WITHIN_S = 60.0
TOOL_WITHIN_S = 120.0
LOOK_AGAIN_S = 0.1

Mode = Literal["fast", "immediate"]


class ServerMissing(Exception):
    """A server's program is not installed; the message says in one line which, and where it was looked for."""


class ServerFailed(Exception):
    """A server of our own did not start or stop in its time; the message ends with what it said last."""


def free_port() -> int:
    """A port of this machine that nobody listens at."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def find(name: str, *patterns: str) -> Path:
    """The newest program of this name: in the folders that Debian keeps off the PATH, else on it.

    Raises: ServerMissing: neither has it.
    """
    for pattern in patterns:
        if found := sorted(Path("/").glob(pattern.lstrip("/")), key=_version):
            return found[-1]
    if on_path := shutil.which(name):
        return Path(on_path)
    raise ServerMissing(f"{name} was found neither at {', '.join(patterns)} nor on the PATH")


def _version(path: Path) -> list[int]:
    return [int(part) for part in path.parts if part.isdigit()]


class Server:
    """One server: started, stopped in order or not, killed, wiped, started again at the same address."""

    name: ClassVar[str]
    user: str | None = None
    """Who it runs as; None: as we do."""

    def __init__(self) -> None:
        self.port = free_port()
        self.guard = Guard(self.name, owner=self.user)
        self.folder = self.guard.folder
        self.data = self.folder / "data"
        self.env: dict[str, str] = {name: os.environ[name] for name in ("PATH", "LANG", "TZ") if name in os.environ}
        self._process: subprocess.Popen[bytes] | None = None

    def prepare(self) -> None:
        """Make empty data where there is none."""
        raise NotImplementedError

    def command(self) -> list[str]:
        """What is run; it must become the server itself, so that its id is the server's."""
        raise NotImplementedError

    def answers(self) -> bool:
        """Whether a client is served."""
        raise NotImplementedError

    @property
    def running(self) -> bool:
        """Whether its process lives."""
        return self._process is not None and self._process.poll() is None

    @property
    def pid(self) -> int:
        """The id of its process."""
        assert self._process is not None, f"{self.name} was not started"
        return self._process.pid

    def start(self) -> Self:
        """Start, and return once a client is served. Raises: ServerFailed."""
        if self.running:
            return self
        self.prepare()
        give_up = time.monotonic() + START_WITHIN_S
        while not self.answers():
            # after a hard kill its last children may still hold the data for a moment: it is tried again
            if not self.running:
                self._process = self._launch(self.name, self.command())
            if time.monotonic() > give_up:
                raise ServerFailed(f"{self.name} did not start in {START_WITHIN_S:.0f} s: {self.said()}")
            time.sleep(LOOK_AGAIN_S)
        return self

    def stop(self, mode: Mode = "fast") -> None:
        """Stop: `fast` ends its connections and writes everything down; `immediate` is as good as a crash."""
        if not self.running:
            self._ended()
            return
        self._tell_to_stop(mode)
        self._await_end()

    def kill(self) -> None:
        """SIGKILL: nothing is written down any more."""
        if self.running:
            kill_group(self.pid)
        self._await_end()

    def restart(self, mode: Mode = "fast", *, down_s: float = 0.0) -> None:
        """Stop, stay away for some seconds, start."""
        self.stop(mode)
        time.sleep(down_s)
        self.start()

    def wipe(self, *, down_s: float = 0.0) -> None:
        """Stop, delete everything that it kept, start empty."""
        self.kill()
        shutil.rmtree(self.data, ignore_errors=True)
        time.sleep(down_s)
        self.start()

    def end(self) -> None:
        """Stop and delete the folder. Safe to call twice."""
        if self.running:
            kill_group(self.pid)
            self._await_end()
        self.guard.end()

    def said(self) -> str:
        """The end of what it said."""
        path = self.folder / f"{self.name}.log"
        return path.read_text("utf-8", "replace")[-1500:] if path.exists() else "nothing"

    def __enter__(self) -> Self:
        """Started; not even half a server is left behind if it fails."""
        try:
            return self.start()
        except BaseException:
            self.end()
            raise

    def __exit__(self, kind: type[BaseException] | None, fault: BaseException | None, at: TracebackType | None) -> None:
        self.end()

    def _launch(self, name: str, command: list[str]) -> subprocess.Popen[bytes]:
        with (self.folder / f"{name}.log").open("ab") as log:
            process = self._run(command, log)
        self.guard.watch(name, process.pid)
        return process

    def _run(self, command: list[str], log: IO[bytes]) -> subprocess.Popen[bytes]:
        return subprocess.Popen(
            command,
            env=self.env,
            cwd=self.folder,
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=subprocess.STDOUT,
            start_new_session=True,
            user=self.user,
            group=self.user,
            extra_groups=None if self.user is None else [],
        )

    def _tool(self, *command: str) -> str:
        """What a tool of this server says. Raises: ServerFailed: it failed."""
        done = subprocess.run(
            command,
            env=self.env,
            cwd=self.folder,
            capture_output=True,
            text=True,
            timeout=TOOL_WITHIN_S,
            check=False,
            user=self.user,
            group=self.user,
            extra_groups=None if self.user is None else [],
        )
        if done.returncode != 0:
            raise ServerFailed(f"{Path(command[0]).name} failed: {(done.stderr or done.stdout)[-1500:]}")
        return done.stdout

    def _tell_to_stop(self, mode: Mode) -> None:
        os.kill(self.pid, signal.SIGTERM if mode == "fast" else signal.SIGKILL)

    def _await_end(self) -> None:
        if self._process is not None:
            try:
                self._process.wait(STOP_WITHIN_S)
            except subprocess.TimeoutExpired:
                kill_group(self._process.pid)
                self._process.wait()
        self._ended()

    def _ended(self) -> None:
        self._process = None
        self.guard.forget(self.name)


def succeeds(tried: Callable[[], None], *faults: type[BaseException]) -> bool:
    """Whether it can be done already; that it cannot is what is waited out, and told when the waiting ends."""
    try:
        tried()
    except faults:
        return False
    return True
