"""Arrows point one way: the rooms know only what lies below them."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
LINT = [sys.executable, "-c", "from importlinter.cli import lint_imports_command; lint_imports_command()"]


def lint(*words: str, home: Path = ROOT) -> subprocess.CompletedProcess[str]:
    """Run import-linter."""
    env = os.environ | {"PYTHONPATH": str(home)}
    command = [*LINT, "--no-cache", "--config", str(home / "pyproject.toml"), *words]
    return subprocess.run(command, cwd=home, env=env, capture_output=True, text=True, timeout=120, check=False)


def test_every_arrow_points_down() -> None:
    """Somebody changed an import: if a room now knows one above it, this says which line."""
    ended = lint()
    assert ended.returncode == 0, ended.stdout
    assert "0 broken" in ended.stdout


@pytest.mark.parametrize(
    ("room", "line"),
    [
        ("dispatcher/plan.py", "import kombu"),
        ("dispatcher/plan.py", "import workers.app"),
        ("web/house.py", "import workers.app"),
        ("simulator/clock.py", "import config.settings"),
        ("workers/names.py", "import simulator.main"),
    ],
)
def test_an_arrow_upwards_is_found(tmp_path: Path, room: str, line: str) -> None:
    """Somebody imported what lies above: the contract that it breaks is named."""
    for name in ("config", "dispatcher", "workers", "web", "cli", "simulator", "migrations"):
        (tmp_path / name).symlink_to(ROOT / name)
    (tmp_path / "pyproject.toml").symlink_to(ROOT / "pyproject.toml")
    copied(tmp_path, room, line)
    ended = lint(home=tmp_path)
    assert ended.returncode == 1, ended.stdout
    assert "BROKEN" in ended.stdout


def copied(folder: Path, room: str, line: str) -> None:
    """Put a copy of one room's folder in place of its link, with a line more."""
    import shutil

    name = room.partition("/")[0]
    (folder / name).unlink()
    shutil.copytree(ROOT / name, folder / name, ignore=shutil.ignore_patterns("__pycache__"))
    with (folder / room).open("a") as file:
        file.write(f"\n{line}\n")
