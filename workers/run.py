"""Start one worker process of a lane, and stay until it is told to stop."""

from __future__ import annotations

import os
import secrets

from celery import Celery

from config.settings import Settings
from workers.app import make_celery, worker_arguments
from workers.clock import ClockStep
from workers.consumer import IntakeStep


def run_worker(settings: Settings, lane: str) -> int:
    """Work in `lane` (urgent, routine or intake) until SIGTERM. Returns the exit code.

    Every start takes a node name of its own: a broker may still hold the last one.
    """
    app = make_worker_app(settings, lane)
    name = f"{lane}-{os.getpid()}-{secrets.token_hex(3)}@quanzu"
    worker = app.Worker(**worker_arguments(settings, lane, name))
    worker.start()
    return int(worker.exitcode or 0)


def make_worker_app(settings: Settings, lane: str) -> Celery:
    """The app with the steps of this lane: the clock in every worker, the consumer in intake's."""
    app = make_celery(settings)
    app.conf.quanzu_settings = settings
    app.steps["worker"].add(ClockStep)
    if lane == "intake":
        app.steps["worker"].add(IntakeStep)
    return app
