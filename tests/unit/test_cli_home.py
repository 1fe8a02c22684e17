"""A home that is not as it should be: keys that are gone, folders that cannot be made, files that are damaged."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from cli_help import Command, command
from sqlalchemy import select

from cli.home import FIRST_KEY, first_key, prepare, write_private
from config.settings import load_settings
from dispatcher import tables
from dispatcher.access import who
from dispatcher.keys import KeyMissing
from workers.app import make_celery
from workers.engine import Engine


@pytest.fixture
def quanzu(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Command]:
    """The command on an empty home."""
    with command(tmp_path, monkeypatch) as made:
        yield made


def test_lost_keys_are_not_replaced_by_new_ones(quanzu: Command) -> None:
    """An operator lost the key file of a home with alerts: every verb says so, and none makes keys."""
    assert quanzu("submit", "-", given=quanzu("sample", "--alerts", "1").stdout_bytes).exit_code == 0
    keys, aside = quanzu.home / "keys.json", quanzu.home / "aside.json"
    keys.rename(aside)
    for words in (("stats",), ("submit", "-"), ("migrate",)):
        ended = quanzu(*words, given=b"")
        assert ended.exit_code == 2 and "the key file keys.json is gone" in ended.output, words
    with pytest.raises(KeyMissing):
        _ = Engine(load_settings(), make_celery(load_settings())).store
    assert not keys.exists()
    aside.rename(keys)
    assert quanzu("stats").exit_code == 0


def test_lost_keys_that_sealed_nothing_are_made_anew(quanzu: Command) -> None:
    """An operator lost the key file before the first alert came: there is nothing to open, and new keys are made."""
    prepare(load_settings()).store.close()
    (quanzu.home / "keys.json").unlink()
    assert quanzu("stats").exit_code == 0
    assert (quanzu.home / "keys.json").exists()


def test_a_home_that_cannot_be_made_is_named(quanzu: Command) -> None:
    """An operator set a file as the home: a sentence that names the variable, and no path."""
    quanzu.home.write_text("")
    for verb in ("migrate", "simulator"):
        ended = quanzu(verb)
        assert ended.exit_code == 2 and "QUANZU_HOME" in ended.output and str(quanzu.home) not in ended.output, verb


@pytest.mark.parametrize(("name", "value"), [("SOURCES", "bank.a,bank_a"), ("HOME_REGION", "110000")])
def test_settings_that_intake_could_not_use_start_nothing(
    quanzu: Command, monkeypatch: pytest.MonkeyPatch, name: str, value: str
) -> None:
    """An operator set what no alert could be judged by: no part starts, and the doctor names the variable."""
    monkeypatch.setenv(f"QUANZU_{name}", value)
    for verb, code in (("migrate", 2), ("worker --lane intake", 2), ("web", 2), ("doctor", 1)):
        ended = quanzu(*verb.split())
        assert ended.exit_code == code and f"QUANZU_{name}: " in ended.output, verb


def test_a_damaged_database_is_a_sentence(quanzu: Command) -> None:
    """A disk overwrote the database: the supervisor who asked for figures reads what to do, not a traceback."""
    prepare(load_settings()).store.close()
    for file in quanzu.home.glob("quanzu.sqlite*"):
        file.write_bytes(b"no database" * 1000) if file.name == "quanzu.sqlite" else file.unlink()
    ended = quanzu("stats")
    assert ended.exit_code == 2 and "damaged" in ended.output


def test_several_first_starts_have_one_key(quanzu: Command) -> None:
    """Six doors start at once on a fresh home: one key opens, and those that came too late are revoked."""
    home = prepare(load_settings())
    (quanzu.home / FIRST_KEY).unlink()
    told, start = list[str](), threading.Barrier(6)

    def begins() -> None:
        start.wait()
        told.append(first_key(home.settings, home.store))

    threads = [threading.Thread(target=begins) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(set(told)) == 1
    table = tables.api_keys
    with home.store.read() as connection:
        assert who(connection, told[0]) is not None
        living = connection.execute(select(table.c.id).where(table.c.revoked_at.is_(None))).all()
    assert len(living) == 2  # that of the file which was taken away, and the new one
    home.store.close()


def test_a_private_file_is_whole_and_kept(tmp_path: Path) -> None:
    """Who comes second leaves the first one's file as it is, closed to others, and no draft beside it."""
    path = tmp_path / "secret"
    assert (write_private(path, "first"), write_private(path, "second")) == (True, False)
    assert (path.read_text(), path.stat().st_mode & 0o777, list(tmp_path.iterdir())) == ("first", 0o600, [path])
