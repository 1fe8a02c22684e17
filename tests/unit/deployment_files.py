"""The files by which a deployment is started, read: compose, Dockerfile, systemd units, and what they name."""

from __future__ import annotations

import inspect
import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import typer.main
import yaml

from cli.main import app
from config.settings import OTHERS, Settings
from workers.clock import Clock
from workers.consumer import IntakeConsumer
from workers.names import raw_queues_of
from workers.outcomes import Publisher
from workers.presence import Heart
from workers.webhooks import Messenger

ROOT = Path(__file__).resolve().parents[2]
COMPOSE = ROOT / "docker-compose.yml"
DOCKERFILE = ROOT / "Dockerfile"
UNITS = sorted((ROOT / "deploy" / "systemd").iterdir())
DEFAULTED = re.compile(r"\$\{(?P<name>[A-Z_]+):-(?P<default>[^}]*)\}")
VARIABLE = re.compile(r"\bQUANZU_[A-Z][A-Z0-9_]*")

KILLED_AFTER_S = 45
"""What a page, a unit and the compose file say: a worker that has not stopped by then is killed."""


def interpolated(text: str) -> str:
    """The text with every `${NAME:-default}` as it is when NAME is not set."""
    return DEFAULTED.sub(lambda found: found["default"], text)


def compose() -> dict[str, Any]:
    """docker-compose.yml with its anchors merged and its defaults filled in."""
    read: dict[str, Any] = json.loads(json.dumps(yaml.safe_load(interpolated(COMPOSE.read_text("utf-8")))))
    return read


def seconds(text: str) -> float:
    """How long `90s`, `1m` or `1m30s` is."""
    each = {"h": 3600, "m": 60, "min": 60, "s": 1, "ms": 0.001}
    parts = re.findall(r"(\d+)(ms|min|h|m|s)", text)
    assert parts and "".join(number + unit for number, unit in parts) == text, text
    return sum(int(number) * each[unit] for number, unit in parts)


def stops_within_s(lane: str) -> float:
    """What a worker waits for on SIGTERM, all of it: each thread's last deed, one after another, then what is out.

    Celery waits for the tasks in hand without a bound; they end with their claim, unless the database hangs.
    """
    threads: list[type[Any]] = [Clock, Heart]
    threads += [IntakeConsumer] if raw_queues_of(lane) else []
    threads += [Publisher, Messenger] if lane == "intake" else []
    last_deeds_s = sum(inspect.signature(thread.stop).parameters["within_s"].default for thread in threads)
    return float(last_deeds_s + (0 if lane == "intake" else Settings.model_fields["lease_s"].default))


def known_variables() -> set[str]:
    """Every QUANZU_ variable that means something."""
    settings = {f"QUANZU_{name.upper()}" for name in Settings.model_fields}
    return settings | {f"{name}_FILE" for name in settings if not name.endswith("_FILE")} | OTHERS


def unknown_variables(text: str) -> set[str]:
    """QUANZU_ variables of this text that mean nothing."""
    return set(VARIABLE.findall(text)) - known_variables()


def understood(words: list[str]) -> None:
    """Raises: Exception: `quanzu` with these words is no command, has no such option or choice, or lacks a word."""
    command: Any = typer.main.get_command(app)
    rest = list(words)
    while hasattr(command, "commands"):
        command = command.commands[rest.pop(0)]
    command.make_context(command.name, rest)


def unit_lines(path: Path) -> Iterator[tuple[str, str, str]]:
    """Section, name and value of each setting of a systemd unit."""
    section = ""
    for line in path.read_text("utf-8").splitlines():
        if line.startswith("["):
            section = line.strip("[]")
        elif line and not line.startswith("#"):
            name, equals, value = line.partition("=")
            assert equals, f"{path.name}: {line}"
            yield section, name, value
