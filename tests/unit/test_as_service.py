"""`deploy/quanzu-as-service`: an operator's command has the settings and secrets that the services have."""

from __future__ import annotations

import json
import os
import shlex
import shutil
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

import pytest
from deployment_files import ROOT, UNITS, unit_lines

WRAPPER = ROOT / "deploy" / "quanzu-as-service"
PROGRAM = "/usr/local/lib/quanzu/bin/quanzu"
PAGE = ROOT / "docs" / "how-to" / "install-bare-metal.md"
SERVICES = [path for path in UNITS if path.suffix == ".service"]
FOLDERS = ("StateDirectory", "StateDirectoryMode", "WorkingDirectory")
HANDED_ON = ("User", "Group", "UMask", *FOLDERS, "LoadCredential", "EnvironmentFile")

# what systemd-run was told, instead of running it
RECORDER = f"#!{sys.executable}\nimport json, os, sys\njson.dump(sys.argv[1:], open(os.environ['TOLD'], 'w'))\n"


def told(folder: Path, *words: str, unit: str = "", expect: int = 0) -> list[str]:
    """What the wrapper tells systemd-run; `unit` is what somebody added to the worker's unit."""
    given = folder / "unit"
    given.write_text((ROOT / "deploy" / "systemd" / "quanzu-worker@.service").read_text() + "\n# a drop-in\n" + unit)
    for name, text in {"systemctl": f"#!/bin/sh\ncat {shlex.quote(str(given))}\n", "systemd-run": RECORDER}.items():
        (folder / name).write_text(text)
        (folder / name).chmod(0o755)
    heard = folder / "told.json"
    heard.unlink(missing_ok=True)
    environment = {**os.environ, "PATH": f"{folder}:{os.environ['PATH']}", "TOLD": str(heard)}
    done = subprocess.run([WRAPPER, *words], env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == expect, done.stderr
    return [str(word) for word in json.loads(heard.read_text())] if heard.exists() else [done.stderr]


def parted(words: list[str]) -> tuple[list[str], list[str]]:
    """The options, and the command as systemd makes it of its words: two dollars are one."""
    at = words.index("/bin/sh")
    assert all(word.startswith("--") for word in words[:at])
    command = words[at:]
    assert not any("$" in word.replace("$$", "") for word in command), "systemd would put a variable there"
    return words[:at], [word.replace("$$", "$") for word in command]


def seen(folder: Path, words: list[str], environment: Mapping[str, str]) -> dict[str, list[str]]:
    """The environment and the words that the program is started with, in a service with these credentials."""
    options, command = parted(words)
    program = folder / "quanzu"
    program.write_text(
        f"#!{sys.executable}\nimport json, os, sys\nprint(json.dumps([dict(os.environ), sys.argv[1:]]))\n"
    )
    program.chmod(0o755)
    command[command.index(PROGRAM)] = str(program)
    plain = dict(
        option.removeprefix("--property=Environment=").split("=", 1)
        for option in options
        if option.startswith("--property=Environment=")
    )
    given = {"PATH": os.environ["PATH"], "CREDENTIALS_DIRECTORY": "/run/credentials/x.service", **plain, **environment}
    done = subprocess.run(command, env=given, capture_output=True, text=True, check=True)
    variables, arguments = json.loads(done.stdout)
    return {"words": arguments, **{name: [value] for name, value in variables.items()}}


def test_it_loads_what_the_units_load(tmp_path: Path) -> None:
    """Every credential and file of settings of every unit, and their user, are those of the operator's command."""
    options, _ = parted(told(tmp_path, "doctor"))
    for path in SERVICES:
        for _, name, value in unit_lines(path):
            if name in HANDED_ON:
                assert f"--property={name}={value}" in options, f"{path.name}: {name}={value}"
    assert {"--wait", "--collect", "--pty", "--pipe"} <= set(options)


def test_it_has_the_settings_that_the_units_have(tmp_path: Path) -> None:
    """Each variable of each unit arrives, a credential as the file that systemd shows inside."""
    variables = seen(tmp_path, told(tmp_path, "doctor"), {})
    for path in SERVICES:
        for _, name, value in unit_lines(path):
            if name == "Environment":
                variable, _, wanted = value.partition("=")
                assert variables[variable] == [wanted.replace("%d", "/run/credentials/x.service")]


def test_what_somebody_added_to_the_unit_holds_too(tmp_path: Path) -> None:
    """An operator gave the workers one more credential and one more file: his own command has both."""
    added = "[Service]\nLoadCredential=otlp:/etc/quanzu/otlp\nEnvironmentFile=/etc/quanzu/more\n"
    added += 'Environment="QUANZU_OTLP_ENDPOINT_FILE=%d/otlp"\nEnvironment=QUANZU_POLICY=demo\n'
    words = told(tmp_path, "doctor", unit=added)
    options, _ = parted(words)
    files = [option for option in options if option.startswith("--property=EnvironmentFile=")]
    assert files == ["--property=EnvironmentFile=-/etc/quanzu/settings", "--property=EnvironmentFile=/etc/quanzu/more"]
    assert "--property=LoadCredential=otlp:/etc/quanzu/otlp" in options
    variables = seen(tmp_path, words, {})
    assert variables["QUANZU_OTLP_ENDPOINT_FILE"] == ["/run/credentials/x.service/otlp"]
    assert variables["QUANZU_POLICY"] == ["demo"]


def test_the_file_of_settings_has_the_last_word(tmp_path: Path) -> None:
    """As in a unit: what /etc/quanzu/settings says stands, also where the unit names a credential."""
    variables = seen(tmp_path, told(tmp_path, "doctor"), {"QUANZU_BROKER_URL_FILE": "/srv/broker"})
    assert variables["QUANZU_BROKER_URL_FILE"] == ["/srv/broker"]


def test_words_arrive_as_they_were_typed(tmp_path: Path) -> None:
    """A reason with spaces, quotes, a star, a dollar or nothing in it is the reason that stands on the timelines."""
    typed = ["hold", "--reason", 'it\'s "wrong": $HOME ${PATH} 5$ * 100%', "--source", "", "银行"]
    assert seen(tmp_path, told(tmp_path, *typed), {})["words"] == typed


def test_what_it_cannot_hand_on_it_says(tmp_path: Path) -> None:
    """A setting that only systemd can fill in would silently be another one: the line is named instead."""
    (said,) = told(tmp_path, "doctor", unit="[Service]\nEnvironment=QUANZU_HOME=%S/quanzu\n", expect=2)
    assert "Environment=QUANZU_HOME=%S/quanzu" in said


def test_it_is_plain_shell() -> None:
    """Any /bin/sh reads it, it may be executed, and the linter has nothing to say where it is installed."""
    text = WRAPPER.read_text("utf-8")
    assert text.startswith("#!/bin/sh\n") and os.access(WRAPPER, os.X_OK)
    for shell in ("dash", "bash"):
        if program := shutil.which(shell):
            subprocess.run([program, "-n", WRAPPER], check=True)
    if program := shutil.which("shellcheck"):
        subprocess.run([program, WRAPPER, ROOT / "deploy" / "make-secrets"], check=True)


def test_the_page_names_it() -> None:
    """Whoever installs it reads how to ask the doctor and how to hold, and no command that only looks right: a shell
    that may not look into /etc/quanzu finds no file there for a star."""
    page = PAGE.read_text("utf-8")
    assert "sudo install deploy/quanzu-as-service /usr/local/sbin/" in page
    assert "sudo quanzu-as-service doctor" in page and "sudo quanzu-as-service hold" in page
    assert "systemd-run" not in page
    for line in page.splitlines():
        assert not (line.startswith("sudo") and "/etc/quanzu/*" in line), line


@pytest.mark.parametrize("word", ["database-url", "broker-url", "simulator-secret"])
def test_a_secret_is_closed_from_the_first_moment(word: str) -> None:
    """It is made with its mode, and not closed afterwards."""
    lines = [line for line in PAGE.read_text("utf-8").splitlines() if line.endswith(f"/etc/quanzu/{word}")]
    assert lines and all("sudo install --mode=0400 /dev/stdin" in line for line in lines)
