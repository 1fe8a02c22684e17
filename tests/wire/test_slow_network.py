"""No transaction is open while the network is slow, and nobody is contacted by accident."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path

import pytest
from sqlalchemy import select

from cli.home import prepare
from cli.sample import make_sample
from config.settings import load_settings
from dispatcher import tables
from dispatcher.claim import Letter
from dispatcher.happenings import Answered
from dispatcher.intake import Incoming
from dispatcher.words import Answer, Channel
from workers.app import make_celery
from workers.carriers import SimulatorCarrier
from workers.carriers.interface import Found
from workers.clock import Clock
from workers.deliver import deliver
from workers.engine import Engine


class Watcher:
    """A carrier that is slow, and looks meanwhile how many connections to the database are in use."""

    name = "simulator"
    contacts = "nobody"
    live = False
    ask_after_s: float | None = 0.01

    def __init__(self, engine: Engine) -> None:
        self.engine = engine
        self.in_use: list[int] = []

    def batch_of(self, channel: Channel) -> int:
        return 10

    async def send(self, channel: Channel, letters: Sequence[Letter]) -> list[Answered]:
        await self._look()
        return [Answered(Answer.UNSURE, code="slow", ask_in_s=0.01)] * len(letters)

    async def ask(self, references: Sequence[str]) -> dict[str, Found] | None:
        await self._look()
        return dict.fromkeys(references, Found(True, "x", "DELIVRD", datetime.now(UTC)))

    async def _look(self) -> None:
        await asyncio.sleep(0.05)
        self.in_use.append(self.engine.store.engine.pool.checkedout())  # type: ignore[attr-defined]


@pytest.fixture
def engine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Engine:
    """A worker's engine over a home of its own, with a watcher for a carrier."""
    settings = load_settings({"home": tmp_path / "home", "policy": "demo"})
    prepare(settings).store.close()
    made = Engine(settings, make_celery(settings))
    watcher = Watcher(made)
    monkeypatch.setattr(made.carriers, "_made", {("simulator", channel): watcher for channel in Channel})
    return made


def test_no_connection_is_held_while_the_carrier_thinks(engine: Engine) -> None:
    """Twenty people's texts are out with a slow carrier, then it is asked for each: the database is left alone."""
    now = datetime.now(UTC)
    lines = make_sample(20, day=None, seed=5, now=now)
    engine.intake.accept([Incoming(raw=line.encode()) for line in lines], door="file", now=now)
    table = tables.dispatches
    with engine.store.read() as connection:
        ids = list(connection.execute(select(table.c.id).where(table.c.channel == "sms")).scalars())
    assert deliver(engine, Channel.SMS, ids) == len(ids)
    assert engine.in_flight.drain(60)
    watcher = engine.carriers.carrier("simulator", Channel.SMS)
    assert isinstance(watcher, Watcher)
    asked = len(watcher.in_use)
    Clock(engine).sweep()
    assert asked >= 2
    assert len(watcher.in_use) > asked
    assert set(watcher.in_use) == {0}


def test_nobody_is_contacted_unless_a_carrier_is_named(tmp_path: Path) -> None:
    """A stranger starts it with no settings at all: the one carrier is the simulator on the stranger's own machine."""
    settings = load_settings({"home": tmp_path})
    made = Engine(settings, make_celery(settings))
    assert {type(carrier) for carrier in made.carriers} == {SimulatorCarrier}
    assert all(carrier.contacts.startswith("nobody") and not carrier.live for carrier in made.carriers)
    assert settings.simulator_base.startswith("http://127.0.0.1:")
