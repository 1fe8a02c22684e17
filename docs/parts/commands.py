"""Each command, as its own help tells it."""

from __future__ import annotations

import inspect
import re
from collections.abc import Iterable
from typing import Any

import typer.main

from cli.main import app
from parts.markdown import table


def commands() -> str:
    """Every command with its sentences, arguments and options."""
    root: Any = typer.main.get_command(app)
    return "\n".join(_command(f"quanzu {path}", command) for path, command in _commands(root))


def _commands(group: Any, before: str = "") -> Iterable[tuple[str, Any]]:
    for name, command in group.commands.items():
        if hasattr(command, "commands"):
            yield from _commands(command, f"{before}{name} ")
        else:
            yield before + name, command


def _command(path: str, command: Any) -> str:
    with typer.main.get_command(app).make_context("quanzu", [], resilient_parsing=True) as context:
        records = [(param, param.get_help_record(context)) for param in command.params if param.name != "help"]
    told, _, example = inspect.cleandoc(command.help or "").partition("Example: ")
    arguments = "".join(
        f" {param.opts[0].rstrip('_').upper()}" for param, _ in records if param.param_type_name == "argument"
    )
    lines = [f"### {path}{arguments}", "", told.rstrip(), "", "```sh", example, "```", ""]
    rows = [(f"`{record[0]}`", _plain(record[1])) for param, record in records if record]
    return "\n".join(lines) + "\n" + (table(("", "meaning"), rows) if rows else "")


def _plain(told: str) -> str:
    """Click's own brackets, as text that Markdown leaves alone."""
    return re.sub(r"\s*\[(.*?)\]$", r" (\1)", " ".join(told.split())).replace("<", "&lt;")
