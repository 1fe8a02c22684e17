"""Python's collector of circles, for processes that make and drop thousands of rows a second."""

from __future__ import annotations

import gc

YOUNG, MIDDLE, OLD = 50_000, 20, 100
"""Our rows die by their counts; hardly anything of ours is a circle. At Python's 700 the collector looks at all that a
batch of alerts has in hand some dozen times before it is committed: 8 % of our CPU (`python -m bench.hot_path`)."""


def calm() -> None:
    """Look more rarely, and never again at what is there now: modules and settings. Forked processes inherit it."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(YOUNG, MIDDLE, OLD)
