"""The ledger: one JSON object a line, ascending, append-only, nobody's number or name in it.

A person is the first 32 hex digits of SHA-256 over the file's salt and the E.164 number.
"""

import secrets
from hashlib import sha256
from pathlib import Path
from typing import Any

import orjson

from simulator.clock import Clock, iso, utc_now
from simulator.ledger.lines import Lines
from simulator.ledger.memory import Memory


class LedgerUnreadable(ValueError):
    """The file is there, but is no ledger. Not retryable: name another file."""


class Ledger:
    """Keeps every effect and never judges whether it is a repeat."""

    def __init__(self, path: Path | None, *, seed: int, now: Clock = utc_now) -> None:
        """Open the ledger, or make it; an existing file is continued with its salt and counts.

        Raises: LedgerUnreadable: the file holds something else. OSError: it cannot be opened.
        """
        self._now = now
        self._lines = Lines(path)
        self.memory = Memory()
        there = self._lines.open()
        if there:
            self.salt = self._read(there)
            return
        self.salt = secrets.token_hex(16)
        self._append({"kind": "ledger", "salt": self.salt, "seed": seed, "started": iso(now())})

    def person(self, phone: str) -> str:
        """The pseudonym of a phone in this ledger."""
        return sha256((self.salt + phone).encode()).hexdigest()[:32]

    def count(self, person: str, kind: str) -> int:
        """How many effects of this kind the person (a pseudonym) had so far."""
        return self.memory.effects[person, kind]

    def write(self, kind: str, *, reference: str | None, person: str | None, **facts: Any) -> dict[str, Any]:
        """Append one entry and return it, numbered and dated."""
        entry: dict[str, Any] = {
            "n": self.memory.last + 1,
            "at": iso(self._now()),
            "kind": kind,
            "reference": reference,
            "person": person,
            **facts,
        }
        self._append(entry)
        self.memory.take(entry)
        return entry

    def whole(self) -> bytes:
        """The whole ledger as one JSON object: `{"salt", "entries": […]}`, entries ascending."""
        lines = self._lines.everything()
        return b'{"salt":' + orjson.dumps(self.salt) + b',"entries":[' + b",".join(lines[1:]) + b"]}"

    def flush(self) -> None:
        """Bring everything to the file now."""
        self._lines.flush()

    def close(self) -> None:
        """Flush and let the file go."""
        self._lines.close()

    def _append(self, entry: dict[str, Any]) -> None:
        self._lines.append(orjson.dumps(entry))

    def _read(self, there: list[bytes]) -> str:
        try:
            head = orjson.loads(there[0])
            if head["kind"] != "ledger":
                raise LedgerUnreadable("the file does not begin as a ledger")
            for line in there[1:]:
                self.memory.take(orjson.loads(line))
        except (ValueError, KeyError, TypeError) as fault:
            raise LedgerUnreadable("the file is no ledger, or is damaged") from fault
        return str(head["salt"])
