"""Every store test lives in a town of its own, on both databases."""

from collections.abc import Iterator

import pytest
from story import Town

from dispatcher import figures
from dispatcher.store import Store


@pytest.fixture
def town(store: Store) -> Iterator[Town]:
    """An empty town under the default policy. Whatever befell it, its figures at rest must be what its rows say.

    Looked at on SQLite alone, for time; test_store_figures.py looks on both.
    """
    town = Town(store)
    yield town
    if store.engine.dialect.name != "sqlite":
        return
    while figures.fold(store, now=town.now):
        pass
    found = figures.verify(store, now=town.now)
    assert (found.waiting, found.drifted, found.cells, found.days) == (0, [], [], [])
