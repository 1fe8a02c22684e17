"""Writers of the embedded database take turns, and none waits for ever."""

from __future__ import annotations

import fcntl
import threading
from pathlib import Path

import pytest
from sqlalchemy import text
from sqlalchemy.exc import OperationalError

from dispatcher import store as store_module
from dispatcher.keys import make_keyring
from dispatcher.store import Store


def test_a_stuck_writer_makes_others_fail_and_not_hang(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A process was stopped while it was its turn: the next writer is told that the database is locked, and goes on."""
    monkeypatch.setattr(store_module, "BUSY_MS", 100)
    store = Store(f"sqlite:///{tmp_path / 'q.sqlite'}", make_keyring())
    with (tmp_path / "q.sqlite-turn").open("ab") as stuck:
        fcntl.flock(stuck, fcntl.LOCK_EX)
        with pytest.raises(OperationalError, match="locked"), store.write():
            pass
    with store.write() as connection:
        connection.execute(text("CREATE TABLE t (n INTEGER)"))


def test_threads_that_share_a_turn_give_it_back(tmp_path: Path) -> None:
    """Eight threads write forty rows each; afterwards another process could write at once."""
    store = Store(f"sqlite:///{tmp_path / 'q.sqlite'}", make_keyring())
    with store.write() as connection:
        connection.execute(text("CREATE TABLE t (n INTEGER)"))

    def write() -> None:
        for number in range(40):
            with store.write() as connection:
                connection.execute(text("INSERT INTO t VALUES (:n)"), {"n": number})

    threads = [threading.Thread(target=write) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    with store.read() as connection:
        assert connection.execute(text("SELECT count(*) FROM t")).scalar_one() == 320
    with (tmp_path / "q.sqlite-turn").open("ab") as other:
        fcntl.flock(other, fcntl.LOCK_EX | fcntl.LOCK_NB)
