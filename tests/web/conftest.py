"""The doors of a house of one's own: an empty SQLite database, a clock moved by hand, and a key for every role."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from doors import Doors
from fastapi.testclient import TestClient

from dispatcher.keys import Keyring
from dispatcher.store import Store
from web.app import make_app


@pytest.fixture
def doors(tmp_path: Path, sqlite_template: Path, keys: Keyring) -> Iterator[Doors]:
    """Open doors; an unexpected fault is answered, as by a real server, and not raised into the test."""
    path = tmp_path / "quanzu.sqlite"
    shutil.copy(sqlite_template, path)
    store = Store(f"sqlite:///{path}", keys)
    made = Doors(store)
    with TestClient(make_app(made.house), raise_server_exceptions=False) as client:
        made.client = client
        yield made
    store.close()
