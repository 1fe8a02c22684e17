"""The carriers of a deployment: read from the file that QUANZU_CARRIERS names, all faults told at once.

No file: the simulated carrier for texts and calls, on this machine, and nobody is contacted.
"""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from difflib import get_close_matches
from ipaddress import ip_address
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from pydantic import ValidationError

from config.carriers.base import CarrierSettings
from config.carriers.kinds import KINDS
from config.carriers.outcomes import OF_CHANNEL
from config.carriers.routes import LEVELS, Route, read_routes
from config.carriers.simulator import SimulatedCalls, SimulatedTexts
from config.faults import ConfigurationFault, faults_of
from config.settings import Settings

SIMULATOR = "simulator"
"""The name of the carrier of a deployment without a carriers file."""

RESERVED = frozenset({"worklist"})
"""Names that attempts carry for something else."""


@dataclass(frozen=True, slots=True)
class Carriers:
    """The sections, and the route of every channel (`sms`, `call`) and level (`L1` … `L4`).

    `named`: they come from a file. Without one, both sections are of the same carrier, the simulator.
    """

    sections: tuple[CarrierSettings, ...]
    routes: Mapping[str, Mapping[str, Route]]
    named: bool = True

    def of(self, name: str) -> CarrierSettings | None:
        """The section of a carrier."""
        return next((section for section in self.sections if section.name == name), None)


def load_carriers(settings: Settings) -> Carriers:
    """The carriers that this deployment uses.

    Raises: ConfigurationFault: every fault at once, each naming its place in the file and what would be right.
    """
    if not settings.carriers:
        return simulated(settings)
    path = Path(settings.carriers)
    try:
        told = tomllib.loads(path.read_text("utf-8"))
    except OSError as fault:
        why = fault.strerror or type(fault).__name__
        raise ConfigurationFault([f"QUANZU_CARRIERS: must name a file that can be read: {why}"]) from fault
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as fault:
        where = str(fault).rpartition("(")[2].rstrip(")") if isinstance(fault, tomllib.TOMLDecodeError) else "UTF-8"
        raise ConfigurationFault([f"QUANZU_CARRIERS: must name a file of TOML; it goes wrong at {where}"]) from None
    return read_carriers(told, settings)


def read_carriers(told: Mapping[str, Any], settings: Settings) -> Carriers:
    """See `load_carriers`; `told` is the file's content."""
    faults = [
        f"{key}: is no part of this file; there are carrier and route" for key in told.keys() - {"carrier", "route"}
    ]
    tables = told.get("carrier", {})
    if not isinstance(tables, dict) or not tables:
        faults.append("carrier: must be tables, one for each carrier: [carrier.NAME]")
        tables = {}
    sections: list[CarrierSettings] = []
    channels: dict[str, str] = {}
    for name, fields in tables.items():
        section, wrong = _section(name, fields, settings)
        faults += wrong
        # a carrier with a fault of its own is no stranger to the routes
        channel = section.channel if section else _channel_of(fields)
        if channel is not None:
            channels[name] = channel
        if section is not None:
            sections.append(section)
    routes, wrong = read_routes(told.get("route", {}), channels)
    faults += wrong
    if faults:
        raise ConfigurationFault([f"QUANZU_CARRIERS: {line}" for line in faults])
    return Carriers(tuple(sections), routes)


def simulated(settings: Settings) -> Carriers:
    """The simulator for both channels, as the settings describe it."""
    common = {
        "name": SIMULATOR,
        "base_url": settings.simulator_base,
        "request_timeout_s": settings.request_timeout_s,
        "askable": settings.simulator_askable,
        "settling_s": settings.settling_s,
    }
    texts = SimulatedTexts(**common, per_s=settings.sms_per_s, batch=settings.sms_batch)  # type: ignore[arg-type]  # pydantic checks them
    calls = SimulatedCalls(**common, per_s=settings.calls_per_s, batch=settings.call_batch)  # type: ignore[arg-type]  # the same
    by_it = dict.fromkeys(LEVELS, Route((SIMULATOR,)))
    return Carriers((texts, calls), {"sms": by_it, "call": by_it}, named=False)


def _section(name: str, fields: Any, settings: Settings) -> tuple[CarrierSettings | None, list[str]]:
    here = f"carrier.{name}"
    if not isinstance(fields, dict):
        return None, [f"{here}: must be a table"]
    kind = fields.get("kind")
    made = KINDS.get(kind) if isinstance(kind, str) else None
    if made is None:
        near = get_close_matches(str(kind), KINDS, n=1, cutoff=0.4)
        meant = f"did you mean {near[0]}?" if near else f"there are {', '.join(sorted(KINDS))}"
        return None, [f"{here}.kind: is no kind of carrier; {meant}"]
    if "name" in fields:
        return None, [f"{here}.name: is the section's title"]
    try:
        section = made.model_validate(fields | {"name": name})
    except ValidationError as error:
        return None, [f"{here}.{line}".replace(": Value error, ", ": ", 1) for line in faults_of(error)]
    faults = _odd_codes(section) + _lacking(section, settings)
    if name in RESERVED:
        faults.append("a carrier cannot have this name")
    return section, [f"{here}{'' if line.startswith('.') else ': '}{line}" for line in faults]


def _odd_codes(section: CarrierSettings) -> list[str]:
    known = OF_CHANNEL[section.channel]
    return [
        f".codes.{code}: is no outcome; there are {', '.join(sorted(known))}"
        for code, outcome in section.codes.items()
        if outcome not in known
    ]


def _lacking(section: CarrierSettings, settings: Settings) -> list[str]:
    """What a carrier needs beyond its own fields: time within a lease, and a way back to our doors."""
    faults = []
    if settings.lease_s < 2 * section.request_timeout_s:
        faults.append(".request_timeout_s: must be at most half of QUANZU_LEASE_S: a request ends within its lease")
    if not (section.live and section.calls_back):
        return faults
    if section.callback_secret is None:
        faults.append(".callback_secret: is needed by a live carrier: its news comes to an address that nobody guesses")
    if not settings.public_url and not _is_here(str(getattr(section, "base_url", ""))):
        faults.append("a live carrier calls back: set QUANZU_PUBLIC_URL to where it reaches our doors")
    return faults


def _is_here(url: str) -> bool:
    """A gateway, or a rehearsal, on this machine."""
    host = urlsplit(url).hostname or ""
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def _channel_of(fields: Any) -> str | None:
    """The channel that a section with faults would have had."""
    if not isinstance(fields, dict):
        return None
    kind = KINDS.get(str(fields.get("kind")))
    default = kind.model_fields["channel"].default if kind else None
    found = fields.get("channel", default)
    return found if found in OF_CHANNEL else None
