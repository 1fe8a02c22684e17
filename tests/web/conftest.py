"""The doors of a house of one's own: an empty SQLite database, a clock moved by hand, and a key for every role."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from doors import Doors, opened

from dispatcher.keys import Keyring


@pytest.fixture
def doors(tmp_path: Path, sqlite_template: Path, keys: Keyring) -> Iterator[Doors]:
    """Open doors."""
    with opened(tmp_path, sqlite_template, keys) as made:
        yield made
