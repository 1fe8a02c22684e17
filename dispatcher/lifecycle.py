"""The life of a dispatch: one table of (state, event) -> state. docs/explanation/lifecycle.md is drawn from it.

waiting -> underway -> handed_over -> fulfilled | missed | unknown,   cancelled from wherever no request is out
"""

from __future__ import annotations

from enum import StrEnum

from dispatcher.words import DispatchState as S


class Event(StrEnum):
    """What can happen to a dispatch; each has one sentence in SAYS."""

    CLAIM = "claim"
    ASSIGN = "assign"
    ACCEPT = "accept"
    UNSURE = "unsure"
    RETRY = "retry"
    LEASE_LOST = "lease_lost"
    FULFIL = "fulfil"
    SPEND = "spend"
    SILENCE = "silence"
    CANCEL = "cancel"
    CORRECT = "correct"


SAYS = {
    Event.CLAIM: "a worker takes it and opens an attempt",
    Event.ASSIGN: "it is put on a unit's worklist",
    Event.ACCEPT: "the carrier has taken it",
    Event.UNSURE: "the carrier may have taken it; nobody can tell yet",
    Event.RETRY: "another try is due later",
    Event.LEASE_LOST: "its worker's lease ran out before an attempt was opened",
    Event.FULFIL: "delivered; answered and heard; met",
    Event.SPEND: "the channel is spent",
    Event.SILENCE: "no news came in time",
    Event.CANCEL: "it is no longer needed",
    Event.CORRECT: "a person records that it was the wrong person",
}

MOVES: dict[tuple[S, Event], S] = {
    (S.WAITING, Event.CLAIM): S.UNDERWAY,
    (S.WAITING, Event.ASSIGN): S.HANDED_OVER,
    (S.WAITING, Event.FULFIL): S.FULFILLED,  # news of an earlier try, while a redial was waiting
    (S.WAITING, Event.SPEND): S.MISSED,
    (S.WAITING, Event.CANCEL): S.CANCELLED,
    (S.UNDERWAY, Event.ACCEPT): S.HANDED_OVER,
    (S.UNDERWAY, Event.UNSURE): S.HANDED_OVER,
    (S.UNDERWAY, Event.RETRY): S.WAITING,
    (S.UNDERWAY, Event.SPEND): S.MISSED,
    (S.UNDERWAY, Event.LEASE_LOST): S.WAITING,
    (S.HANDED_OVER, Event.FULFIL): S.FULFILLED,
    (S.HANDED_OVER, Event.SPEND): S.MISSED,
    (S.HANDED_OVER, Event.RETRY): S.WAITING,
    (S.HANDED_OVER, Event.SILENCE): S.UNKNOWN,
    (S.HANDED_OVER, Event.CANCEL): S.CANCELLED,
    (S.MISSED, Event.FULFIL): S.FULFILLED,
    (S.UNKNOWN, Event.FULFIL): S.FULFILLED,
    (S.UNKNOWN, Event.SPEND): S.MISSED,
    (S.FULFILLED, Event.CORRECT): S.MISSED,
}


class NoSuchMove(Exception):
    """A dispatch cannot make this move from its state: a fault of the program, never of a carrier."""


def after(state: S, event: Event) -> S:
    """Where `event` leads from `state`.

    Raises: NoSuchMove: the table has no such move.
    """
    try:
        return MOVES[state, event]
    except KeyError:
        raise NoSuchMove(f"{event} does not move a dispatch that is {state}") from None


def can(state: S, event: Event) -> bool:
    """True when the table has this move."""
    return (state, event) in MOVES


def drawing() -> str:
    """The table as a Mermaid state diagram."""
    lines = ["stateDiagram-v2", "    [*] --> waiting: planned"]
    lines += [f"    {state} --> {to}: {event}" for (state, event), to in MOVES.items()]
    lines += [f"    {state} --> [*]" for state in S if state.final]
    return "\n".join(lines)
