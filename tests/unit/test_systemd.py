"""The systemd units: what systemd itself would say, and what the parts of a deployment need."""

from __future__ import annotations

import re
import shlex
import shutil
import subprocess
from pathlib import Path

import pytest
from deployment_files import (
    KILLED_AFTER_S,
    ROOT,
    UNITS,
    seconds,
    stops_within_s,
    understood,
    unit_lines,
    unknown_variables,
)

from cli.home import prepare
from config.settings import load_settings
from migrations import newest, present

PROGRAM = "/usr/local/lib/quanzu/bin/quanzu"
SERVICES = [path for path in UNITS if path.suffix == ".service"]
LANES = ("intake", "urgent", "routine")
each = pytest.mark.parametrize("path", SERVICES, ids=lambda path: path.name)


def told(path: Path, name: str) -> list[str]:
    """Every value of a setting in a unit, in order."""
    return [value for _, key, value in unit_lines(path) if key == name]


def verified(folder: Path) -> subprocess.CompletedProcess[str]:
    """What systemd says of the units in a folder, the program replaced by one that every machine has."""
    program = shutil.which("systemd-analyze")
    if program is None:
        pytest.skip("systemd-analyze is not here")
    for path in UNITS:
        (folder / path.name).write_text(path.read_text().replace(PROGRAM, "/bin/true"))
    names = ["quanzu.target", "quanzu-worker@urgent.service"]
    names += [path.name for path in SERVICES if "@" not in path.name]
    return subprocess.run([program, "verify", *names], cwd=folder, capture_output=True, text=True, check=False)


def test_systemd_understands_them(tmp_path: Path) -> None:
    """`systemd-analyze verify` has nothing to say of any unit."""
    done = verified(tmp_path)
    ours = [line for line in done.stderr.splitlines() if "quanzu" in line]
    assert (done.returncode, ours) == (0, [])


def test_this_file_would_notice(tmp_path: Path) -> None:
    """A setting that systemd does not know is told by name."""
    program = shutil.which("systemd-analyze")
    if program is None:
        pytest.skip("systemd-analyze is not here")
    wrong = tmp_path / "quanzu-wrong.service"
    wrong.write_text("[Service]\nExecStart=/bin/true\nTimeoutStopSecs=5s\n")
    done = subprocess.run([program, "verify", str(wrong)], capture_output=True, text=True, check=False)
    assert "TimeoutStopSecs" in done.stderr


def test_the_parts_are_there() -> None:
    """A target that wants the web and one worker of each lane; a migration; the carrier that contacts nobody."""
    assert {path.name for path in UNITS} == {
        "quanzu.target",
        "quanzu-migrate.service",
        "quanzu-web.service",
        "quanzu-worker@.service",
        "quanzu-simulator.service",
    }
    (wanted,) = told(ROOT / "deploy" / "systemd" / "quanzu.target", "Wants")
    assert wanted.split() == ["quanzu-web.service", *(f"quanzu-worker@{lane}.service" for lane in LANES)]


@each
def test_a_unit_runs_a_command_of_ours(path: Path) -> None:
    """Its command is a verb of `quanzu` with its options, for every lane, and its settings are known."""
    (command,) = told(path, "ExecStart")
    for lane in LANES:
        program, *words = shlex.split(command.replace("%i", lane))
        assert program == PROGRAM
        understood(words)
    assert unknown_variables(path.read_text()) == set()
    assert not re.search(r"postgresql://|amqp://", path.read_text())


@each
def test_a_unit_has_no_rights(path: Path) -> None:
    """One user without rights, nothing to write but its own folder, and secrets that only it is shown."""
    wanted = {
        "User": "quanzu",
        "NoNewPrivileges": "yes",
        "CapabilityBoundingSet": "",
        "ProtectSystem": "strict",
        "ProtectHome": "yes",
        "PrivateTmp": "yes",
        "PrivateDevices": "yes",
        "StateDirectory": "quanzu",
        "UMask": "0077",
        "RestrictSUIDSGID": "yes",
        "LimitCORE": "0",
    }
    assert {name: told(path, name) for name in wanted} == {name: [value] for name, value in wanted.items()}
    shown = {value.partition(":")[0] for value in told(path, "LoadCredential")}
    named = {value.rpartition("/")[2] for value in told(path, "Environment") if "_FILE=" in value}
    assert shown == named and shown


@each
def test_a_unit_comes_back_and_has_time_to_stop(path: Path) -> None:
    """Whatever was away when the host started, each part is tried again for ever; a worker has time to stop."""
    assert told(path, "RestartSec") and ("Unit", "StartLimitIntervalSec", "0") in unit_lines(path)
    if path.name == "quanzu-migrate.service":
        assert told(path, "Type") == ["oneshot"] and told(path, "RemainAfterExit") == ["yes"]
        assert told(path, "Restart") == ["on-failure"]
        return
    assert told(path, "Restart") == ["always"]
    (stop,) = told(path, "TimeoutStopSec")
    if "worker" in path.name:
        assert seconds(stop) == KILLED_AFTER_S >= max(stops_within_s(lane) for lane in LANES) + 5


def test_a_migration_that_failed_keeps_nobody_from_starting() -> None:
    """The host started before its database: who only wants the migration, and comes after it, starts all the same and
    migrates by himself; who required it would stay down until somebody comes."""
    for path in SERVICES:
        assert not told(path, "Requires") and not told(path, "BindsTo") and not told(path, "Requisite")
        if path.name in ("quanzu-web.service", "quanzu-worker@.service"):
            for name in ("Wants", "After"):
                assert "quanzu-migrate.service" in [unit for value in told(path, name) for unit in value.split()]


def test_whoever_comes_before_the_migration_does_it(tmp_path: Path) -> None:
    """A worker or a door that starts first finds no tables, and makes them: what `prepare` does for both."""
    home = prepare(load_settings({"home": tmp_path}), keeper=False)
    assert present(home.store.engine) == newest()
    home.store.close()
