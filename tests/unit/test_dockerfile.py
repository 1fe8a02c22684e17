"""The image, judged by its recipe: a linter's rules and our own. No image is built here."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from deployment_files import DOCKERFILE, ROOT, understood, unknown_variables

TEXT = DOCKERFILE.read_text("utf-8")
STAGES = re.findall(r"^FROM (\S+)(?: AS (\S+))?$", TEXT, re.MULTILINE)


def linted(path: Path) -> subprocess.CompletedProcess[str]:
    """What hadolint says of a Dockerfile."""
    beside = Path(sys.executable).parent / "hadolint"
    program = str(beside) if beside.exists() else shutil.which("hadolint")
    if program is None:
        pytest.skip("hadolint is not here: its wheel is for Linux on x86-64")
    return subprocess.run([program, str(path)], capture_output=True, text=True, check=False)


def test_the_linter_finds_nothing() -> None:
    """hadolint, with all its rules."""
    done = linted(DOCKERFILE)
    assert (done.returncode, done.stdout) == (0, "")


def test_the_linter_would_notice(tmp_path: Path) -> None:
    """A base without a version is found."""
    wrong = tmp_path / "Dockerfile"
    wrong.write_text(TEXT.replace("python:3.11.13-slim-bookworm", "python:latest"))
    assert "DL3007" in linted(wrong).stdout


def test_bases_are_pinned_and_the_last_stage_is_the_runtime() -> None:
    """Every base is one version of one image, or a stage of this file."""
    stages = {name for _, name in STAGES if name}
    for base, _ in STAGES:
        assert base in stages or re.fullmatch(r"python:3\.11\.\d+-slim-bookworm", base), base
    assert STAGES[-1] == ("runtime", "")


def test_nobody_in_it_is_root_and_nothing_in_it_compiles() -> None:
    """The runtime ends as a user by number, takes libraries from the builder alone, and installs no packages."""
    runtime = TEXT.partition("AS runtime")[2].partition("\nFROM")[0]
    assert re.findall(r"^USER (\S+)$", TEXT, re.MULTILINE) == ["10001:10001"]
    assert "pip install" not in runtime and "apt-get" not in TEXT and "curl" not in TEXT and "ADD " not in TEXT
    assert 'ENTRYPOINT ["quanzu"]' in runtime and "STOPSIGNAL SIGTERM" in runtime and "HEALTHCHECK" in runtime
    assert "org.opencontainers.image.licenses" in runtime


def test_libraries_are_cached_before_our_own_files() -> None:
    """A change of ours does not install every library anew; every version comes from requirements.txt."""
    assert (
        TEXT.index("COPY requirements.txt") < TEXT.index("--constraint requirements.txt") < TEXT.index("COPY cli cli")
    )
    assert "index-url" not in TEXT and "find-links" not in TEXT


def test_every_package_of_ours_is_copied() -> None:
    """A package that pyproject.toml names and the image lacks would be missed at night."""
    packages = re.search(r"^include = \[(.*)\]$", (ROOT / "pyproject.toml").read_text(), re.MULTILINE)
    assert packages is not None
    ignored = (ROOT / ".dockerignore").read_text().splitlines()
    for package in re.findall(r'"(\w+)\*"', packages[1]):
        assert f"COPY {package} {package}\n" in TEXT and f"!{package}" in ignored
    assert ignored[1] == "*" and not any("secrets" in line or ".env" in line for line in ignored)
    for copied in re.findall(r"^COPY (?!--from)(.+) \S+$", TEXT, re.MULTILINE):
        for name in copied.split():
            assert (ROOT / name).exists() and any(name.startswith(line[1:]) for line in ignored if line[:1] == "!"), (
                name
            )


def test_its_command_and_settings_are_real() -> None:
    """What the image does by itself, and every setting that it brings, is known."""
    (command, *_) = re.findall(r"^CMD (\[.*\])$", TEXT, re.MULTILINE)
    assert json.loads(command) == ["--help"]
    understood(["web"])
    assert unknown_variables(TEXT) == set()


def test_the_needed_libraries_are_pinned() -> None:
    """Whatever the image installs, the project's and Flower's, has one version."""
    import tomllib

    wanted = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["dependencies"]
    pinned = {
        line.partition("==")[0].lower().replace("_", "-")
        for line in (ROOT / "requirements.txt").read_text().splitlines()
    }
    for line in wanted:
        name = re.match(r"[A-Za-z0-9_-]+", line)
        assert name and name[0].lower().replace("_", "-") in pinned, line
    flower = (ROOT / "deploy" / "flower" / "requirements.txt").read_text().splitlines()[1:]
    assert all("==" in line for line in flower)
    assert not {line.partition("==")[0].lower() for line in flower} & pinned


HEALTH = ROOT / "deploy" / "health.py"
CONNECTED = "  sl  local_address rem_address   st\n   0: 0100007F:D431 0100007F:{port:04X} {state} 0 0\n"


def health(tmp_path: Path, words: str, *lines: str, **environment: str) -> tuple[int, str]:
    """The exit code and the word of the health check in a container whose first process runs these words."""
    proc = tmp_path / "proc"
    (proc / "1").mkdir(parents=True, exist_ok=True)
    (proc / "net").mkdir(exist_ok=True)
    (proc / "1" / "cmdline").write_bytes(b"\0".join(word.encode() for word in words.split()) + b"\0")
    (proc / "net" / "tcp").write_text("".join(lines))
    code = f"import sys, pathlib; sys.path.insert(0, {str(HEALTH.parent)!r}); import health; "
    code += f"sys.exit(health.main(pathlib.Path({str(proc)!r})))"
    clean = {name: value for name, value in os.environ.items() if not name.startswith("QUANZU_")}
    done = subprocess.run(
        [sys.executable, "-c", code], env=clean | environment, capture_output=True, text=True, check=False
    )
    return done.returncode, done.stdout.strip()


def test_a_worker_without_its_broker_is_not_well(tmp_path: Path) -> None:
    """A worker stands at both servers, loses the broker, loses both; a connection that closes is none."""
    urls = {"QUANZU_BROKER_URL": "amqp://q:p@mq/q"}
    (tmp_path / "database-url").write_text("postgresql://q:p@db:6432/q\n")
    urls["QUANZU_DATABASE_URL_FILE"] = str(tmp_path / "database-url")
    words = "/sbin/docker-init -- python /bin/quanzu worker --lane urgent"
    broker, database = CONNECTED.format(port=5672, state="01"), CONNECTED.format(port=6432, state="01")
    closing = CONNECTED.format(port=5672, state="08")
    assert health(tmp_path, words, broker, database.splitlines()[1], **urls) == (0, "well")
    assert health(tmp_path, words, database, **urls) == (1, "no connection to the broker")
    assert health(tmp_path, words, closing, **urls) == (1, "no connection to the broker; no connection to the database")


def test_a_door_that_does_not_answer_is_not_well(tmp_path: Path) -> None:
    """Nothing listens at the port of the web container, nor at the simulator's."""
    for words, name in (("quanzu web", "QUANZU_PORT"), ("quanzu simulator --no-people", "QUANZU_SIMULATOR_PORT")):
        code, word = health(tmp_path, words, **{name: "1"})
        assert code == 1 and "no answer at port 1" in word
