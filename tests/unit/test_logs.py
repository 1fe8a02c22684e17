"""Logs are one JSON object a line, and name no person even when something breaks."""

from __future__ import annotations

import json
import logging
import os
import subprocess
import sys
import threading
from collections.abc import Callable
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
PHONE = "13812345678"

BEGIN = "import logging, structlog\nfrom cli.logs import set_up_logs\nset_up_logs()\nset_up_logs()\n"
LATIN = {"PYTHONIOENCODING": "utf-8", "QUANZU_HOME": "/nonexistent"}


def logged(script: str, *, code: int = 0) -> list[dict[str, object]]:
    """What a process that runs this wrote to its log, line by line."""
    done = subprocess.run(
        [sys.executable, "-c", BEGIN + script],
        env=os.environ | LATIN,
        cwd=ROOT,
        capture_output=True,
        timeout=60,
        check=False,
    )
    assert (done.returncode, done.stdout) == (code, b""), done.stderr.decode()
    return [json.loads(line) for line in done.stderr.decode().splitlines()]


def test_a_line_is_one_json_object() -> None:
    """A line of ours and one of a library are read by the same program: event, level, instant, and what it tells."""
    ours, theirs = logged(
        'structlog.get_logger("x").info("claimed", count=3, channel="sms")\nlogging.getLogger("kombu").warning("gone")'
    )
    assert (ours["event"], ours["level"], ours["count"], ours["channel"]) == ("claimed", "info", 3, "sms")
    assert (theirs["event"], theirs["level"]) == ("gone", "warning")
    assert all(str(line["timestamp"]).endswith("Z") for line in (ours, theirs))


BREAKS = f"""
def send(phone):
    raise ValueError("cannot send to " + phone)
try:
    send("{PHONE}")
except ValueError as fault:
    structlog.get_logger("x").warning("failed", exc_info=fault)
    logging.getLogger("celery").error("Task failed", exc_info=True)
    logging.getLogger("celery").exception("Task failed")
"""


def test_an_exception_is_told_without_its_words() -> None:
    """A fault's message repeated a phone number: the log tells kind and place of the fault, not the number."""
    lines = logged(BREAKS)
    assert [line["exception"] for line in lines] == ["ValueError in send:7"] * 3
    assert PHONE not in json.dumps(lines)


THREAD = f"""
import threading
def work():
    raise ValueError("{PHONE}")
thread = threading.Thread(target=work, name="worker")
thread.start()
thread.join()
"""


def test_a_thread_that_dies_says_no_more_either() -> None:
    """A thread of a worker died of a fault that repeated a phone number: it is logged, without the number."""
    lines = logged(THREAD)
    assert len(lines) == 1 and PHONE not in json.dumps(lines)
    assert "ValueError" in json.dumps(lines)


UNCAUGHT = f"""
def work():
    raise ValueError("{PHONE}")
try:
    work()
finally:
    logging.getLogger("x").info("ending")
"""


def test_a_process_that_dies_says_no_more_either() -> None:
    """A worker died of a fault that repeated a phone number: its log tells kind and place."""
    last = logged(UNCAUGHT, code=1)[-1]
    assert last["level"] == "critical" and last["exception"] == "ValueError in work:7"


TASK = f"""
from celery import Celery
app = Celery("x", broker="memory://")
app.conf.worker_hijack_root_logger = False
@app.task(name="alerts.submit", bind=True)
def submit(self, alerts):
    raise ValueError("cannot take {PHONE}")
from celery.app.trace import build_tracer
alerts = [{{"victim": {{"phone": "{PHONE}"}}}}]
request = {{"id": "1", "argsrepr": repr([alerts]), "is_eager": False}}
build_tracer("alerts.submit", app.tasks["alerts.submit"], app=app)("1", [alerts], {{}}, request)
logging.getLogger("celery.worker.consumer.consumer").warning(
    "Received and deleted unknown message.\\n\\nThe full contents of the message body was: %s", "{PHONE}"
)
"""


def test_a_failed_task_is_told_without_its_arguments() -> None:
    """A task with whole alerts failed, and a foreign message came: the log names the task, and repeats no alert."""
    lines = logged(TASK)
    assert PHONE not in json.dumps(lines)
    assert [line["event"] for line in lines] == [
        "Task alerts.submit raised unexpected",
        "Received and deleted unknown message.",
    ]


LOOP = f"""
import asyncio, gc
async def work():
    raise ValueError("{PHONE}")
async def main():
    task = asyncio.create_task(work())
    await asyncio.sleep(0)
    del task
    gc.collect()
asyncio.run(main())
"""


def test_a_forgotten_coroutine_says_no_more_either() -> None:
    """A coroutine failed and nobody looked: the loop's complaint is logged without what the fault said."""
    (line,) = logged(LOOP)
    assert line["event"] == "Task exception was never retrieved" and PHONE not in json.dumps(line)


def test_libraries_that_tell_urls_are_silent() -> None:
    """A carrier's address may hold a number: no library says at INFO where it sends."""
    talk = "\n".join(
        f'logging.getLogger("{name}").info("GET http://carrier/{PHONE}")'
        for name in ("httpx", "httpcore.http11", "aiohttp.access", "uvicorn.access", "sqlalchemy.engine.Engine")
    )
    assert logged(talk) == []


@pytest.mark.parametrize("level", ["DEBUG", "WARNING"])
def test_the_level_is_the_operators(
    level: str, capsys: pytest.CaptureFixture[str], restored: Callable[[], None]
) -> None:
    """An operator chose a level: what lies below is not written."""
    from cli.logs import set_up_logs

    set_up_logs(level)
    logging.getLogger("quanzu").info("small")
    assert ("small" in capsys.readouterr().err) is (level == "DEBUG")


@pytest.fixture
def restored() -> object:
    """The process's own logging, put back."""
    root = logging.getLogger()
    handlers, level, hooks = list(root.handlers), root.level, (sys.excepthook, threading.excepthook)
    yield
    sys.excepthook, threading.excepthook = hooks
    root.handlers[:] = handlers
    root.setLevel(level)
