"""A look at everything a deployment needs, one line a matter: what is there, and what to do where it is not.

Nothing is changed or made by looking.
"""

from __future__ import annotations

from collections.abc import Iterator

from cli.doctor.broker import broker
from cli.doctor.check import Check, State
from cli.doctor.engine import engine
from cli.doctor.memory import memory
from cli.doctor.outside import carriers, home, telemetry
from config.faults import ConfigurationFault
from config.policy import load_policy
from config.settings import Settings
from workers.engine import make_rules

__all__ = ["Check", "State", "examine"]


def examine(settings: Settings) -> Iterator[Check]:
    """Every check in order; what needs a database that is not there is left out."""
    yield from _settings(settings)
    policy = load_policy(settings.policy)
    yield Check("policy", State.OK, f"{policy.name}, digest {policy.digest[:12]}")
    yield from home(settings)
    usable = True
    for check in memory(settings):
        usable = usable and not (check.name in ("database", "migrations") and check.state is State.FAIL)
        yield check
    yield from broker(settings)
    if usable:
        yield from engine(settings)
    yield from carriers(settings)
    yield from telemetry(settings)


def _settings(settings: Settings) -> Iterator[Check]:
    """What they name; or what no part of ours starts with, and everything else can be looked at all the same."""
    try:
        make_rules(settings)
    except ConfigurationFault as fault:
        for line in fault.faults:
            yield Check("settings", State.FAIL, line, "mend this variable")
        return
    where = "PostgreSQL" if settings.database.startswith("postgresql") else "SQLite"
    by = "files of this machine" if settings.embedded_broker else "RabbitMQ"
    yield Check("settings", State.OK, f"{where}, {by}, policy {settings.policy}")
