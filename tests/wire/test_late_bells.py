"""A worker comes back to a queue in which bells have lain: the first of them brings everybody who waits."""

from __future__ import annotations

import time
from datetime import UTC, datetime
from pathlib import Path
from types import SimpleNamespace
from uuid import UUID

import pytest
from celery.contrib.testing.worker import start_worker
from deployment import until
from sqlalchemy import select
from test_slow_network import Watcher

from cli.home import prepare
from cli.sample import make_sample
from config.settings import load_settings
from dispatcher import tables
from dispatcher.bells import Bell
from dispatcher.intake import Incoming
from dispatcher.words import Channel
from workers.app import make_celery
from workers.engine import Engine
from workers.names import dispatch_queue


@pytest.mark.parametrize(("lay_s", "taken"), [(0.0, 1), (60.0, None)])
def test_a_bell_that_lay_long_brings_what_waits(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, lay_s: float, taken: int | None
) -> None:
    """Thirty people's texts wait and one bell is in the queue: fresh it brings one text, after a minute all."""
    settings = load_settings({"home": tmp_path / "home", "policy": "demo"})
    prepare(settings).store.close()
    engine = Engine(settings, make_celery(settings))
    watcher = Watcher(engine)
    monkeypatch.setattr(engine.carriers, "_made", {("simulator", channel): watcher for channel in Channel})
    monkeypatch.setattr("workers.tasks.engine_of", lambda _: engine)
    now = datetime.now(UTC)
    lines = make_sample(30, day=None, seed=5, now=now)
    engine.intake.accept([Incoming(raw=line.encode()) for line in lines], door="file", now=now)
    texts = _texts(engine)
    rung_at = time.time() - lay_s
    with monkeypatch.context() as then:
        then.setattr("workers.relay.time", SimpleNamespace(time=lambda: rung_at, monotonic=time.monotonic))
        engine.relay.ring([Bell(Channel.SMS, "routine", texts[0])])
        engine.relay.stop()
    queue = dispatch_queue("sms", "routine")
    engine.app.conf.task_queues = [one for one in engine.app.conf.task_queues if one.name == queue]
    with start_worker(engine.app, pool="solo", perform_ping_check=False, loglevel="ERROR"):
        until("the text is out", lambda: _tried(engine))
    assert engine.in_flight.drain(60)
    assert len(texts) > 10
    assert len(_tried(engine)) == (taken or len(texts))


def _texts(engine: Engine) -> list[UUID]:
    table = tables.dispatches
    with engine.store.read() as connection:
        query = select(table.c.id).where(table.c.channel == "sms", table.c.lane == "routine")
        return list(connection.execute(query).scalars())


def _tried(engine: Engine) -> set[UUID]:
    with engine.store.read() as connection:
        return set(connection.execute(select(tables.attempts.c.dispatch_id)).scalars())
