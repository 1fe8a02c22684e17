"""Every store test lives in a town of its own, on both databases."""

import pytest
from story import Town

from dispatcher.store import Store


@pytest.fixture
def town(store: Store) -> Town:
    """An empty town under the default policy."""
    return Town(store)
