"""Secrets from files, and where the parts of a deployment on many hosts reach each other."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from cli.home import prepare
from cli.parts import environment
from config.faults import ConfigurationFault
from config.files import MOST_BYTES
from config.settings import load_settings


@pytest.fixture(autouse=True)
def _clean(monkeypatch: pytest.MonkeyPatch) -> None:
    """No setting of the machine's own."""
    for name in list(os.environ):
        if name.startswith("QUANZU_"):
            monkeypatch.delenv(name)


def faults() -> list[str]:
    """What the operator reads at the start."""
    with pytest.raises(ConfigurationFault) as fault:
        load_settings()
    return list(fault.value.faults)


def test_secrets_are_read_from_files(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """An operator keeps secrets in files, each with an editor's last newline; any other setting may be one."""
    told = {
        "DATABASE_URL": "postgresql://quanzu:made-up@db/quanzu",
        "BROKER_URL": "amqp://quanzu:made-up@mq/quanzu",
        "SIMULATOR_SECRET": "made-up",
        "PORT": "9000",
        "SOURCES": "bank_of_taiyuan,telecom_x",
    }
    for name, value in told.items():
        path = tmp_path / name
        path.write_text(f"  {value}\n")
        monkeypatch.setenv(f"QUANZU_{name}_FILE", str(path))
    settings = load_settings()
    assert settings.database == "postgresql+psycopg://quanzu:made-up@db/quanzu"
    assert settings.broker_url == told["BROKER_URL"]
    assert settings.simulator_secret.get_secret_value() == "made-up"
    assert (settings.port, settings.sources) == (9000, ("bank_of_taiyuan", "telecom_x"))


def test_value_and_file_together_are_a_fault(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """An operator left the old URL beside the new file: nobody guesses which was meant, and neither is repeated."""
    path = tmp_path / "url"
    path.write_text("amqp://user:hunter2@mq/")
    monkeypatch.setenv("QUANZU_BROKER_URL_FILE", str(path))
    monkeypatch.setenv("QUANZU_BROKER_URL", "amqp://user:hunter2@old/")
    assert faults() == ["QUANZU_BROKER_URL_FILE: QUANZU_BROKER_URL is given too; give one of them"]


def test_a_file_that_cannot_serve_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Absent, a folder, empty, no text, too long: a sentence for each, by its variable, without path or contents."""
    empty, letters, long = tmp_path / "empty", tmp_path / "letters", tmp_path / "long"
    empty.write_text(" \n")
    letters.write_bytes(b"hunter2\xff")
    long.write_bytes(b"hunter2" * MOST_BYTES)
    wrong = {
        "DATABASE_URL": tmp_path / "absent",
        "BROKER_URL": tmp_path,
        "SIMULATOR_SECRET": empty,
        "POLICY": letters,
        "SOURCES": long,
    }
    for name, path in wrong.items():
        monkeypatch.setenv(f"QUANZU_{name}_FILE", str(path))
    told = faults()
    assert sorted(line.partition(":")[0] for line in told) == sorted(f"QUANZU_{name}_FILE" for name in wrong)
    assert not any("hunter2" in line or str(tmp_path) in line for line in told)


def test_a_wrong_value_in_a_file_is_a_fault_of_its_setting(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A file may hold nonsense as well as a variable may; what it holds is not repeated."""
    path = tmp_path / "url"
    path.write_text("mysql://user:hunter2@db")
    monkeypatch.setenv("QUANZU_DATABASE_URL_FILE", str(path))
    (told,) = faults()
    assert told.startswith("QUANZU_DATABASE_URL: must begin with") and "hunter2" not in told


def test_a_slip_of_the_pen_in_a_file_variable_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    """An operator wrote QUANZU_DATABSE_URL_FILE, and QUANZU_KEYS_FILE_FILE, a file's file."""
    monkeypatch.setenv("QUANZU_DATABSE_URL_FILE", "x")
    monkeypatch.setenv("QUANZU_KEYS_FILE_FILE", "x")
    assert [line.partition(":")[0] for line in faults()] == ["QUANZU_DATABSE_URL_FILE", "QUANZU_KEYS_FILE_FILE"]


def test_the_parts_of_one_machine_get_values_and_no_files(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """`quanzu up` was given its secret and port by files: its parts are told the values, once."""
    for name, value in {"SIMULATOR_SECRET": "made-up", "PORT": "9000"}.items():
        (tmp_path / name).write_text(value)
        monkeypatch.setenv(f"QUANZU_{name}_FILE", str(tmp_path / name))
    monkeypatch.setenv("QUANZU_KEYS_FILE", str(tmp_path / "keys" / "of-all.json"))
    home = prepare(load_settings({"home": tmp_path / "home"}))
    told = environment(home)
    home.store.close()
    assert (tmp_path / "keys" / "of-all.json").exists() and not (tmp_path / "home" / "keys.json").exists()
    assert [name for name in told if name.startswith("QUANZU_") and name.endswith("_FILE")] == ["QUANZU_KEYS_FILE"]
    for name in list(os.environ):
        if name.startswith("QUANZU_"):
            monkeypatch.delenv(name)
    for name, value in told.items():
        if name.startswith("QUANZU_"):
            monkeypatch.setenv(name, value)
    child = load_settings()
    assert (child.port, child.simulator_secret.get_secret_value()) == (9000, "made-up")
    assert child.keys == home.settings.keys


def test_a_carrier_elsewhere_is_told_where_we_are(monkeypatch: pytest.MonkeyPatch) -> None:
    """In containers the doors listen at every address, and the carrier calls back by a name."""
    monkeypatch.setenv("QUANZU_HOST", "0.0.0.0")  # noqa: S104  # nothing listens
    monkeypatch.setenv("QUANZU_SIMULATOR_HOST", "::")
    settings = load_settings()
    assert settings.callback_base == settings.web_url == "http://127.0.0.1:8496"
    assert settings.simulator_base == "http://[::1]:8497"
    monkeypatch.setenv("QUANZU_PUBLIC_URL", "https://quanzu.example/doors/")
    monkeypatch.setenv("QUANZU_SIMULATOR_URL", "http://simulator:8497")
    settings = load_settings()
    assert settings.callback_base == "https://quanzu.example/doors"
    assert settings.web_url == "http://127.0.0.1:8496"
    assert settings.simulator_base == "http://simulator:8497"


@pytest.mark.parametrize(
    "wrong",
    [
        "web:8496",
        "ftp://web",
        "http://",
        "http://web:port",
        "http://user:hunter2@web",
        "http://web?key=hunter2",
        "http://web#hunter2",
        "http://[::1",
        "http://we b",
    ],
)
def test_what_is_no_address_is_refused(wrong: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """A URL with a password, a query or no host would end in a carrier's hands: it is refused and not repeated."""
    monkeypatch.setenv("QUANZU_PUBLIC_URL", wrong)
    (told,) = faults()
    assert told.startswith("QUANZU_PUBLIC_URL: must be http") and "hunter2" not in told


def test_a_part_on_another_host_makes_no_keys(tmp_path: Path) -> None:
    """A second host was started without the key file: it says so, and seals nothing with keys of its own."""
    settings = load_settings({"home": tmp_path, "database_url": "postgresql://nobody@127.0.0.1:1/none"})
    with pytest.raises(ConfigurationFault) as fault:
        prepare(settings, keeper=False)
    assert str(fault.value).startswith("QUANZU_KEYS_FILE") and not settings.keys.exists()


def test_a_part_makes_no_first_key(tmp_path: Path) -> None:
    """A worker whose home is empty makes no administrator's key of its own."""
    home = prepare(load_settings({"home": tmp_path}), keeper=False)
    home.store.close()
    assert home.first_key == "" and not (tmp_path / "first-key").exists()
