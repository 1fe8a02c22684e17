"""Settings: whole or not at all, and no secret in a complaint."""

from __future__ import annotations

from pathlib import Path

import pytest

from config.faults import ConfigurationFault
from config.settings import load_settings


@pytest.fixture(autouse=True)
def _clean(monkeypatch: pytest.MonkeyPatch) -> None:
    """No setting of the machine's own."""
    import os

    for name in list(os.environ):
        if name.startswith("QUANZU_"):
            monkeypatch.delenv(name)


def test_nothing_set_is_the_embedded_engine(tmp_path: Path) -> None:
    """A machine with nothing but Python: SQLite and files in the home folder, doors on loopback."""
    settings = load_settings({"home": tmp_path})
    assert settings.database == f"sqlite:///{tmp_path / 'quanzu.sqlite'}"
    assert settings.embedded_broker
    assert settings.web_url.startswith("http://127.0.0.1:")
    assert settings.simulator_base.startswith("http://127.0.0.1:")
    assert settings.queue_folder == tmp_path / "queue"
    assert settings.lease_s <= 30


def test_the_environment_is_read(monkeypatch: pytest.MonkeyPatch) -> None:
    """PostgreSQL and RabbitMQ by two URLs; further sources by commas."""
    monkeypatch.setenv("QUANZU_DATABASE_URL", "postgresql://db/quanzu")
    monkeypatch.setenv("QUANZU_BROKER_URL", "amqp://mq//")
    monkeypatch.setenv("QUANZU_SOURCES", "bank_of_taiyuan, ,telecom_x")
    settings = load_settings()
    assert settings.database == "postgresql+psycopg://db/quanzu"
    assert not settings.embedded_broker
    assert settings.sources == ("bank_of_taiyuan", "telecom_x")


def test_every_fault_is_told_at_once_by_its_variable(monkeypatch: pytest.MonkeyPatch) -> None:
    """Six mistakes: six sentences, each naming the variable to mend."""
    wrong = {
        "QUANZU_PORT": "70000",
        "QUANZU_LEASE_S": "31",
        "QUANZU_DATABASE_URL": "mysql://x",
        "QUANZU_BROKER_URL": "redis://x",
        "QUANZU_HOME_REGION": "14",
        "QUANZU_LOG_LEVEL": "LOUD",
    }
    for name, value in wrong.items():
        monkeypatch.setenv(name, value)
    with pytest.raises(ConfigurationFault) as fault:
        load_settings()
    assert sorted(line.partition(":")[0] for line in fault.value.faults) == sorted(wrong)


def test_a_complaint_repeats_no_secret() -> None:
    """A password in a wrong URL is not told to the log."""
    with pytest.raises(ConfigurationFault) as fault:
        load_settings({"broker_url": "redis://user:hunter2@mq", "database_url": "mysql://user:hunter2@db"})
    assert "hunter2" not in str(fault.value)


def test_settings_do_not_change_afterwards() -> None:
    """A frozen value: what doctor showed is what runs."""
    settings = load_settings()
    with pytest.raises(ValueError, match="frozen"):
        settings.port = 1


def test_a_slip_of_the_pen_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    """An operator wrote QUANZU_DATABSE_URL: the nearest setting is named, and its value is not."""
    monkeypatch.setenv("QUANZU_DATABSE_URL", "postgresql://user:hunter2@db/quanzu")
    monkeypatch.setenv("QUANZU_SUPERVISOR_PID", "1")
    with pytest.raises(ConfigurationFault) as fault:
        load_settings()
    assert fault.value.faults == ["QUANZU_DATABSE_URL: is no setting; did you mean QUANZU_DATABASE_URL?"]
