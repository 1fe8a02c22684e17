"""The command in this process, on a home of its own; what it changes of the process is put back."""

from __future__ import annotations

import json
import logging
import os
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
import structlog
from click.testing import Result
from typer.testing import CliRunner

from cli.main import app


class Command:
    """`quanzu` as somebody types it."""

    def __init__(self, home: Path) -> None:
        self.home = home

    def __call__(self, *words: str, given: bytes | None = None) -> Result:
        """Run it to its end; `given` is its standard input."""
        return CliRunner().invoke(app, list(words), input=given)

    def read(self, *words: str) -> Any:
        """What a `--json` command tells."""
        ended = self(*words)
        assert ended.exit_code == 0, ended.output
        return json.loads(ended.stdout)


@contextmanager
def command(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Command]:
    """The command with a QUANZU_HOME in which nothing was started yet."""
    for name in [name for name in os.environ if name.startswith("QUANZU_")]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("QUANZU_HOME", str(tmp_path / "home"))
    root = logging.getLogger()
    hooks = sys.excepthook, threading.excepthook
    handlers, level, mask = list(root.handlers), root.level, os.umask(0o022)
    yield Command(tmp_path / "home")
    os.umask(mask)
    root.handlers[:] = handlers
    root.setLevel(level)
    sys.excepthook, threading.excepthook = hooks
    structlog.reset_defaults()
