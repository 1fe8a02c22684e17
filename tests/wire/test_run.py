"""`quanzu run` and `quanzu up` as somebody at a terminal meets them: exit codes, sentences, Ctrl-C."""

from __future__ import annotations

import json
import signal
import subprocess
import sys

import pytest
from deployment import Home, free_port, until

pytestmark = [pytest.mark.slow, pytest.mark.timeout(300), pytest.mark.xdist_group("deployments")]


def test_ctrl_c_leaves_what_the_next_run_finishes(home: Home, brisk: str) -> None:
    """Somebody stopped a run half-way and started it again: everybody was warned, and nobody a second time.

    Two alerts of the file were broken, which nobody had announced: the whole run ends with 1, and they are kept.
    """
    alerts = home.sample(200, malformed=2)
    ours = ("run", str(alerts), "--policy", brisk, "--live", "--faults", "none")
    first = home.begin(*ours, "--answer-ms", "500..1500")
    until("half of it has begun", lambda: begun(home) >= 60 or first.poll() is not None, every_s=0.02)
    first.send_signal(signal.SIGINT)
    assert first.wait(60) == 130, home.told("run").decode()
    assert b"everything accepted is kept, and the next start finishes it" in home.told("run")
    assert b"Traceback" not in home.told("run")
    unended = home.count("SELECT count(*) FROM dispatches WHERE ended_at IS NULL")
    print(f"stopped while {unended} dispatches had not ended")
    assert unended > 0

    again = home.quanzu(*ours)
    assert again.returncode == 1, again.stdout.decode() + again.stderr.decode()
    assert b"200 accepted, 2 refused (0 expected)" in again.stdout
    assert b"0 lost; 0 dispatches have not ended" in again.stdout
    assert len(json.loads(home.quanzu("dead", "list", "--json").stdout)) == 2
    assert home.count("SELECT count(*) FROM alerts") == 200
    audited = json.loads(home.quanzu("audit", "--json").stdout)
    repeats = next(line for line in audited["checks"] if line["check"] == "repeats")
    assert repeats["count"] == 0, repeats


def begun(home: Home) -> int:
    """How many dispatches were begun."""
    return home.count("SELECT count(*) FROM dispatches WHERE fence > 0")


def test_a_refused_second_start_does_not_disturb_the_first(home: Home) -> None:
    """Somebody started a second `quanzu up` by mistake: the callers and officers of the first kept their keys."""
    home.up("--policy", "demo")
    before = home.ask("SELECT prefix, revoked_at FROM api_keys ORDER BY prefix")
    second = home.quanzu("up", QUANZU_PORT=str(free_port()), QUANZU_SIMULATOR_PORT=str(free_port()))
    assert second.returncode == 2
    assert b"is at work in this home; stop it first" in second.stderr
    third = home.quanzu("run", str(home.sample(5)), "--policy", "demo")
    assert third.returncode == 2
    assert b"another `quanzu up` or `quanzu run` is at work in this home" in third.stderr
    assert b"Traceback" not in third.stderr
    assert home.ask("SELECT prefix, revoked_at FROM api_keys ORDER BY prefix") == before


def test_an_impatient_operator_stops_it_all_the_same(home: Home) -> None:
    """Ctrl-C and SIGTERM come from every side at once: `quanzu up` stops in order, and does not hang."""
    process = home.up("--policy", "demo")
    for _ in range(200):
        process.send_signal(signal.SIGTERM)
        process.send_signal(signal.SIGINT)
    assert process.wait(90) == 0
    assert b"stopping" in home.told("up") and b"Traceback" not in home.told("up")


def test_every_wrong_setting_is_told_at_once(home: Home) -> None:
    """An operator with four wrong settings reads four sentences, not one after another, and exit code 2."""
    alerts = home.sample(1)
    wrong = {
        "QUANZU_PORT": "seventy",
        "QUANZU_LEASE_S": "3000",
        "QUANZU_DATABASE_URL": "mysql://somewhere",
        "QUANZU_LOG_LEVEL": "LOUD",
    }
    for verb in (("run", str(alerts)), ("up",), ("stats",), ("worker", "--lane", "urgent")):
        ended = home.quanzu(*verb, **wrong)
        assert ended.returncode == 2, verb
        assert [name for name in wrong if name.encode() not in ended.stderr] == [], verb
        assert b"Traceback" not in ended.stderr


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (("up", "--policy", "no-such"), b"known: default, demo"),
        (("up", "--faults", "hang=2,hail=1"), b"'hail' is not one of"),
        (("up", "--answer-ms", "soon"), b"--answer-ms must be LOW..HIGH"),
        (("run", "no-such-file.jsonl"), b"no-such-file.jsonl"),
    ],
)
def test_a_wrong_wish_is_a_sentence(home: Home, words: tuple[str, ...], says: bytes) -> None:
    """Somebody mistyped an option: the command says which, and starts nothing."""
    ended = home.quanzu(*words, QUANZU_PORT=str(free_port()), QUANZU_SIMULATOR_PORT=str(free_port()))
    assert ended.returncode == 2
    assert says in ended.stderr + ended.stdout
    assert b"Traceback" not in ended.stderr


def test_a_taken_port_is_told(home: Home) -> None:
    """Another program listens at the port: the operator reads which setting chooses another."""
    listener = subprocess.Popen(
        [sys.executable, "-c", LISTEN], stdout=subprocess.PIPE, stdin=subprocess.PIPE, text=True
    )
    try:
        assert listener.stdout is not None
        port = listener.stdout.readline().strip()
        ended = home.quanzu("up", QUANZU_PORT=port, QUANZU_SIMULATOR_PORT=str(free_port()))
    finally:
        listener.kill()
        listener.wait()
    assert ended.returncode == 2
    assert f"port {port} is taken; choose another by QUANZU_PORT".encode() in ended.stderr


LISTEN = """
import socket, sys
taken = socket.socket()
taken.bind(("127.0.0.1", 0))
taken.listen()
print(taken.getsockname()[1], flush=True)
sys.stdin.read()
"""
