"""The parts of a deployment on one machine, and the environment they are started with."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence

from cli.home import Home, simulator_secret, town_keys
from cli.supervise import House, free_port
from config.settings import Settings

LANES = ("intake", "urgent", "routine")
TOLD_APART = {"simulator_secret", "sources", "trusted_proxies", "home"}


def with_free_ports(settings: Settings) -> Settings:
    """The same settings with ports that nobody has, unless they were chosen by hand."""
    chosen = {name for name in ("QUANZU_PORT", "QUANZU_SIMULATOR_PORT") if name in os.environ}
    changes = {}
    if "QUANZU_PORT" not in chosen:
        changes["port"] = free_port()
    if "QUANZU_SIMULATOR_PORT" not in chosen:
        changes["simulator_port"] = free_port()
    return settings.model_copy(update=changes)


def start_all(home: Home, *, simulator: Sequence[str] = ()) -> House:
    """Start workers, web and simulator. Raises: CannotStart."""
    house = House(home.settings)
    house.start(parts(simulator), lambda: environment(home))
    return house


def parts(simulator: Sequence[str]) -> Mapping[str, Sequence[str]]:
    """Every process by name, with the arguments of `quanzu` that start it."""
    return {
        "simulator": ("simulator", *simulator),
        "web": ("web",),
        **{f"worker-{lane}": ("worker", "--lane", lane) for lane in LANES},
    }


def environment(home: Home) -> dict[str, str]:
    """Our environment with this deployment's settings; secrets travel here, not on command lines."""
    settings = home.settings
    caller, officer = town_keys(home.store)
    told = {
        f"QUANZU_{name.upper()}": str(value)
        for name, value in settings.model_dump(
            exclude={"simulator_secret", "sources", "trusted_proxies", "home"}
        ).items()
    }
    ours = {name: value for name, value in os.environ.items() if not _is_file_of(name, told)}
    return {
        **ours,
        **told,
        "QUANZU_HOME": str(settings.home.resolve()),
        "QUANZU_SOURCES": ",".join(settings.sources),
        "QUANZU_TRUSTED_PROXIES": ",".join(map(str, settings.trusted_proxies)),
        "QUANZU_SIMULATOR_SECRET": simulator_secret(settings),
        "QUANZU_SIMULATOR_CALLER_KEYS": caller,
        "QUANZU_SIMULATOR_OFFICER_KEYS": officer,
        "PYTHONUNBUFFERED": "1",
    }


def _is_file_of(name: str, told: Mapping[str, str]) -> bool:
    """True for `QUANZU_X_FILE` of a setting: its value is told, and one that is given twice is a fault."""
    setting = name.upper().removesuffix("_FILE")
    apart = setting.removeprefix("QUANZU_").lower() in TOLD_APART
    return name.upper() not in told and setting != name.upper() and (setting in told or apart)
