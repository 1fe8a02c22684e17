"""The folder, the carriers, and where traces go."""

from __future__ import annotations

import shutil
from collections.abc import Iterator

import httpx

from cli.doctor.check import Check, State
from cli.telemetry import cannot_trace
from config.carriers import CarrierSettings
from config.carriers.file import Carriers, load_carriers
from config.carriers.simulator import SimulatedCarrier
from config.faults import ConfigurationFault
from config.settings import Settings
from workers.carriers import Registry

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
    """Who would be contacted, and how, a line a carrier; and whether simulated ones answer.

    A real carrier is not called: no vendor has a request that is free and says that it is well.
    """
    try:
        found = load_carriers(settings)
    except ConfigurationFault as fault:
        for line in fault.faults:
            yield Check("carrier", State.FAIL, line, "mend the carriers file")
        return
    for section, says in _contacts(found, settings):
        if not isinstance(section, SimulatedCarrier) or _answers(section.base_url):
            yield Check("carrier", State.OK, says)
        else:
            todo = "start `quanzu simulator`, or see QUANZU_SIMULATOR_HOST and _PORT; tries are repeated meanwhile"
            yield Check("carrier", State.FAIL, f"{says}; it does not answer", todo)


def contacts(settings: Settings) -> list[str]:
    """One line for each carrier: who would be contacted by it, how. Raises: ConfigurationFault."""
    return [says for _, says in _contacts(load_carriers(settings), settings)]


def _contacts(found: Carriers, settings: Settings) -> Iterator[tuple[CarrierSettings, str]]:
    named = dict.fromkeys(section.name for section in found.sections)
    registry = Registry(found, httpx.AsyncClient, callback_base=settings.callback_base)
    made = {carrier.name: carrier for carrier in registry}
    for name in named:
        section = found.of(name)
        assert section is not None
        yield section, f"{name} contacts {made[name].contacts}"


def _answers(base: str) -> bool:
    try:
        return httpx.get(f"{base}/healthz", timeout=3.0).is_success
    except httpx.HTTPError:
        return False


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
