"""`python -m simulator` as an operator meets it."""

import os
import re
import subprocess
import sys
from pathlib import Path

import httpx
import orjson
import pytest
from town_help import letter, person

from simulator.main import main
from simulator.numbers import FATES
from simulator.simulation import Simulation


def test_every_wrong_option_is_told_at_once(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """An operator makes six mistakes, is told of all six, and the command ends with 2."""
    monkeypatch.delenv("QUANZU_SIMULATOR_SECRET", raising=False)
    wrong = ["--faults", "fog=1", "--seed", "x", "--news-ms", "9..1", "--hands", "nan", "--port", "99999"]
    assert main([*wrong, "--ledger", str(tmp_path / "no" / "folder")]) == 2
    told = capsys.readouterr().err
    for word in ("fog", "seed", "news_ms", "hands", "port", "ledger", "secret"):
        assert word in told


def test_a_file_that_is_no_ledger_ends_the_command(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """The operator names another file by mistake and is told."""
    monkeypatch.setenv("QUANZU_SIMULATOR_SECRET", "made-up")
    (tmp_path / "list.txt").write_text("milk\n")
    assert main(["--port", "0", "--ledger", str(tmp_path / "list.txt")]) == 2
    assert "no ledger" in capsys.readouterr().err


def test_the_numbers_are_printed(capsys: pytest.CaptureFixture[str]) -> None:
    """An operator asks what the last digits mean and gets every row."""
    assert main(["--numbers"]) == 0
    told = capsys.readouterr().out
    assert all(digits in told for digits in FATES)


def test_secrets_stay_out_of_the_repr() -> None:
    """A logged simulation tells neither secret nor keys."""
    sim = Simulation(secret="hush", caller_keys=("hush1",), officer_keys=("hush2",))
    assert "hush" not in repr(sim)


def test_a_stop_keeps_the_ledger_and_ends_with_zero(tmp_path: Path) -> None:
    """An operator starts a town on any free port, sends one text and stops it; the text is in the file."""
    path = tmp_path / "town.jsonl"
    town = subprocess.Popen(
        [sys.executable, "-m", "simulator", "--port", "0", "--faults", "none", "--ledger", str(path)],
        stderr=subprocess.PIPE,
        text=True,
        env={**os.environ, "QUANZU_SIMULATOR_SECRET": "made-up"},
    )
    assert town.stderr is not None
    try:
        ports = (re.search(r"listen on port (\d+)", line) for line in town.stderr)
        port = next(found[1] for found in ports if found)
        order = {"callback": "http://127.0.0.1:9/v1/receipts/simulator", "letters": [letter("v1", person())]}
        reply = httpx.post(f"http://127.0.0.1:{port}/sms", json=order, trust_env=False)
        assert reply.json()["answers"][0]["answer"] == "accepted"
        town.terminate()
        left = town.stderr.read()
        assert town.wait(20) == 0
    finally:
        town.kill()
        town.wait()
        town.stderr.close()
    assert [orjson.loads(line)["kind"] for line in path.read_bytes().splitlines()][-1] == "text"
    assert "/v1/receipts" not in left and "Traceback" not in left


def test_help_names_every_option_and_an_example() -> None:
    """A newcomer asks for help."""
    told = subprocess.run(
        [sys.executable, "-m", "simulator", "--help"],
        capture_output=True,
        text=True,
        check=True,
        env={**os.environ, "COLUMNS": "120"},
    ).stdout
    for word in ("example:", "--faults", "--late-accept-s", "--worklist", "QUANZU_SIMULATOR_SECRET", "9919"):
        assert word in told
