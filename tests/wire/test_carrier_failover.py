"""One of two carriers hangs: texts go by the other within seconds, and come back to the first once it answers."""

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from pathlib import Path

import pytest
from deployment import until
from sqlalchemy import select

from cli.home import prepare
from cli.sample import make_sample
from config.settings import load_settings
from dispatcher import tables
from dispatcher.claim import Letter
from dispatcher.guard import PROBES
from dispatcher.happenings import Answered
from dispatcher.intake import Incoming
from dispatcher.words import Answer, Channel
from workers.app import make_celery
from workers.carriers.interface import Found, Question
from workers.deliver import deliver
from workers.engine import Engine
from workers.inflight import InFlight

FILE = """
[carrier.a]
kind = "simulator_sms"
slow_s = 0.2
request_timeout_s = 2
[carrier.b]
kind = "simulator_sms"
request_timeout_s = 2
[carrier.voice]
kind = "simulator_call"
request_timeout_s = 2
[route.sms]
all = ["a", "b"]
[route.call]
all = ["voice"]
"""


class Desk:
    """A carrier that takes everything, or hangs until its time is over, or for as long as it is told."""

    live = False
    contacts = "nobody"
    ask_after_s: float | None = None

    def __init__(self, name: str) -> None:
        self.name = name
        self.hangs = False
        self.released = threading.Event()
        self.released.set()
        self.got: list[tuple[float, str]] = []

    def batch_of(self, _channel: Channel) -> int:
        return 1

    async def send(self, _channel: Channel, letters: Sequence[Letter]) -> list[Answered]:
        self.got += [(time.monotonic(), letter.risk) for letter in letters]
        if self.hangs:
            await asyncio.sleep(2)
            await asyncio.to_thread(self.released.wait, 120)
            return [Answered(Answer.UNSURE, code="timeout")] * len(letters)
        return [Answered(Answer.ACCEPTED, carrier_ref=letter.reference) for letter in letters]

    async def ask(self, _questions: Sequence[Question]) -> dict[str, Found] | None:
        return None


@pytest.fixture
def town(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[tuple[Engine, Desk, Desk]]:
    """Two worker processes' engines would do the same; this is one, with two desks for carriers."""
    file = tmp_path / "carriers.toml"
    file.write_text(FILE)
    settings = load_settings({"home": tmp_path / "home", "carriers": str(file)})
    prepare(settings).store.close()
    engine = Engine(settings, make_celery(settings))
    a, b = Desk("a"), Desk("b")
    monkeypatch.setattr(engine.carriers, "_made", {("a", Channel.SMS): a, ("b", Channel.SMS): b})
    yield engine, a, b
    assert engine.in_flight.drain(30)


def warn(engine: Engine, many: int, seed: int) -> None:
    """So many people's texts are due, and a worker does its work."""
    now = datetime.now(UTC)
    lines = make_sample(many, day=None, seed=seed, now=now)
    engine.intake.accept([Incoming(raw=line.encode()) for line in lines], door="file", now=now)
    table = tables.dispatches
    waiting = select(table.c.id).where(table.c.channel == "sms", table.c.state == "waiting")
    with engine.store.read() as connection:
        ids = list(connection.execute(waiting).scalars())
    for start in range(0, len(ids), 5):
        deliver(engine, Channel.SMS, ids[start : start + 5])
        time.sleep(0.02)


def test_a_carrier_that_hangs_is_passed_by_and_has_its_traffic_back(town: tuple[Engine, Desk, Desk]) -> None:
    """The first carrier hangs: after the blink in which that is seen all texts go by the second, none of them waits for
    a time-out. It answers again: a few texts try it, and it has its traffic back."""
    engine, a, b = town
    a.hangs = True
    warn(engine, 10, seed=1)
    time.sleep(0.8)  # slow_s, the telling, and a busy machine
    assert engine.tally.guard.shut("a", datetime.now(UTC)) is not None
    hung, before = len(a.got), len(b.got)
    begun = time.monotonic()
    warn(engine, 20, seed=2)
    assert engine.in_flight.drain(30)
    assert len(a.got) <= hung + PROBES and len(b.got) >= before + 15  # on a busy machine its time may have come
    assert max(at for at, _ in b.got) - begun < 3
    a.hangs = False
    until = time.monotonic() + 30
    seed = 3
    while engine.tally.guard.shut("a", datetime.now(UTC)) is not None and time.monotonic() < until:
        warn(engine, 4, seed=seed)
        seed += 1
        time.sleep(0.5)
    tried, of_b = len(a.got), len(b.got)
    assert not [risk for _, risk in a.got[hung:tried] if risk in ("L1", "L2")]  # no urgent text was the probe
    warn(engine, 10, seed=99)
    assert engine.in_flight.drain(30)
    assert len(a.got) > tried and len(b.got) == of_b


def test_a_carrier_that_hangs_does_not_fill_the_worker(
    town: tuple[Engine, Desk, Desk], monkeypatch: pytest.MonkeyPatch
) -> None:
    """A worker has room for four requests, and the first carrier hangs with all four: those who come after go out by
    the second while the first still says nothing."""
    engine, a, b = town
    monkeypatch.setattr(engine, "in_flight", InFlight(requests=4))
    a.hangs = True
    a.released.clear()
    try:
        warning = threading.Thread(target=warn, args=(engine, 30, 1))
        warning.start()
        warning.join(60)
        assert not warning.is_alive()
        until("texts went by the second", lambda: len(b.got) >= 10)
        assert len(a.got) >= 4 and not engine.in_flight.drain(0.1)  # they are out still
    finally:
        a.hangs = False
        a.released.set()
