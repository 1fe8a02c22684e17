"""The one table at the end."""

from __future__ import annotations

from rich.console import Console
from rich.table import Table

from .verdict import Verdict

FAULTS_SHOWN = 40


def show(console: Console, verdict: Verdict, replay: str) -> None:
    """Print the table, what did not hold, and the seed to replay."""
    engine = "the engine" if verdict.broken is None else f"an engine without its promise `{verdict.broken}`"
    page = Table(title=f"chaos: {engine}, seed {verdict.seed}", title_justify="left", show_header=False)
    page.add_column("what", no_wrap=True)
    page.add_column("how many", justify="right")
    for what, figure in _rows(verdict):
        page.add_row(what, figure)
    console.print(page)
    for one in verdict.slowest[:3]:
        console.print(
            f"slow to come back: {one['worst_s']} s, {one['touched']} touched by {one['fault']}", markup=False
        )
    for fault in verdict.faults[:FAULTS_SHOWN]:
        console.print(f"does not hold: {fault}", markup=False, soft_wrap=True)
    if len(verdict.faults) > FAULTS_SHOWN:
        console.print(f"does not hold: and {len(verdict.faults) - FAULTS_SHOWN} more (--json shows all)")
    console.print("everything promised held" if verdict.holds else f"replay: {replay}", markup=False, soft_wrap=True)


def _rows(verdict: Verdict) -> list[tuple[str, str]]:
    return [
        ("alerts sent", _n(verdict.sent)),
        ("  accepted", _n(verdict.accepted)),
        ("  lost", _n(verdict.lost)),
        ("  sent again: unanswered / at will", f"{_n(verdict.resent)} / {_n(verdict.repeated_by_us)}"),
        ("dispatches", _n(verdict.dispatches)),
        ("  not ended", _n(verdict.unended)),
        ("tries / of them in doubt", f"{_n(verdict.attempts)} / {_n(verdict.unsure)}"),
        ("repeats, by rule 11", _kinds(verdict.repeats_by_rule_11)),
        ("repeats, by a fault", _kinds(verdict.repeats)),
        ("kills (SIGKILL, SIGTERM)", _n(verdict.kills)),
        ("processes started again", _n(verdict.restarts_of_processes)),
        ("broker restarts / wipes", f"{verdict.broker_restarts} / {verdict.broker_wipes}"),
        ("database restarts", _n(verdict.database_restarts)),
        ("connections disturbed / freezes", f"{verdict.connections_disturbed} / {verdict.freezes}"),
        ("worst recovery (promised)", f"{verdict.worst_recovery_s} s ({verdict.recovers_within_s:.0f} s)"),
        ("duration", f"{verdict.duration_s:.0f} s"),
    ]


def _n(number: int) -> str:
    return f"{number:,}"


def _kinds(counts: dict[str, int]) -> str:
    return ", ".join(f"{number} {kind}" for kind, number in sorted(counts.items())) or "0"
