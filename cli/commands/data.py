"""`sample`: something to try it with."""

from __future__ import annotations

import sys
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Annotated

import typer

from cli.sample import make_sample
from cli.say import fail, plainly
from config.settings import Settings
from dispatcher.plan import LOCAL


def existing(settings: Settings) -> Settings:
    """The same settings, if there is a database. Raises: Exit: nothing was ever started here."""
    if settings.database.startswith("sqlite:///") and not Path(settings.database[10:]).exists():
        raise fail("nothing has been started in this QUANZU_HOME yet; `quanzu up` or `quanzu run FILE` does that")
    return settings


def sample(
    alerts: Annotated[int, typer.Option(help="How many alerts.", min=0)] = 100,
    day: Annotated[str, typer.Option(help="today, or a day such as 2026-01-31.")] = "today",
    seed: Annotated[int, typer.Option(help="The same seed, the same alerts.")] = 1,
    malformed: Annotated[int, typer.Option(help="So many broken lines besides.", min=0)] = 0,
) -> None:
    """Realistic alerts as JSON Lines on standard output. All persons and numbers are made up.

    Example: quanzu sample --alerts 5532 --day today --seed 7 > today.jsonl
    """
    with plainly():
        now = datetime.now(UTC)
        try:
            chosen = now.astimezone(LOCAL).date() if day == "today" else date.fromisoformat(day)
        except ValueError:
            raise fail("--day must be today or a day such as 2026-01-31") from None
        for line in make_sample(alerts, day=chosen, seed=seed, now=now, malformed=malformed):
            sys.stdout.buffer.write(line.encode("utf-8", "surrogatepass") + b"\n")


def add_to(app: typer.Typer) -> None:
    """These verbs."""
    app.command()(sample)
