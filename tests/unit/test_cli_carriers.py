"""`quanzu carriers`: what an operator sees of carriers, and how hard it is to contact somebody by mistake."""

from __future__ import annotations

import json
from pathlib import Path
from typing import cast

import pytest
from typer.testing import CliRunner, Result

from cli.main import app
from config.carriers.kannel import Kannel
from config.carriers.kinds import KINDS
from workers.carriers import WIRES
from workers.carriers.kannel import KannelCarrier

RUNNER = CliRunner()
PASSWORD, CALLBACK, NUMBER = "very-secret-word", "callback-secret-of-32-characters", "+8613800138000"
FILE = """
[carrier.sim]
kind = "simulator_sms"

[carrier.gate]
kind = "kannel"
base_url = "http://127.0.0.1:1"
username = "fraud"
password = { env = "GATE_PASSWORD" }
callback_secret = { env = "GATE_CALLBACK" }
windows = [{ most = 3, seconds = 86400 }]

[route.sms]
L1 = ["gate", "sim"]
all = ["sim"]

[route.call]
all = ["rings"]

[carrier.rings]
kind = "simulator_call"
"""


@pytest.fixture
def carriers(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A file with a simulated carrier and a live one, whose gateway is not there."""
    monkeypatch.setitem(cast(dict[str, object], KINDS), "kannel", Kannel)
    monkeypatch.setitem(cast(dict[str, object], WIRES), "kannel", KannelCarrier)
    path = tmp_path / "carriers.toml"
    path.write_text(FILE)
    monkeypatch.setenv("QUANZU_CARRIERS", str(path))
    monkeypatch.setenv("QUANZU_HOME", str(tmp_path / "home"))
    monkeypatch.setenv("GATE_PASSWORD", PASSWORD)
    monkeypatch.setenv("GATE_CALLBACK", CALLBACK)
    return path


def run(*arguments: str, types: str = "") -> Result:
    """The command, with what somebody types; no secret is ever in what it says."""
    result = RUNNER.invoke(app, ["carriers", *arguments], input=types)
    assert PASSWORD not in result.output and CALLBACK not in result.output
    return result


def test_the_list_says_who_would_be_contacted(carriers: Path) -> None:
    """An operator sees at a glance which carrier reaches real people, on which levels, and how often one person."""
    rows = {row["name"]: row for row in json.loads(run("list", "--json").stdout)}
    assert (rows["sim"]["live"], rows["gate"]["live"]) == (False, True)
    assert (rows["gate"]["routes"], rows["gate"]["windows"]) == (["L1"], [{"most": 3, "seconds": 86400}])
    assert "real people" in rows["gate"]["contacts"]


def test_a_dry_run_shows_the_request_and_no_secret(carriers: Path) -> None:
    """An operator compares the request with the vendor's page: secrets are stars, nothing is sent."""
    result = run("test", "gate", "--to", NUMBER, "--dry-run")
    assert result.exit_code == 0, result.output
    assert "/cgi-bin/sendsms" in result.stdout and "*" in result.stdout and "sent: False" in result.stdout


@pytest.mark.parametrize("typed", ["", "y\n", "yes\n", "+8613800138001\n"])
def test_nobody_is_contacted_without_the_number_typed_again(carriers: Path, typed: str) -> None:
    """Somebody pressed return, said yes, or mistyped the number: nothing was sent."""
    result = run("test", "gate", "--to", NUMBER, types=typed)
    assert result.exit_code == 1
    assert "answer:" not in result.stdout


def test_the_number_typed_again_is_contacted(carriers: Path) -> None:
    """He types it again: the gateway is asked, which is not there, so that it was surely not sent."""
    result = run("test", "gate", "--to", NUMBER, types=f"{NUMBER}\n")
    assert result.exit_code == 1
    assert "answer: busy" in result.stdout


def test_a_simulated_carrier_contacts_nobody(carriers: Path) -> None:
    """A test through the simulator would prove nothing of a phone: it is refused, whatever is typed."""
    assert run("test", "sim", "--to", NUMBER, types=f"{NUMBER}\n").exit_code == 2


def test_every_fault_is_told_at_once_and_no_secret(carriers: Path) -> None:
    """A file with three faults and a secret written into it: all are told by command and doctor, the secret by none."""
    wrong = FILE.replace('{ env = "GATE_PASSWORD" }', f'"{PASSWORD}"').replace("most = 3", "most = 0")
    carriers.write_text(wrong.replace('"gate", "sim"', '"gat", "sim"'))
    for told in (run("list"), RUNNER.invoke(app, ["doctor"]), RUNNER.invoke(app, ["doctor", "--json"])):
        assert told.exit_code in (1, 2)
        assert all(part in told.output for part in ("carrier.gate.password", "carrier.gate.windows", "gat"))
        assert PASSWORD not in told.output and CALLBACK not in told.output
