"""The folder that is a broker: a real Celery worker lives on it."""

import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from celery import Celery

from workers.filequeue import register

ROOT = Path(__file__).resolve().parents[2]

APP = """
import os, time
from pathlib import Path
from celery import Celery
from workers.filequeue import register
register()
app = Celery("town", broker="filequeue://")
app.conf.update(
    broker_transport_options={"folder": os.environ["TOWN_FOLDER"], "polling_interval": 0.02, "tend_every_s": 0.3},
    task_acks_late=True, task_reject_on_worker_lost=True, task_ignore_result=True,
    worker_prefetch_multiplier=2, task_serializer="json", accept_content=["json"],
    broker_connection_retry_on_startup=True,
)

@app.task(name="greet")
def greet(n, seconds=0.0):
    time.sleep(seconds)
    with (Path(os.environ["TOWN_FOLDER"]).parent / "greeted").open("a") as book:
        book.write(f"{n}\\n")
"""


def until(what: Callable[[], object], *, within_s: float = 120) -> None:
    deadline = time.monotonic() + within_s
    while not what():
        assert time.monotonic() < deadline, "it did not come about"
        time.sleep(0.05)


class Town:
    """One folder, one application, any number of workers."""

    def __init__(self, place: Path) -> None:
        self.place, self.folder = place, place / "queue"
        self.workers: list[subprocess.Popen[bytes]] = []
        (place / "town_app.py").write_text(APP)
        register()
        self.app = Celery("town", broker="filequeue://")
        self.app.conf.update(
            broker_transport_options={"folder": str(self.folder), "polling_interval": 0.02},
            task_ignore_result=True,
        )

    def worker(self, name: str, pool: str = "threads") -> "subprocess.Popen[bytes]":
        command = [sys.executable, "-m", "celery", "-A", "town_app", "worker", "--pool", pool]
        command += ["--concurrency", "4", "--loglevel", "INFO", "--hostname", f"{name}@town"]
        log = (self.place / f"{name}.log").open("wb")
        worker = subprocess.Popen(
            command,
            cwd=ROOT,
            env={**os.environ, "TOWN_FOLDER": str(self.folder), "PYTHONPATH": f"{ROOT}:{self.place}"},
            stdout=log,
            stderr=log,
            start_new_session=True,
        )
        log.close()
        self.workers.append(worker)
        until(lambda: b" ready." in (self.place / f"{name}.log").read_bytes())
        return worker

    def ask(self, n: int, seconds: float = 0.0) -> None:
        self.app.send_task("greet", (n, seconds))

    def greeted(self) -> list[int]:
        book = self.place / "greeted"
        return [int(line) for line in book.read_text().split()] if book.exists() else []

    def end(self) -> None:
        self.app.close()
        for worker in self.workers:
            if worker.poll() is None:
                os.killpg(worker.pid, signal.SIGKILL)
            worker.wait()


@pytest.fixture
def town(tmp_path: Path) -> Iterator[Town]:
    town = Town(tmp_path)
    yield town
    town.end()


def test_worker_survives_deletion(town: Town) -> None:
    """A worker greets ten people, loses the whole folder, and greets the next ten all the same."""
    worker = town.worker("one")
    for n in range(10):
        town.ask(n)
    until(lambda: sorted(town.greeted()) == list(range(10)))
    gone = town.folder.rename(town.folder.with_name("gone"))  # at once, whatever the worker writes meanwhile
    shutil.rmtree(gone, ignore_errors=True)
    for n in range(10, 20):
        town.ask(n)
    until(lambda: sorted(town.greeted()) == list(range(20)))
    replies: Any = town.app.control.inspect(timeout=60, limit=1).ping()
    assert replies == {"one@town": {"ok": "pong"}}
    worker.terminate()
    assert worker.wait(60) == 0
    assert list(town.folder.rglob("*.msg")) == []


@pytest.mark.parametrize("pool", ["threads", "prefork"])
def test_killed_worker_loses_nothing(town: Town, pool: str) -> None:
    """A worker is killed with people in hand and more prefetched; the next worker greets every one."""
    first = town.worker("first", pool)
    for n in range(20):
        town.ask(n, 0.5)
    until(lambda: len(town.greeted()) >= 4)
    os.killpg(first.pid, signal.SIGKILL)
    first.wait()
    assert len(set(town.greeted())) < 20
    town.worker("second", pool)
    until(lambda: set(town.greeted()) == set(range(20)))


def test_stopping_worker_returns_the_rest(town: Town) -> None:
    """A worker told to stop finishes whom it is greeting and leaves the rest to the next, without doubles."""
    first = town.worker("first")
    for n in range(20):
        town.ask(n, 0.3)
    until(lambda: len(town.greeted()) >= 2)
    first.terminate()
    assert first.wait(60) == 0
    town.worker("second")
    until(lambda: len(town.greeted()) >= 20)
    assert sorted(town.greeted()) == list(range(20))
