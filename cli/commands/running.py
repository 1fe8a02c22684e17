"""`run` and `up`: everything on this machine."""

from __future__ import annotations

import signal
import threading
from pathlib import Path
from typing import Annotated

import typer

from cli.home import prepare
from cli.logs import set_up_logs
from cli.parts import start_all, with_free_ports
from cli.run_file import Wishes, run_file
from cli.say import out, plainly
from config.settings import load_settings

PolicyOption = Annotated[str | None, typer.Option("--policy", help="Policy by name, or a path to a .toml file.")]
FaultsOption = Annotated[
    str, typer.Option("--faults", help="The simulated carrier's faults: none, mild, or like hang=0.01,drop=0.002.")
]


def run(
    file: Annotated[Path, typer.Argument(help="Alerts as JSON Lines or CSV.", exists=True, dir_okay=False)],
    policy: PolicyOption = None,
    live: Annotated[bool, typer.Option("--live", help="Move each alert's times, so that it is pushed now.")] = False,
    expect_refused: Annotated[int, typer.Option(help="So many refused alerts are expected.", min=0)] = 0,
    resend_after: Annotated[float, typer.Option(help="Seconds after which an unanswered alert is sent again.")] = 60.0,
    give_up_after: Annotated[float, typer.Option(help="Seconds after which to stop waiting.")] = 3600.0,
    faults: FaultsOption = "mild",
    seed: Annotated[int, typer.Option(help="The simulated town's seed.")] = 1,
) -> None:
    """Start everything, send FILE, wait until every dispatch has ended, print the figures.

    Exit code 0 only if nothing was lost or refused unexpectedly. Nobody is contacted: the carrier is simulated.

    Example: quanzu sample --alerts 500 --seed 7 > today.jsonl && quanzu run today.jsonl --policy demo --live
    """
    set_up_logs("WARNING")
    with plainly():
        settings = with_free_ports(load_settings({"policy": policy} if policy else None))
        wishes = Wishes(live, expect_refused, resend_after, give_up_after, ("--faults", faults, "--seed", str(seed)))
        outcome = run_file(prepare(settings), file, wishes)
    raise typer.Exit(0 if outcome.as_wished else 1)


def up(
    policy: PolicyOption = None,
    faults: FaultsOption = "mild",
    seed: Annotated[int, typer.Option(help="The simulated town's seed.")] = 1,
) -> None:
    """Start everything and stay up until Ctrl-C.

    Example: quanzu up --policy demo
    """
    set_up_logs("WARNING")
    with plainly():
        home = prepare(load_settings({"policy": policy} if policy else None))
        house = start_all(home, simulator=("--faults", faults, "--seed", str(seed)))
    out.print(f"up at {home.settings.web_url} (policy: {home.settings.policy})")
    out.print(f"first key, an administrator's: {home.first_key}", soft_wrap=True)
    out.print("who would be contacted: nobody; texts, calls and visits go to the simulator on this machine")
    out.print(f"logs: {home.settings.home}/logs · stop with Ctrl-C")
    stop = threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: stop.set())
    stop.wait()
    out.print("stopping …")
    house.stop(lambda line: out.print(line))


def add_to(app: typer.Typer) -> None:
    """These verbs."""
    app.command()(run)
    app.command()(up)
