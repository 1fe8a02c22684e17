"""`run` and `up`: everything on this machine."""

from __future__ import annotations

import shutil
import signal
import tempfile
from datetime import UTC, datetime
from pathlib import Path
from queue import SimpleQueue
from typing import Annotated

import typer

from cli.commands.audit import audit_home
from cli.commands.engine import AnswerOption, read_span
from cli.doctor.outside import contacts
from cli.home import prepare
from cli.logs import set_up_logs
from cli.parts import start_all, with_free_ports
from cli.run_file import Wishes, run_file
from cli.sample import make_sample
from cli.say import out, plainly
from cli.supervise import LOCK, CannotStart, locked
from config.settings import Settings, load_settings
from dispatcher.plan import LOCAL
from simulator.faults import parse_faults

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
    rate: Annotated[float, typer.Option(help="Alerts sent a second; 0: as fast as it goes.", min=0)] = 0.0,
    faults: FaultsOption = "mild",
    seed: Annotated[int, typer.Option(help="The simulated town's seed.")] = 1,
    answer_ms: AnswerOption = None,
) -> None:
    """Start everything, send FILE, wait until every dispatch has ended, print the figures.

    Exit code 0 only if nothing was lost or refused unexpectedly. Nobody is contacted: the carrier is simulated.

    Example: quanzu sample --alerts 500 --seed 7 > today.jsonl && quanzu run today.jsonl --policy demo --live
    """
    set_up_logs("WARNING")
    with plainly():
        settings = with_free_ports(load_settings({"policy": policy} if policy else None))
        town = ("--faults", faults, "--seed", str(seed))
        wishes = Wishes(live, expect_refused, resend_after, give_up_after, rate, town)
        outcome = run_file(prepare(settings), file, wishes)
    raise typer.Exit(0 if outcome.as_wished else 1)


def town_options(faults: str, seed: int, answer_ms: str | None = None) -> tuple[str, ...]:
    """What `quanzu simulator` is started with. Raises: ValueError: an option cannot be read; nothing was started."""
    parse_faults(faults)
    if answer_ms is not None:
        read_span("--answer-ms", answer_ms)
    pace = ("--answer-ms", answer_ms) if answer_ms else ()
    return ("--faults", faults, "--seed", str(seed), *pace)


DEMO_MARK = "made-by-demo"
MALFORMED = 8
DEMO_PER_S = 90.0
"""A batch drained in 60 s was 83 a second in the province's busiest year; the demo sends a little more."""


def demo(
    alerts: Annotated[int, typer.Option(help="How many alerts.", min=1)] = 5532,
    seed: Annotated[int, typer.Option(help="The same seed, the same alerts and the same town.")] = 7,
) -> None:
    """One day of a province through all three channels, watched in a minute or two, then figures and audit.

    Uses QUANZU_HOME, and begins anew: what an earlier demo left there is removed, anything else is not touched.

    Example: quanzu demo --alerts 500
    """
    set_up_logs("WARNING")
    with plainly():
        settings = with_free_ports(load_settings({"policy": "demo"}))
        _begin_anew(settings)
        with tempfile.TemporaryDirectory(prefix="quanzu-demo-") as folder:
            file = Path(folder) / "day.jsonl"
            now = datetime.now(UTC)
            day = now.astimezone(LOCAL).date()
            lines = make_sample(alerts, day=day, seed=seed, now=now, malformed=MALFORMED)
            file.write_bytes(b"".join(line.encode("utf-8", "surrogatepass") + b"\n" for line in lines))
            out.print(f"{alerts:,} made-up alerts of one day, and {MALFORMED} broken ones that must be refused")
            town = ("--faults", "mild", "--seed", str(seed))
            wishes = Wishes(True, MALFORMED, 20.0, 600.0, DEMO_PER_S, town)
            home = prepare(settings)
            (settings.home / DEMO_MARK).touch()
            outcome = run_file(home, file, wishes)
        out.print("\nauditing: the town's ledger against the tables, person by person …")
        agreed = audit_home(home)
    raise typer.Exit(0 if outcome.as_wished and agreed else 1)


def _begin_anew(settings: Settings) -> None:
    """Remove an earlier demo's data. Raises: CannotStart: what is there was not made by a demo."""
    home = settings.home.resolve()
    if not home.exists() or not any(home.iterdir()):
        return
    if not (home / DEMO_MARK).exists():
        raise CannotStart(f"{settings.home} holds data that no demo made; set QUANZU_HOME to another folder")
    with locked(home):
        for path in home.iterdir():
            if path.is_dir():
                shutil.rmtree(path)
            elif path.name != LOCK:
                path.unlink()


def up(
    policy: PolicyOption = None,
    faults: FaultsOption = "mild",
    seed: Annotated[int, typer.Option(help="The simulated town's seed.")] = 1,
    answer_ms: AnswerOption = None,
) -> None:
    """Start everything and stay up until Ctrl-C.

    Example: quanzu up --policy demo
    """
    set_up_logs("WARNING")
    with plainly():
        town = town_options(faults, seed, answer_ms)
        home = prepare(load_settings({"policy": policy} if policy else None))
        house = start_all(home, simulator=town)
    stop: SimpleQueue[int] = SimpleQueue()  # an Event may hang where a second signal comes while the first one sets it
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda number, _frame: stop.put(number))
    out.print(f"up at {home.settings.web_url} (policy: {home.settings.policy})")
    out.print(f"first key, an administrator's: {home.first_key}", soft_wrap=True)
    out.print(f"the pages, in a browser: {home.settings.web_url}/pages (the key signs in, in place of a password)")
    for line in contacts(home.settings):
        out.print(f"who would be contacted: {line}", soft_wrap=True, markup=False)
    out.print(f"logs: {home.settings.home}/logs · stop with Ctrl-C")
    stop.get()
    out.print("stopping …")
    house.stop(lambda line: out.print(line))


def add_to(app: typer.Typer) -> None:
    """These verbs."""
    app.command()(run)
    app.command()(demo)
    app.command()(up)
