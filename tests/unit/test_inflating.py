"""A compressed message is inflated up to a bound, and no further."""

from __future__ import annotations

import bz2
import lzma
import tracemalloc
import zlib
from collections.abc import Callable
from typing import Any

import pytest
from kombu import Message

from config.settings import Settings
from workers.app import make_celery

WAYS: dict[str, Callable[[bytes], bytes]] = {
    "gzip": zlib.compress,
    "zlib": zlib.compress,
    "application/x-gzip": zlib.compress,
    "bzip2": bz2.compress,
    "application/x-bz2": bz2.compress,
    "lzma": lzma.compress,
    "application/x-lzma": lzma.compress,
}
BOMB = bytes(48 << 20)
MIB = 1 << 20


@pytest.fixture(scope="module", autouse=True)
def ours(tmp_path_factory: pytest.TempPathFactory) -> None:
    """A process of ours, which has made its app."""
    make_celery(Settings(home=tmp_path_factory.mktemp("home")))


def came(body: bytes, way: object) -> Any:
    """A message as kombu makes it of what was delivered."""
    return Message(body, headers={"compression": way})


@pytest.mark.parametrize("way", WAYS)
def test_what_was_compressed_rightly_is_inflated(way: str) -> None:
    """An upstream compresses its alerts: they are read as before."""
    message = came(WAYS[way](b'{"source": "bank"}'), way)
    assert (message.body, message.errors) == (b'{"source": "bank"}', [])


@pytest.mark.parametrize("way", ["gzip", "bzip2", "lzma"])
def test_a_bomb_stays_as_it_came(way: str) -> None:
    """Somebody sent a few KiB that would be 48 MiB: the message is kept compressed, and the worker's memory small."""
    bomb = WAYS[way](BOMB)
    tracemalloc.start()
    message = came(bomb, way)
    _, most = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert message.body == bomb
    assert len(message.errors) == 1
    assert most < 24 * MIB


def test_a_bombs_dictionary_is_bounded_too() -> None:
    """Somebody sent a small LZMA stream that asks for a dictionary of a gigabyte: it is not inflated."""
    greedy = lzma.compress(b"{}", filters=[{"id": lzma.FILTER_LZMA2, "dict_size": 1 << 30}])
    message = came(greedy, "lzma")
    assert (message.body, len(message.errors)) == (greedy, 1)


@pytest.mark.parametrize("body", [zlib.compress(b"{}")[:-3], zlib.compress(b"{}") + b"more", b"no stream", b""])
def test_what_is_not_one_whole_stream_stays_as_it_came(body: bytes) -> None:
    """A compressed message was cut off, or something follows it: nothing of it is thrown away."""
    message = came(body, "gzip")
    assert (message.body, len(message.errors)) == (body, 1)
