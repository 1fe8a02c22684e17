"""A dispatch's moves, drawn and told."""

from __future__ import annotations

from dispatcher import lifecycle
from parts.markdown import table


def drawing() -> str:
    """The state diagram, as Mermaid."""
    return f"```mermaid\n{lifecycle.drawing()}\n```\n"


def moves() -> str:
    """Each move with its sentence."""
    rows = [
        (f"`{state}`", f"`{event}`", f"`{to}`", lifecycle.SAYS[event]) for (state, event), to in lifecycle.MOVES.items()
    ]
    return table(("from", "event", "to", "what happened"), rows)
