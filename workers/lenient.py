"""AMQP messages are read leniently: no header, property or routing key of a sender's can end a connection.

py-amqp reads a message's properties and routing key while it takes frames from the connection, before there is a
message that could be refused. What it cannot read (a time in milliseconds, a text in GBK or Latin-1, a table that is
nested without end) is raised out of `drain_events`; the connection is lost, the broker delivers the message again, and
so on for ever. Here such a message is read once more, without what cannot be read: texts with replacement marks, tables
without the entries at fault. What reads at once is read as before.

Source: py-amqp 5.4, `amqp/serialization.py` and `amqp/abstract_channel.py`; see docs/decisions/0041.
"""

from __future__ import annotations

import struct
from collections.abc import Callable, Iterator
from struct import pack, unpack_from
from typing import Any, SupportsIndex

import structlog
from amqp import abstract_channel, serialization
from amqp.spec import Basic

log = structlog.get_logger("broker")

SIZES = dict(zip("tbBUusIifLldTDV", (1, 1, 1, 2, 2, 2, 4, 4, 4, 8, 8, 8, 8, 5, 0), strict=True))
"""Bytes of a table's value, by its kind."""
LONG = "SxFA"
"""Kinds of values that tell their length in four bytes."""
CONTENT_TYPE, CONTENT_ENCODING, HEADERS = 0x8000, 0x4000, 0x2000
"""The first three properties' flags, in the order in which they stand."""

Methods: Any = abstract_channel
Properties: dict[int, Any] = serialization.PROPERTY_CLASSES
"""Where py-amqp looks for what reads arguments, and properties."""
Decode = Callable[[bytes, int], tuple[dict[str, Any], int]]

_told: set[str] = set()


class Legible(bytes):
    """Bytes whose parts always decode: what is no UTF-8 becomes a replacement mark."""

    def __getitem__(self, key: SupportsIndex | slice) -> Any:
        part = super().__getitem__(key)
        return Legible(part) if isinstance(part, bytes) else part

    def decode(self, encoding: str = "utf-8", errors: str = "replace") -> str:
        """A text, whatever these bytes are; whoever asks for strictness does not get it."""
        return super().decode("utf-8", "replace")


def install() -> None:
    """Read leniently on all connections of this process from now on. Safe to call twice."""
    if not hasattr(Properties[Basic.CLASS_ID], "lenient"):
        Properties[Basic.CLASS_ID] = lenient_properties(Properties[Basic.CLASS_ID])
        Methods.loads = lenient_arguments(Methods.loads)


def lenient_properties(strict: Decode) -> Decode:
    """Reads a message's properties as `strict` does, and without what that cannot read."""

    def properties(buf: bytes, offset: int) -> tuple[dict[str, Any], int]:
        try:
            return strict(buf, offset)
        except Exception as fault:
            _tell(fault)
        try:
            return strict(Legible(_without_what_is_unreadable(buf[offset:])), 0)[0], len(buf)
        except Exception as fault:  # not even their lengths are right: the body is what counts
            _tell(fault)
            return {}, len(buf)

    properties.lenient = True  # type: ignore[attr-defined]  # so that it is installed once
    return properties


def lenient_arguments(strict: Callable[[str, bytes, int], Any]) -> Callable[[str, bytes, int], Any]:
    """Reads a method's arguments (a delivery's exchange and routing key) as `strict` does; any text is legible."""

    def arguments(kinds: str, buf: bytes, offset: int) -> Any:
        try:
            return strict(kinds, buf, offset)
        except UnicodeDecodeError as fault:
            _tell(fault)
            return strict(kinds, Legible(buf), offset)

    return arguments


def _without_what_is_unreadable(buf: bytes) -> bytes:
    """The same properties, in whose headers no entry stands that cannot be read."""
    (flags,) = unpack_from(">H", buf)
    if not flags & HEADERS:
        return buf
    start = 2
    for flag in (CONTENT_TYPE, CONTENT_ENCODING):
        if flags & flag:
            start += 1 + buf[start]
    (length,) = unpack_from(">I", buf, start)
    end = start + 4 + length
    kept = b"".join(_readable(buf[start + 4 : end]))
    return buf[:start] + pack(">I", len(kept)) + kept + buf[end:]


def _readable(table: bytes) -> Iterator[bytes]:
    """The entries that can be read; none from the first one on that does not tell its length."""
    end = 0
    while end < len(table):
        begun = end
        try:
            end = _end(table, begun)
        except (IndexError, KeyError, struct.error):
            return
        entry = table[begun:end]
        try:
            serialization.loads("F", pack(">I", len(entry)) + entry, 0)
        except Exception as fault:
            _tell(fault)
        else:
            yield entry


def _end(table: bytes, begun: int) -> int:
    """Where the entry ends that begins here."""
    value = begun + 1 + table[begun]
    kind = chr(table[value])
    if kind in LONG:
        return value + 5 + int(unpack_from(">I", table, value + 1)[0])
    return value + 1 + SIZES[kind]


def _tell(fault: Exception) -> None:
    """Log each kind once: an upstream whose messages are all odd would fill the log, and none of them is at fault."""
    kind = type(fault).__name__
    if kind not in _told:
        _told.add(kind)
        log.warning("odd_properties", fault=kind)
