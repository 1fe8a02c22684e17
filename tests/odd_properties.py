"""Message properties as other languages' clients send them, byte for byte; RabbitMQ takes and delivers them all."""

from __future__ import annotations

from struct import pack
from typing import Any

import pika

HEADERS, TYPE, APP_ID = 0x2000, 0x0020, 0x0008
"""Flags of AMQP 0-9-1: which properties follow."""


def short(text: bytes) -> bytes:
    """A text of at most 255 bytes."""
    return bytes([len(text)]) + text


def table(*entries: bytes) -> bytes:
    """A table of entries, each a name, a kind and a value."""
    inside = b"".join(entries)
    return pack(">I", len(inside)) + inside


def text(name: str, value: str) -> bytes:
    """An entry that is a text."""
    raw = value.encode()
    return short(name.encode()) + b"S" + pack(">I", len(raw)) + raw


def moment(name: str, seconds: int) -> bytes:
    """An entry that is a time, as its sender counts."""
    return short(name.encode()) + b"T" + pack(">q", seconds)


def nested(levels: int) -> bytes:
    """An entry that holds a table that holds a table …"""
    inside = b""
    for _ in range(levels):
        inside = short(b"a") + b"F" + pack(">I", len(inside)) + inside
    return inside


def headers(*entries: bytes) -> bytes:
    """Properties that are headers only."""
    return pack(">H", HEADERS) + table(*entries)


BATCH = text("batch", "odd-7")
ODD = {
    "a time in milliseconds": headers(moment("sent", 1_785_000_000_000), BATCH),
    "no time at all, as Go has it": headers(BATCH, moment("sent", -62_135_596_800)),
    "a time in a list": headers(short(b"seen") + b"A" + table(b"T" + pack(">q", 1_785_000_000_000)), BATCH),
    "a table without end": headers(nested(2_000), BATCH),
    "a deep table": headers(nested(900), BATCH),
    "a name in GBK": headers(short("批次".encode("gbk")) + b"I" + pack(">i", 7), BATCH),
    "an app_id in GBK": pack(">H", HEADERS | APP_ID) + table(BATCH) + short("反诈中心".encode("gbk")),
    "a type in Latin-1": pack(">H", HEADERS | TYPE) + table(BATCH) + short("alerte reçue".encode("latin-1")),
    "all of it": pack(">H", HEADERS | TYPE | APP_ID)
    + table(moment("sent", 1_785_000_000_000), nested(2_000), BATCH)
    + short("alerte reçue".encode("latin-1"))
    + short("反诈中心".encode("gbk")),
}
"""Each with the header `batch`, which can be read."""


class Odd(pika.BasicProperties):
    """Properties that are sent as these bytes."""

    def __init__(self, raw: bytes) -> None:
        super().__init__()
        self.raw = raw

    def encode(self) -> list[Any]:
        """What pika writes into the header frame."""
        return [self.raw]
