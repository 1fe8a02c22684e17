"""Many processes come to an empty PostgreSQL at once: one makes the tables, the rest wait, none fails."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

from servers import own_database
from sqlalchemy import func, select

from dispatcher import tables
from dispatcher.keys import load_keyring
from dispatcher.store import Store
from migrations import newest, present

ROOT = Path(__file__).resolve().parents[2]
AT_ONCE = 6


def test_many_containers_start_on_an_empty_database(tmp_path: Path) -> None:
    """Six hosts with a copy of the keys and homes of their own migrate at once: tables and units are there, once."""
    with own_database() as empty:
        keys = tmp_path / "keys.json"
        load_keyring(keys)
        clean = {name: value for name, value in os.environ.items() if not name.startswith("QUANZU_")}
        told = clean | {"QUANZU_DATABASE_URL": empty, "QUANZU_KEYS_FILE": str(keys), "PYTHONPATH": str(ROOT)}
        starts = [
            subprocess.Popen(
                [sys.executable, "-m", "cli", "migrate"],
                env=told | {"QUANZU_HOME": str(tmp_path / f"host-{number}")},
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
            )
            for number in range(AT_ONCE)
        ]
        said = [process.communicate(timeout=250)[0].decode() for process in starts]
        assert [process.returncode for process in starts] == [0] * AT_ONCE, "\n".join(said)
        store = Store(empty, load_keyring(keys))
        assert present(store.engine) == newest()
        with store.read() as connection:
            units = connection.execute(select(func.count()).select_from(tables.units)).scalar_one()
            roots = connection.execute(
                select(func.count()).select_from(tables.units).where(tables.units.c.parent_id.is_(None))
            ).scalar_one()
        store.close()
        assert units > 100 and roots == 1
