"""`worker`, `web`, `simulator`, `migrate`: the parts of a deployment, one process each."""

from __future__ import annotations

import os
import secrets
from dataclasses import replace
from datetime import UTC, datetime
from enum import StrEnum
from typing import Annotated

import typer
import uvicorn

from cli import collector
from cli.correspondents import correspondents_of, tellers
from cli.home import make_folders, prepare, simulator_secret
from cli.logs import set_up_logs
from cli.readiness import Readiness
from cli.say import fail, out, plainly
from cli.telemetry import listener
from config.carriers.file import load_carriers
from config.settings import Settings, load_settings
from dispatcher.carriers import simulator as simulator_language
from dispatcher.health import keep_only
from dispatcher.measures import NEWS_CAME
from dispatcher.presence import Presence
from dispatcher.routing.network import network_of
from migrations import present
from simulator.faults import FaultsUnreadable, parse_faults
from simulator.main import serve
from simulator.options import OptionsWrong, with_vendors
from simulator.simulation import Simulation
from web.app import make_app
from web.house import House
from workers import tracing
from workers.app import make_celery
from workers.engine import make_intake
from workers.lifeline import hold_lifeline
from workers.meters import begin
from workers.presence import Heart
from workers.probe import Probe
from workers.relay import Relay
from workers.run import run_worker

AnswerOption = Annotated[
    str | None, typer.Option("--answer-ms", help="How long the simulated carrier takes to answer, such as 5..30.")
]


class Lane(StrEnum):
    """Which work a worker takes."""

    URGENT = "urgent"
    ROUTINE = "routine"
    INTAKE = "intake"


def worker(lane: Annotated[Lane, typer.Option(help="Which work it takes.")]) -> None:
    """One worker process of a lane, until SIGTERM.

    Example: quanzu worker --lane urgent
    """
    with plainly():
        settings = load_settings()
        set_up_logs(settings.log_level)
        hold_lifeline()
        carriers = load_carriers(settings)
        home = prepare(settings, keeper=False)
        keep_only(home.store, [section.name for section in carriers.sections])
        home.store.close()  # each process that is forked opens its own
        tracing.begin(listener(settings, f"worker-{lane.value}"))
        collector.calm()
        raise typer.Exit(run_worker(settings, lane.value))


def web() -> None:
    """The HTTP API, until SIGTERM.

    Example: QUANZU_PORT=8496 quanzu web
    """
    with plainly():
        settings = load_settings()
        set_up_logs(settings.log_level)
        hold_lifeline()
        carriers = load_carriers(settings)
        home = prepare(settings, keeper=False)
        keep_only(home.store, [section.name for section in carriers.sections])
        relay = Relay(make_celery(settings), chunk=settings.chunk).start()
        presence = Presence(f"web-{os.getpid()}-{secrets.token_hex(3)}", "web", datetime.now(UTC))
        heart = Heart(home.store, presence)
        meters = begin(settings.home.resolve())
        for name, way in tellers(carriers):
            meters.add(NEWS_CAME, (name, way), 0)
        heart.start()
        probe = Probe(settings, answered=relay.broker_answers)
        if not settings.embedded_broker:
            probe.start()

        def stop() -> None:
            probe.stop()
            heart.stop()

        readiness = Readiness(home.store, presence)
        house = House(
            store=home.store,
            intake=make_intake(settings, home.store),
            ring=relay.ring,
            secrets={simulator_language.NAME: simulator_secret(settings)},
            correspondents=correspondents_of(carriers, settings),
            public_url=settings.callback_base,
            network=network_of(carriers),
            ready=readiness.missing,
            warnings=lambda: [*([told] if (told := probe.trouble() or relay.trouble()) else []), *readiness.warnings()],
            meters=meters,
            tell=listener(settings, "web"),
            closing=stop,
            secure=settings.callback_base.startswith("https:"),
        )
        app = make_app(house)
        collector.calm()
        uvicorn.run(
            app,
            host=settings.host,
            port=settings.port,
            log_config=None,
            access_log=False,
            proxy_headers=bool(settings.trusted_proxies),
            forwarded_allow_ips=[str(network) for network in settings.trusted_proxies],
            server_header=False,
            timeout_graceful_shutdown=10,
        )


def simulator(
    faults: Annotated[str, typer.Option(help="none, mild, or like hang=0.01,drop=0.002.")] = "mild",
    seed: Annotated[int, typer.Option(help="The same seed, the same town.")] = 1,
    at_once: Annotated[bool, typer.Option("--at-once", help="Answer without delay or fault; for benchmarks.")] = False,
    people: Annotated[bool, typer.Option(help="Whether simulated officers and callers work.")] = True,
    answer_ms: AnswerOption = None,
) -> None:
    """The simulated carrier and town, until SIGTERM. It contacts nobody.

    Example: quanzu simulator --faults hang=0.01,drop=0.002 --seed 7
    """
    with plainly():
        settings = load_settings()
        set_up_logs(settings.log_level)
        hold_lifeline()
        make_folders(settings, "simulator")
        try:
            sim = with_vendors(simulation(settings, faults, seed, at_once, people), os.environ)
            if answer_ms is not None:
                sim = replace(sim, answer_ms=read_span("--answer-ms", answer_ms))
            collector.calm()
            serve(sim, settings.simulator_host, settings.simulator_port)
        except (FaultsUnreadable, OptionsWrong) as fault:
            raise fail(*getattr(fault, "faults", [str(fault)])) from fault


def simulation(settings: Settings, faults: str, seed: int, at_once: bool, people: bool) -> Simulation:
    """The simulator's options for this deployment. Raises: FaultsUnreadable."""
    callers, officers = (_keys("CALLER"), _keys("OFFICER")) if people else ((), ())
    return Simulation(
        seed=seed,
        secret=simulator_secret(settings),
        ledger=settings.home.resolve() / "simulator" / "ledger.jsonl",
        askable=settings.simulator_askable,
        faults=parse_faults(faults),
        at_once=at_once,
        worklist=settings.callback_base if callers or officers else None,
        caller_keys=callers,
        officer_keys=officers,
    )


def read_span(option: str, text: str) -> tuple[float, float]:
    """From and to of `LOW..HIGH`, or of one number. Raises: ValueError: names the option."""
    low, _, high = text.partition("..")
    try:
        return float(low), float(high or low)
    except ValueError as fault:
        raise ValueError(f"{option} must be LOW..HIGH, such as 5..30") from fault


def _keys(role: str) -> tuple[str, ...]:
    told = os.environ.get(f"QUANZU_SIMULATOR_{role}_KEYS", "")
    return tuple(key for key in told.split(",") if key)


def migrate() -> None:
    """Make or renew folder, keys, tables and units. Safe to run again.

    Example: QUANZU_HOME=/srv/quanzu quanzu migrate
    """
    set_up_logs("WARNING")
    with plainly():
        home = prepare(load_settings())
        out.print(f"tables are at {present(home.store.engine)}")


def add_to(app: typer.Typer) -> None:
    """These verbs."""
    for verb in (worker, web, simulator, migrate):
        app.command()(verb)
