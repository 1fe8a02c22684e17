"""The figures on a terminal."""

from __future__ import annotations

from rich.console import Console
from rich.table import Table

from cli.say import told
from dispatcher.figures import KPIS, Figures
from dispatcher.words import DispatchState


def print_figures(console: Console, counted: Figures) -> None:
    """Alerts, dispatches by channel and state, and the KPIs with what they were made of."""
    alerts = counted.alerts
    console.print(
        f"\n[bold]alerts[/bold]  received {told(alerts['received'])} · joined a case {told(alerts['merged'])} · "
        f"persons {told(alerts['persons'])} · refused {told(alerts['refused'])}\n"
        f"[bold]cases[/bold]   closed {told(alerts['closed'])} · open {told(alerts['open'])} "
        f"(of these temp_unreachable 暂时找不到 {told(alerts['temp_unreachable'])}) · "
        f"follow-ups due {told(alerts['follow_ups_due'])}"
    )
    dispatches = Table(title="dispatches", title_justify="left")
    dispatches.add_column("channel")
    for state in DispatchState:
        dispatches.add_column(state.value, justify="right")
    for channel, states in counted.dispatches.items():
        dispatches.add_row(channel, *(told(states[state.value]) for state in DispatchState))
    console.print(dispatches)
    kpis = Table(title="figures", title_justify="left")
    for name, justify in (("id", "left"), ("", "left"), ("value", "right"), ("of", "right")):
        kpis.add_column(name, justify=justify)  # type: ignore[arg-type]  # both are literals
    for name, kpi in counted.kpi.items():
        kpis.add_row(name, KPIS[name][0], told(kpi.value), f"{told(kpi.numerator)} / {told(kpi.denominator)}")
    console.print(kpis)
