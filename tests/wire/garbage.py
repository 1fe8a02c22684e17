"""Ten thousand kinds of rubbish, as outside systems send it, and right alerts between them."""

from __future__ import annotations

import bz2
import gzip
import json
import lzma
import random
import zlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

from odd_properties import ODD

PUSHED = (datetime.now(UTC) - timedelta(seconds=30)).isoformat()

KEY = b"alert.l2"


@dataclass(frozen=True, slots=True)
class Piece:
    """One message as it is published."""

    body: bytes = field(repr=False)
    content_type: str = "application/json"
    content_encoding: str = "utf-8"
    headers: dict[str, Any] = field(default_factory=dict)
    raw: bytes | None = None
    """All of its properties, byte for byte, in place of the above; on RabbitMQ alone."""
    key: bytes = KEY
    """Another one only on RabbitMQ."""


def alert(number: int, **told: Any) -> dict[str, Any]:
    """A right alert of one of many people."""
    return {
        "source": "bank",
        "source_ref": f"G-{number}",
        "risk": "L2",
        "fraud_type": "fake_police",
        "pushed_at": PUSHED,
        "region": "140105",
        "victim": {"phone": f"137{number:08}"},
    } | told


def good(number: int) -> Piece:
    """A right alert; what it is published under (a wrong type, odd properties, a mistyped key) says nothing of it."""
    body = json.dumps(alert(number), ensure_ascii=bool(number % 2)).encode()
    kinds = (
        Piece(body),
        Piece(body, "text/plain", "binary"),
        Piece(body, "application/x-python-serialize", "binary"),
        Piece(body, "no such type", "latin-9000"),
        Piece(zlib.compress(body), headers={"compression": "gzip"}),
        *(Piece(body, raw=raw) for raw in ODD.values()),
        Piece(body, key="警报.二级".encode("gbk")),
    )
    return kinds[number % len(kinds)]


def garbage(number: int) -> Piece:
    """The `number`th piece of rubbish; no two have the same bytes."""
    tag = f"{number:08}".encode()
    whole = alert(90_000_000 + number)
    right = json.dumps(whole).encode()
    chance = random.Random(number)
    kinds = (
        Piece(b"not JSON at all " + tag),
        Piece(b" " * (number + 1), "application/octet-stream"),  # empty but for spaces
        Piece(b"\0" * 8 + tag, content_encoding="binary"),
        Piece(b'{"source": "\xff\xfe' + tag + b'"}'),
        Piece(b"[" * (5_000 + number % 50_000) + tag),
        Piece(b'{"a":' * 3_000 + tag + b"}" * 3_000),
        Piece(b"[" + right + b", " + tag + b"]"),
        Piece(b"1" + tag),
        Piece(b'"' + tag + b'"'),
        Piece(b"NaN " + tag, "text/plain", "us-ascii"),
        Piece(json.dumps({name: value for name, value in whole.items() if name != "victim"}).encode()),
        Piece(json.dumps({name: value for name, value in whole.items() if name != "source"}).encode()),
        Piece(json.dumps(whole | {"risk": f"L{number + 5}"}).encode()),
        Piece(json.dumps(whole | {"victim": {"phone": tag.decode()}}).encode()),
        Piece(json.dumps(whole | {"victim": [tag.decode()]}).encode()),
        Piece(json.dumps(whole | {"fraud_type": "\ud800" + tag.decode()}).encode()),
        Piece(json.dumps(whole | {"source_ref": "\0" + tag.decode()}).encode()),
        Piece(json.dumps(whole | {"pushed_at": f"yesterday {number}"}).encode()),
        Piece(json.dumps(whole | {"schema": number}).encode()),
        Piece(json.dumps(whole | {"no_such_field": number}).encode()),
        Piece(right[:-1] + b', "risk": "L1"}'),  # the same field twice
        Piece(right[: len(right) // 2] + tag),  # cut off
        Piece(gzip.compress(right + tag), "application/json", "gzip"),
        Piece(right + tag, "application/x-python-serialize", "binary"),
        Piece(right.decode().encode("utf-16"), "application/json", "utf-16"),
        Piece(b"\x80\x04\x95" + chance.randbytes(200) + tag, "application/x-python-serialize", "binary"),
        Piece(chance.randbytes(300) + tag, "application/json", "utf-8", {"compression": "application/x-gzip"}),
        Piece(right + tag, headers={"compression": "no such", "batch": {"not": "a word"}, "task": "os.system"}),
        Piece(b'{"source": "bank", "risk": 1e' + b"9" * 400 + tag + b"}"),
        Piece(b'{"source": "bank", "risk": ' + b"9" * 5_000 + tag + b"}"),
        *(Piece(tag + b" with odd properties", raw=raw) for raw in ODD.values()),
        Piece(tag + b" by a key in GBK", key="警报".encode("gbk")),
    )
    if number % 1_000 == 0:
        return Piece(b'{"source": "' + b"x" * (1 << 20) + tag + b'"}')  # a megabyte
    if number % 40 == 1:
        return bomb(number // 40, tag)
    return kinds[number % len(kinds)]


def bomb(number: int, tag: bytes) -> Piece:
    """A few KiB that would be 8 MiB, in each way that is known by turns."""
    way, squeeze = WAYS[number % len(WAYS)]
    return Piece(squeeze(bytes(8 << 20) + tag), headers={"compression": way})


WAYS: tuple[tuple[str, Callable[[bytes], bytes]], ...] = (
    ("gzip", zlib.compress),
    ("application/x-bz2", bz2.compress),
    ("xz", lzma.compress),
)


def mixed(each: int) -> Iterator[Piece]:
    """So many right ones and as much rubbish, in an order of chance."""
    order = [True] * each + [False] * each
    random.Random(7).shuffle(order)
    goods, bads = iter(range(each)), iter(range(each))
    for is_good in order:
        yield good(next(goods)) if is_good else garbage(next(bads))
