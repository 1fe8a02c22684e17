"""Schema outcome/1: what an upstream reads. Pure: a row and an alert in, a message out."""

from __future__ import annotations

import re
from collections.abc import Container
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Any
from uuid import UUID

import orjson

SCHEMA = "outcome/1"
UNKNOWN = "unknown"

_no_word = re.compile(r"[^A-Za-z0-9_-]+")


@dataclass(frozen=True, slots=True)
class Concerned:
    """One alert that a change concerns: its id (None where it was refused), and its upstream's own names."""

    alert_id: UUID | None
    source: str | None
    source_ref: str | None


@dataclass(frozen=True, slots=True)
class Telling:
    """One message to one upstream; `source` is None where it is no upstream known here.

    `refusal`: it tells of a dead letter. `dead`: it is the announcement of one, for whoever looks after them.
    """

    number: int
    source: str | None
    body: bytes
    refusal: bool = False
    dead: bool = False

    @property
    def key(self) -> str:
        """Its routing key."""
        return routing_key(self.source, "dead" if self.dead else "outcome")

    def announced(self) -> Telling:
        """The same refusal, for the exchange `alerts.dead`."""
        return replace(self, dead=True)


def tell(row: Any, concerned: Concerned) -> Telling:
    """What this row of `outcomes` means to one alert. Its `told` is JSON already, and is joined on as it is."""
    names = {
        "schema": SCHEMA,
        "number": row.number,
        "what": "accepted" if row.what == "joined" else row.what,
        "source": concerned.source,
        "source_ref": concerned.source_ref,
        "alert": concerned.alert_id,
        "case": row.case_id,
        "at": row.at,
    }
    head = orjson.dumps(names, option=orjson.OPT_UTC_Z)
    body = b"%b,%b" % (head[:-1], row.told[1:].encode())
    return Telling(row.number, concerned.source, body, refusal=row.what == "refused")


def answered(row: Any, known: Container[str]) -> Concerned:
    """Whom an answer concerns. A refused alert may claim any source: one that is not known is not repeated."""
    trusted = row.what != "refused" or row.source in known
    return Concerned(row.alert_id, row.source if trusted else None, row.source_ref)


@lru_cache(maxsize=1_024)
def routing_key(source: str | None, of: str = "outcome") -> str:
    """`outcome.<source>`, one word; `outcome.unknown` where nobody known spoke."""
    return f"{of}.{_no_word.sub('_', source or UNKNOWN)}"
