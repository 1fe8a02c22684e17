"""Upstreams publish with scripts of their own, exactly as the page prints them, and are answered by real workers."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
from brokers import ServedHome, messages
from deployment import ROOT, until

EXAMPLES = ROOT / "docs" / "examples"
PAGE = ROOT / "docs" / "how-to" / "submit-alerts.md"
BLOCK = re.compile(r"^```python\n(?P<code>.*?)^```", re.DOTALL | re.MULTILINE)
LEVELS = ("L1", "L2", "L3", "L4")


def printed(name: str) -> str:
    """The script, which is what the page prints, and which imports nothing of ours."""
    code = (EXAMPLES / name).read_text("utf-8")
    imported = set(re.findall(r"^(?:import|from) (\w+)", code, re.MULTILINE))
    assert imported <= sys.stdlib_module_names | {"pika", "kombu", "celery"}
    shown = [block["code"] for block in BLOCK.finditer(PAGE.read_text("utf-8"))]
    assert any(block == code for block in shown), f"{name}: the page prints something else"
    return code


def alerts(folder: Path, source: str, *, wrong: bool = False) -> Path:
    """A file of eight alerts of one source, two of each level; the last has no phone if `wrong`."""
    lines = [
        {
            "source": source,
            "source_ref": f"{source}-{number}",
            "risk": LEVELS[number % 4],
            "fraud_type": "fake_loan",
            "victim": {"phone": f"1380000{number:02d}20"},
        }
        for number in range(8)
    ]
    if wrong:
        lines[-1]["victim"] = {}
    path = folder / f"{source}.jsonl"
    path.write_text("".join(json.dumps(line) + "\n" for line in lines))
    return path


def begin(home: ServedHome, folder: Path, name: str, *arguments: str, **more: str) -> subprocess.Popen[str]:
    """Start a script of the page in a folder where nothing of ours can be imported."""
    script = folder / name
    script.write_text(printed(name))
    clean = {key: value for key, value in os.environ.items() if not key.startswith(("QUANZU_", "PYTHONPATH"))}
    return subprocess.Popen(
        [sys.executable, "-I", str(script), *arguments],
        cwd=folder,
        env=clean | {"AMQP_URL": home.env["QUANZU_BROKER_URL"]} | more,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def workers(home: ServedHome) -> None:
    """Intake, and the urgent lane, which takes its own alerts."""
    assert home.quanzu("migrate").returncode == 0, home.printed.decode()
    home.begin("worker", "--lane", "intake")
    home.begin("worker", "--lane", "urgent")


@pytest.mark.parametrize("name", ["publish_pika.py", "publish_kombu.py"])
def test_a_script_publishes_and_hears_of_every_alert(rabbit_home: ServedHome, tmp_path: Path, name: str) -> None:
    """A bank's script sends eight alerts, one of them without a phone: seven are accepted, one refused, and it knows.

    It was started before any worker, so that it found no exchange at first; and the same file again is harmless.
    """
    folder = tmp_path / "upstream"
    folder.mkdir()
    file = alerts(folder, "bank", wrong=True)
    script = begin(rabbit_home, folder, name, str(file))
    workers(rabbit_home)
    said, complained = script.communicate(timeout=250)
    answers = dict(line.split() for line in said.splitlines())
    assert script.returncode == 1, complained
    assert answers == {f"bank-{number}": "accepted" for number in range(7)} | {"bank-7": "refused"}
    assert rabbit_home.count("SELECT count(*) FROM alerts") == 7
    again = begin(rabbit_home, folder, name, str(file))
    said, complained = again.communicate(timeout=250)
    answers = dict(line.split() for line in said.splitlines())
    assert answers == {f"bank-{number}": "repeated" for number in range(7)} | {"bank-7": "refused"}, complained
    assert rabbit_home.count("SELECT count(*) FROM alerts") == 7


@pytest.mark.parametrize("name", ["publish_pika.py", "publish_kombu.py"])
def test_what_has_no_answer_is_sent_again(rabbit_home: ServedHome, tmp_path: Path, name: str) -> None:
    """Nobody takes alerts for a while: the bank's script sends again what is unanswered, and each is accepted once."""
    folder = tmp_path / "upstream"
    folder.mkdir()
    file = alerts(folder, "bank")
    workers(rabbit_home)
    until("the workers have made the queues", lambda: declared(rabbit_home))
    for worker in rabbit_home.running:
        worker.terminate()
        worker.wait(60)
    script = begin(rabbit_home, folder, name, str(file), ANSWER_WITHIN_S="2")
    until("some were sent twice", lambda: waiting(rabbit_home) > 8)
    workers(rabbit_home)
    said, complained = script.communicate(timeout=250)
    assert script.returncode == 0, complained
    assert {line.split()[0] for line in said.splitlines()} == {f"bank-{number}" for number in range(8)}
    assert rabbit_home.count("SELECT count(*) FROM alerts") == 8


def test_an_upstream_that_has_celery_hands_over_a_task(rabbit_home: ServedHome, tmp_path: Path) -> None:
    """A telecom's Celery sends the task with eight alerts; it declares nothing, and all are accepted."""
    folder = tmp_path / "upstream"
    folder.mkdir()
    file = alerts(folder, "telecom_cmcc")
    workers(rabbit_home)
    until("the workers have made the queues", lambda: declared(rabbit_home))
    script = begin(rabbit_home, folder, "publish_celery.py", str(file))
    _, complained = script.communicate(timeout=120)
    assert script.returncode == 0, complained
    until("eight alerts", lambda: rabbit_home.count("SELECT count(*) FROM alerts") == 8)


def declared(home: ServedHome) -> bool:
    """Whether the queues of alerts are there."""
    return {"alerts.urgent", "alerts.routine", "alerts.submit"} <= set(messages(home.env["QUANZU_BROKER_URL"]))


def waiting(home: ServedHome) -> int:
    """How many alerts the queues hold."""
    told = messages(home.env["QUANZU_BROKER_URL"])
    return told.get("alerts.urgent", 0) + told.get("alerts.routine", 0)
