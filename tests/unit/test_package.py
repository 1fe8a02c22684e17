"""What is installed from a built package is everything that a checkout has."""

from __future__ import annotations

import tomllib
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
DATA = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["tool"]["setuptools"]["package-data"]
ROOMS = ("config", "dispatcher", "workers", "web", "cli", "simulator", "migrations")


@pytest.mark.parametrize("room", ROOMS)
def test_no_file_stays_behind(room: str) -> None:
    """Somebody installed the image: every template, table and text that the code reads came with it."""
    there = {path for path in (ROOT / room).rglob("*") if path.is_file() and "__pycache__" not in path.parts}
    code = {path for path in there if path.suffix in (".py", ".pyi") or path.name == "py.typed"}
    taken = {path for pattern in DATA.get(room, ()) for path in (ROOT / room).glob(pattern)}
    assert sorted(str(path.relative_to(ROOT)) for path in there - code - taken) == []
