"""What a ruling on one dispatch asks of its case."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Contacted:
    """The person himself was reached: `by` is robot, human or officer; `acknowledged` when he pressed "understood"."""

    by: str
    acknowledged: bool = False


@dataclass(frozen=True, slots=True)
class Escalate:
    """The case goes up one level, and why."""

    why: str


@dataclass(frozen=True, slots=True)
class AddHuman:
    """A person shall call."""

    why: str


@dataclass(frozen=True, slots=True)
class AddRelative:
    """A relative shall be called."""


@dataclass(frozen=True, slots=True)
class AddVisit:
    """An officer shall go, though the level does not ask for it at once."""

    why: str


@dataclass(frozen=True, slots=True)
class ProposeStop:
    """Money may be stopped: a person shall decide about it, and why he is asked."""

    why: str


Effect = Contacted | Escalate | AddHuman | AddRelative | AddVisit | ProposeStop
