"""What each figure means, and what each number of the town does."""

from __future__ import annotations

from dispatcher.figures import DEFINITIONS
from parts.markdown import table
from simulator.numbers import FATES

TOLD = {name: (one.zh, one.en) for name, one in DEFINITIONS.items()}


def figures() -> str:
    """Each figure with its definition."""
    return table(("id", "中文", "definition"), [(f"`{name}`", *told) for name, told in TOLD.items()])


def numbers() -> str:
    """What the last four digits mean in the simulated town."""
    return table(("ends in", "what befalls it"), [(f"`{digits}`", fate.says) for digits, fate in sorted(FATES.items())])
