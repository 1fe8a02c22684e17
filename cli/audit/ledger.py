"""The town's ledger, read from its file."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from hashlib import sha256
from pathlib import Path
from typing import Any

import orjson

from cli.audit.rows import Entry

COMMON = frozenset({"n", "at", "kind", "reference", "person"})


@dataclass(frozen=True, slots=True)
class Ledger:
    """The salt of its pseudonyms, and every entry, ascending."""

    salt: str
    entries: tuple[Entry, ...]

    def person(self, phone: str) -> str:
        """The pseudonym of an E.164 phone."""
        return sha256((self.salt + phone).encode()).hexdigest()[:32]


def read_ledger(path: Path) -> Ledger:
    """Read it whole; a last line that is still being written is left out.

    Raises: FileNotFoundError. ValueError: not a ledger, or damaged.
    """
    if not path.is_file():
        raise FileNotFoundError("there is no ledger there; name one with --ledger, or `quanzu run FILE` first")
    there = path.read_bytes()
    lines = there[: there.rfind(b"\n") + 1].splitlines()
    try:
        head, *rest = (orjson.loads(line) for line in lines)
        if head["kind"] != "ledger":
            raise ValueError("not a ledger")
        return Ledger(str(head["salt"]), tuple(_entry(line) for line in rest))
    except (ValueError, KeyError, TypeError) as fault:
        raise ValueError("the file is no ledger, or is damaged") from fault


def _entry(line: dict[str, Any]) -> Entry:
    return Entry(
        n=line["n"],
        at=instant(line["at"]),
        kind=line["kind"],
        reference=line["reference"],
        person=line["person"],
        facts={name: value for name, value in line.items() if name not in COMMON},
    )


def instant(text: str) -> datetime:
    """A UTC instant from ISO 8601 with an offset."""
    return datetime.fromisoformat(text).astimezone(UTC)
