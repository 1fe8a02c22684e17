"""Fixtures of the simulator's tests."""

from collections.abc import Iterator

import pytest
from town_help import CarrierDesk, Receiver, served, town


@pytest.fixture(scope="module")
def listening() -> Iterator[Receiver]:
    """A receiver that listens for the whole module."""
    receiver = Receiver()
    with served(receiver.app()) as base:
        receiver.url = f"{base}/v1/receipts/simulator"
        yield receiver


@pytest.fixture
def receiver(listening: Receiver) -> Receiver:
    """The receiver, with nothing heard so far."""
    listening.posts.clear()
    listening.status = 200
    return listening


@pytest.fixture
def carrier(receiver: Receiver) -> Iterator[CarrierDesk]:
    """A calm carrier with no chance faults: only last digits decide."""
    with town(receiver) as desk:
        yield desk
