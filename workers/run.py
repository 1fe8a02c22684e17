"""Start one worker process of a lane, and stay until it is told to stop."""

from __future__ import annotations

import os
import secrets
from contextlib import suppress
from typing import Any

import structlog
from celery import Celery
from celery.signals import worker_process_init, worker_process_shutdown
from sqlalchemy.exc import SQLAlchemyError

from config.settings import Settings
from workers.app import make_celery, worker_arguments
from workers.clock import ClockStep
from workers.consumer import IntakeStep
from workers.engine import engine_of
from workers.meters import begin
from workers.names import raw_queues_of
from workers.outcomes import OutcomesStep
from workers.presence import PresenceStep

log = structlog.get_logger("worker")


def run_worker(settings: Settings, lane: str) -> int:
    """Work in `lane` (urgent, routine or intake) until SIGTERM. Returns the exit code.

    Every start takes a node name of its own: a broker may still hold the last one.
    """
    begin(settings.home.resolve())
    app = make_worker_app(settings, lane)

    def begun(**_: Any) -> None:
        _warm_up(app)

    def ended(**_: Any) -> None:
        _finish(app)

    worker_process_init.connect(begun, weak=False)
    worker_process_shutdown.connect(ended, weak=False)
    name = f"{lane}-{os.getpid()}-{secrets.token_hex(3)}@quanzu"
    worker = app.Worker(**worker_arguments(settings, lane, name))
    worker.start()
    _finish(app)
    return int(worker.exitcode or 0)


def _warm_up(app: Celery) -> None:
    """The first task shall not wait for a database connection, an event loop and a client."""
    engine = engine_of(app)
    with suppress(SQLAlchemyError), engine.store.read():  # the database may be away: the task will tell
        pass
    _ = engine.carriers, engine.settler


def _finish(app: Celery) -> None:
    """Await what this process has out; what is not settled by then comes back by its lease."""
    engine = engine_of(app)
    if not engine.in_flight.drain(engine.settings.lease_s):
        log.warning("stopped_with_requests_out")


def make_worker_app(settings: Settings, lane: str) -> Celery:
    """The app with the steps of this lane: the clock in every worker, the consumer where it takes alerts."""
    app = make_celery(settings)
    app.conf.quanzu_settings = settings
    app.conf.quanzu_lane = lane
    app.steps["worker"].add(ClockStep)
    app.steps["worker"].add(PresenceStep)
    if raw_queues_of(lane):
        app.steps["worker"].add(IntakeStep)
    if lane == "intake":
        app.steps["worker"].add(OutcomesStep)
    return app
