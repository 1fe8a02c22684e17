"""Processes of a measurement: started with a log of their own, waited for, ended by their ids."""

from __future__ import annotations

import os
import secrets
import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx
from kombu import Connection

from bench.processes import families
from cli.supervise import free_port

PACE = "5..30"
"""Milliseconds that the simulated carrier takes to answer: the same for every design."""
POSTS = 64
"""Callbacks that the carrier has out at once: enough that its own patience is not what is measured."""
STOP_WITHIN_S = 40.0


@contextmanager
def started(name: str, command: Sequence[str], env: Mapping[str, str], folder: Path) -> Iterator[int]:
    """`python -m COMMAND…` until the end of the block; its process id. What it started is ended with it."""
    with (folder / f"{name}.log").open("ab") as log:
        process = subprocess.Popen(  # noqa: S603  # our own commands
            [sys.executable, "-m", *command],
            env={**os.environ, **env},
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
    try:
        yield process.pid
    finally:
        family = families({name: process.pid})[name]
        process.send_signal(signal.SIGTERM)
        try:
            process.wait(STOP_WITHIN_S)
        except subprocess.TimeoutExpired:
            for pid in family:
                _kill(pid)
            process.wait()


def answers(url: str, folder: Path, *, within_s: float = 60.0) -> None:
    """Wait until something healthy answers there. Raises: RuntimeError: nothing does; says where the logs are."""
    until = time.monotonic() + within_s
    while time.monotonic() < until:
        try:
            if httpx.get(url, timeout=1.0).is_success:
                return
        except httpx.HTTPError:
            time.sleep(0.1)
    raise RuntimeError(f"nothing answers within {within_s:.0f} s; the logs end with:\n{last_words(folder)}")


def consumed(broker: str, queues: Sequence[str], folder: Path, *, within_s: float = 90.0) -> None:
    """Wait until every queue is there and somebody takes from it. Raises: RuntimeError: nobody does."""
    until = time.monotonic() + within_s
    for name in queues:
        while not _has_consumer(broker, name):
            if time.monotonic() > until:
                raise RuntimeError(f"nobody takes from {name}; the logs end with:\n{last_words(folder)}")
            time.sleep(0.2)


def _has_consumer(broker: str, queue: str) -> bool:
    with Connection(broker) as connection:
        try:
            channel: Any = connection.default_channel  # the stubs do not know what it can do
            return bool(channel.queue_declare(queue, passive=True).consumer_count)
        except connection.channel_errors:
            return False


def last_words(folder: Path) -> str:
    """How each log of a measurement ends."""
    return "\n".join(
        f"{log.name}: {log.read_text('utf-8', 'replace')[-1500:]}" for log in sorted(folder.rglob("*.log"))
    )


class Town:
    """A simulated carrier that listens: where, with which secret, and where it keeps its ledger."""

    def __init__(self, pid: int, url: str, secret: str, ledger: Path) -> None:
        self.pid, self.url, self.secret, self.ledger = pid, url, secret, ledger


@contextmanager
def town(folder: Path, *, news_most: int) -> Iterator[Town]:
    """A carrier without faults that answers within `PACE` and tells at most `news_most` pieces of news in a POST."""
    port, secret, ledger = free_port(), secrets.token_hex(16), folder / "ledger.jsonl"
    command = ["simulator", "--port", str(port), "--faults", "none", "--no-digits", "--answer-ms", PACE]
    command += ["--news-most", str(news_most), "--news-posts", str(POSTS), "--ledger", str(ledger)]
    with started("simulator", command, {"QUANZU_SIMULATOR_SECRET": secret}, folder) as pid:
        answers(f"http://127.0.0.1:{port}/healthz", folder)
        yield Town(pid, f"http://127.0.0.1:{port}", secret, ledger)


def _kill(pid: int) -> None:
    try:
        os.kill(pid, signal.SIGKILL)
    except ProcessLookupError:
        return
