"""`audit`: whether ledger and tables agree."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import typer
from rich.table import Table

from cli.audit import Line, World, audit, load_rows, read_ledger
from cli.commands.data import existing
from cli.home import Home, open_store
from cli.logs import set_up_logs
from cli.say import as_json, out, plainly, told
from config.policy import load_policy
from config.settings import load_settings
from dispatcher import figures

SHOWN = 20


def audit_command(
    ledger: Annotated[Path | None, typer.Option(help="The ledger's file; QUANZU_HOME's own by default.")] = None,
    strict_kpis: Annotated[bool, typer.Option("--strict-kpis", help="A figure of 0 / 0 is a fault.")] = False,
    json_: Annotated[bool, typer.Option("--json", help="As JSON, with every finding.")] = False,
) -> None:
    """The simulated town's ledger beside our tables, person by person. Exit code 0 only if they agree.

    Findings name references, never persons.

    Example: quanzu run today.jsonl --policy demo --live && quanzu audit
    """
    set_up_logs("WARNING")
    with plainly():
        settings = existing(load_settings())
        lines = audited(Home(settings, open_store(settings), ""), ledger, strict=strict_kpis)
    if json_:
        as_json({"agree": all(line.agrees for line in lines), "checks": [_as_json(line) for line in lines]})
    else:
        _print(lines)
    raise typer.Exit(0 if all(line.agrees for line in lines) else 1)


def audit_home(home: Home, *, strict: bool = False) -> bool:
    """Audit a deployment's own ledger, print what was found, and say whether everything agrees."""
    lines = audited(home, None, strict=strict)
    _print(lines)
    return all(line.agrees for line in lines)


def audited(home: Home, ledger: Path | None, *, strict: bool) -> list[Line]:
    """Every line of the audit. Raises: FileNotFoundError, ValueError: there is no such ledger."""
    book = read_ledger(ledger or home.settings.home.resolve() / "simulator" / "ledger.jsonl")
    push_s = load_policy(home.settings.policy).on_time_push_s
    now = datetime.now(UTC)
    with home.store.read() as connection:
        rows = load_rows(connection, home.store.keys, book.person)
        counted = figures.figures(connection, figures.Scope(), on_time_push_s=push_s, now=now)
    kpis = {name: (kpi.numerator, kpi.denominator) for name, kpi in counted.kpi.items()}
    return audit(World(book.entries, rows, now=now), kpis, on_time_push_s=push_s, strict=strict)


def _as_json(line: Line) -> dict[str, object]:
    return {
        "check": line.check,
        "says": line.says,
        "count": line.count,
        "agrees": line.agrees,
        "faults": list(line.faults),
        "notes": list(line.notes),
    }


def _print(lines: list[Line]) -> None:
    page = Table(title="ledger and tables", title_justify="left")
    page.add_column("check", no_wrap=True)
    page.add_column("what must hold")
    page.add_column("looked at", justify="right")
    page.add_column("verdict", no_wrap=True)
    for line in lines:
        verdict = "agree" if line.agrees else f"[red]{len(line.faults)} differ[/red]"
        page.add_row(line.check, line.says, told(line.count), verdict)
    out.print(page)
    for line in lines:
        for title, found in (("differs", line.faults), ("note", line.notes)):
            for one in found[:SHOWN]:
                out.print(f"{line.check}: {title}: {one}", markup=False, soft_wrap=True)
            if len(found) > SHOWN:
                out.print(f"{line.check}: {title}: and {len(found) - SHOWN} more (--json shows all)", markup=False)
    wrong = sum(not line.agrees for line in lines)
    out.print("ledger and tables agree" if not wrong else f"{wrong} checks differ")


def add_to(app: typer.Typer) -> None:
    """This verb."""
    app.command("audit")(audit_command)
