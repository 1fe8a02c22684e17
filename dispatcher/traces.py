"""The way of one case as a trace: which spans there are, and what they are called. Where they go is not told here.

A trace's id is the case's id, so that whatever happens to a case, in any process and on any day, is found under it,
and nothing has to be kept or carried along for that. Spans carry ids, codes and counts, and nothing of a person.

    alert      what an upstream pushed until it was committed; the case's first one is the root
    dispatch   one attempt, from the request's begin to the carrier's answer
    receipt    news of an attempt, when it was kept
    request    one request to a carrier, in a trace of its own (it carries many cases' attempts), linked both ways
"""

from __future__ import annotations

import re
import secrets
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import NamedTuple
from uuid import UUID

from dispatcher.intake import Result

PARENT = re.compile(r"[0-9a-f]{2}-(?P<trace>[0-9a-f]{32})-(?P<span>[0-9a-f]{16})-[0-9a-f]{2}(?:-.*)?")
LOW = (1 << 64) - 1


class Place(NamedTuple):
    """A span in its trace."""

    trace: int
    span: int

    @property
    def header(self) -> str:
        """As W3C's `traceparent` tells it."""
        return f"00-{self.trace:032x}-{self.span:016x}-01"


@dataclass(frozen=True, slots=True)
class Span:
    """One thing that was done, told when it is over."""

    name: str
    at: Place
    begun: datetime
    ended: datetime
    parent: int | None = None
    attributes: Mapping[str, str | int] = field(default_factory=dict)
    links: Sequence[Place] = ()
    failed: bool = False


Tell = Callable[[Span], None]
"""Takes a span and returns at once; never raises, may lose."""


def place_of(case_id: UUID, what: UUID | None = None) -> Place:
    """Where something stands in its case's trace: by its own id, or the root."""
    return Place(case_id.int, (what or case_id).int & LOW or 1)


def somewhere() -> Place:
    """A place in a trace of its own."""
    return Place(secrets.randbits(128) or 1, secrets.randbits(64) or 1)


def read_header(value: object) -> Place | None:
    """What a `traceparent` says; None where it says nothing."""
    found = PARENT.fullmatch(value) if isinstance(value, str) and len(value) < 256 else None
    if found is None:
        return None
    place = Place(int(found["trace"], 16), int(found["span"], 16))
    return place if place.trace and place.span else None


def alert_spans(
    door: str, results: Sequence[Result], parents: Sequence[Place | None], begun: datetime, ended: datetime
) -> Iterator[Span]:
    """One span for each alert that was answered; where the upstream's request stood is a link."""
    for result, parent in zip(results, parents, strict=True):
        told = {"quanzu.door": door, "quanzu.status": result.status.value}
        links = [parent] if parent else []
        if result.case_id is None:
            told |= {"quanzu.dead_letter": str(result.dead_letter)} if result.dead_letter else {}
            at = Place(parent.trace, somewhere().span) if parent else somewhere()
            yield Span("alert", at, begun, ended, parent.span if parent else None, told, (), failed=True)
            continue
        told |= {"quanzu.case": str(result.case_id), "quanzu.alert": str(result.alert_id)}
        root = place_of(result.case_id)
        first = result.status.value == "accepted" and not result.merged
        at = root if first else Place(root.trace, somewhere().span)
        yield Span("alert", at, begun, ended, None if first else root.span, told, links)
