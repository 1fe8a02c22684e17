"""`python -m tests.chaos --seed 7`: one campaign. Exit code 0 only if everything promised held."""

from __future__ import annotations

import json
from dataclasses import replace
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console

from .campaign import run
from .servers import ServerFailed, ServerMissing
from .table import show
from .wishes import BREAKS, SIZES

app = typer.Typer(add_completion=False)
Size = StrEnum("Size", {name: name for name in SIZES})  # type: ignore[misc]  # the sizes stand in one place
FULL = Size("full")


@app.command()
def chaos(
    seed: Annotated[int, typer.Option(help="The same seed, the same alerts, faults and carrier.")] = 7,
    size: Annotated[Size, typer.Option(help="How much of everything.")] = FULL,
    alerts: Annotated[int | None, typer.Option(help="How many alerts instead.")] = None,
    per_s: Annotated[float | None, typer.Option(help="How many a second instead.")] = None,
    kills: Annotated[int | None, typer.Option(help="How many kills instead.")] = None,
    askable: Annotated[bool, typer.Option("--askable/--not-askable", help="Whether the carrier can be asked.")] = True,
    broken: Annotated[
        str | None, typer.Option("--break", help=f"A promise to switch off: {', '.join(BREAKS)}.")
    ] = None,
    slack_s: Annotated[float | None, typer.Option(help="Seconds beyond the lease in which work comes back.")] = None,
    logs: Annotated[Path | None, typer.Option(help="A folder to keep everybody's logs in.")] = None,
    json_: Annotated[bool, typer.Option("--json", help="As JSON, with every finding.")] = False,
) -> None:
    """Hurt an engine of our own at random, then audit it person by person.

    Example: python -m tests.chaos --seed 7 --size short
    """
    if broken and broken not in BREAKS:
        raise typer.BadParameter(f"must be one of {', '.join(BREAKS)}", param_hint="--break")
    told_of: dict[str, Any] = {"alerts": alerts, "per_s": per_s, "kills": kills, "slack_s": slack_s}
    given = {name: value for name, value in told_of.items() if value is not None}
    wishes = replace(SIZES[size], seed=seed, askable=askable, broken=broken or None, **given)
    told = Console(stderr=True)
    try:
        verdict = run(wishes, lambda line: told.print(line, markup=False, highlight=False), logs_to=logs)
    except (ServerMissing, ServerFailed, TimeoutError) as fault:
        told.print(str(fault), markup=False)
        raise typer.Exit(2) from fault
    if json_:
        print(json.dumps(verdict.as_json(), indent=2))
    else:
        show(Console(), verdict, _replay(seed, size, askable, broken, given))
    raise typer.Exit(0 if verdict.holds else 1)


def _replay(seed: int, size: str, askable: bool, broken: str | None, given: dict[str, Any]) -> str:
    words = [f"--seed {seed} --size {size}"]
    words += [f"--{name.replace('_', '-')} {value}" for name, value in given.items()]
    words += ([] if askable else ["--not-askable"]) + ([f"--break {broken}"] if broken else [])
    return "python -m tests.chaos " + " ".join(words)


app()
