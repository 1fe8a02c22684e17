"""The folder, the carriers, and where traces go."""

from __future__ import annotations

import shutil
from collections.abc import Iterator

import httpx

from cli.doctor.check import Check, State
from cli.telemetry import cannot_trace
from config.settings import Settings
from workers.carriers import SimulatorCarrier

GIB = 2**30
ROOM_WARN, ROOM_FAIL = 2 * GIB, GIB // 4


def home(settings: Settings) -> Iterator[Check]:
    """Whether it is there, closed to others, and has room."""
    folder = settings.home.resolve()
    if not folder.is_dir():
        yield Check("home", State.FAIL, "QUANZU_HOME is no folder yet", "`quanzu migrate` makes it")
        return
    free = shutil.disk_usage(folder).free
    says = f"{free / GIB:.1f} GiB free"
    if folder.stat().st_mode & 0o077:
        yield Check("home", State.WARN, f"{says}; others may look into it", "chmod 700 its folder")
    elif free < ROOM_FAIL:
        yield Check("home", State.FAIL, says, "make room: the embedded database, queue and logs are here")
    elif free < ROOM_WARN:
        yield Check("home", State.WARN, says, "make room soon")
    else:
        yield Check("home", State.OK, says)


def carriers(settings: Settings) -> Iterator[Check]:
    """Who would be contacted, and how; and whether the carrier answers."""
    carrier = SimulatorCarrier
    says = f"{carrier.name} contacts {carrier.contacts}"
    try:
        answer = httpx.get(f"{settings.simulator_base}/healthz", timeout=3.0)
        answers = answer.is_success
    except httpx.HTTPError:
        answers = False
    if answers:
        yield Check("carrier", State.OK, says)
    else:
        todo = "start `quanzu simulator`, or see QUANZU_SIMULATOR_HOST and _PORT; tries are repeated meanwhile"
        yield Check("carrier", State.FAIL, f"{says}; it does not answer", todo)


def telemetry(settings: Settings) -> Iterator[Check]:
    """Where counts and traces go."""
    port = f"on port {settings.metrics_port} of every worker's host and " if settings.metrics_port else ""
    yield Check("metrics", State.OK, f"told {port}at /metrics of the API")
    if not settings.otlp_endpoint:
        yield Check("traces", State.OK, "none are sent")
        return
    fault = cannot_trace()
    if fault is None:
        yield Check("traces", State.OK, f"go to {settings.otlp_endpoint}")
    else:
        yield Check("traces", State.FAIL, fault, "or leave QUANZU_OTLP_ENDPOINT empty")
