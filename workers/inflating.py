"""Compressed messages are inflated up to a bound: a few KiB cannot become gigabytes in a worker.

kombu inflates a message whose header `compression` names a way, for whoever takes it, and without a bound.
"""

from __future__ import annotations

import bz2
import lzma
import zlib
from collections.abc import Callable
from typing import Any

from kombu import compression

Untyped: Any = compression
"""Its stubs are wrong about what an encoder is."""
LONGEST_MESSAGE = 4 << 20
"""Bytes: thousands of alerts. The broker refuses what is longer as it comes (deploy/rabbitmq/20-quanzu.conf)."""
LZMA_MEMORY = 96 << 20
"""Bytes: the strongest preset needs 65 MiB; a header may ask for gigabytes."""


class TooLong(ValueError):
    """A message would be too long if it were inflated."""


class CutOff(ValueError):
    """A compressed message has no end, or something after it."""


class Unbounded(ValueError):
    """A way of compressing that cannot be bounded here."""


def install() -> None:
    """Inflate with a bound in this process from now on; what was compressed in other ways stays as it came."""
    for way in compression.encoders():
        encoder, _ = Untyped.get_encoder(way)
        compression.register(encoder, bounded(WAYS.get(way, _unbounded)), way)


def bounded(begin: Callable[[], Any]) -> Callable[[bytes], bytes]:
    """Inflates one stream. Raises: TooLong. CutOff. The stream's own errors: it is none of its kind."""

    def inflate(body: bytes) -> bytes:
        stream = begin()
        found: bytes = stream.decompress(body, LONGEST_MESSAGE + 1)
        if len(found) > LONGEST_MESSAGE:
            raise TooLong
        if not stream.eof or stream.unused_data:
            raise CutOff
        return found

    return inflate


def _lzma() -> lzma.LZMADecompressor:
    return lzma.LZMADecompressor(memlimit=LZMA_MEMORY)


def _unbounded() -> Any:
    raise Unbounded


WAYS: dict[str, Callable[[], Any]] = {
    "application/x-gzip": zlib.decompressobj,
    "application/x-bz2": bz2.BZ2Decompressor,
    "application/x-lzma": _lzma,
}
"""kombu's names, and what inflates each piece by piece."""
