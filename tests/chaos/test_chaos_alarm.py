"""A broker that answers everybody and takes nothing, as RabbitMQ does in an alarm of memory or disk."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from servers import missing

from cli.doctor.broker import broker
from config.settings import Settings, load_settings
from workers.probe import Probe

from .servers import OwnRabbit, ServerMissing

pytestmark = [pytest.mark.slow, pytest.mark.timeout(300), pytest.mark.xdist_group("deployments")]


@pytest.fixture(scope="module")
def rabbit() -> Iterator[OwnRabbit]:
    """A RabbitMQ that may be hurt."""
    try:
        server = OwnRabbit()
    except ServerMissing as fault:
        missing("rabbitmq", str(fault))
        raise
    with server:
        yield server


@pytest.fixture
def settings(rabbit: OwnRabbit, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Settings:
    """A deployment whose broker it is."""
    monkeypatch.setenv("QUANZU_HOME", str(tmp_path))
    monkeypatch.setenv("QUANZU_BROKER_URL", rabbit.url)
    return load_settings()


def until(wanted: Callable[[], bool], within_s: float = 60.0) -> None:
    """Wait; fails when it does not come."""
    over = time.monotonic() + within_s
    while not wanted():
        assert time.monotonic() < over
        time.sleep(0.1)


def messages(settings: Settings) -> str | None:
    """What the doctor says of the broker's taking messages."""
    return next((check.state.value for check in broker(settings) if check.name == "messages"), None)


def test_a_broker_in_an_alarm_is_told_of(rabbit: OwnRabbit, settings: Settings) -> None:
    """Its memory is full on a quiet night: web warns and the doctor fails, until it is over."""
    answered: list[int] = []
    probe = Probe(settings, answered=lambda: answered.append(1), every_s=0.2)
    assert messages(settings) == "ok"
    probe.start()
    try:
        until(lambda: bool(answered))
        assert probe.trouble() is None
        rabbit.ctl("set_vm_memory_high_watermark", "0.000001")
        until(lambda: probe.trouble() is not None)
        assert messages(settings) == "fail"
        rabbit.ctl("set_vm_memory_high_watermark", "0.4")
        until(lambda: probe.trouble() is None)
        assert messages(settings) == "ok"
    finally:
        probe.stop()
        probe.join(10)
    assert not probe.is_alive()


def test_a_broker_that_is_away_is_missed_on_a_quiet_night(settings: Settings, rabbit: OwnRabbit) -> None:
    """It went away while nothing was to be sent: web warns all the same, and no more once it is back."""
    answered: list[int] = []
    probe = Probe(settings, answered=lambda: answered.append(1), every_s=0.2)
    rabbit.stop("fast")
    probe.start()
    try:
        until(lambda: probe.trouble() is not None)
        assert not answered
        rabbit.start()
        until(lambda: probe.trouble() is None and bool(answered))
    finally:
        probe.stop()
        probe.join(10)
    assert not probe.is_alive()
