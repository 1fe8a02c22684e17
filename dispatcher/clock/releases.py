"""A release that its operator's command began and did not end is ended here: nothing stays held by nobody."""

from __future__ import annotations

from datetime import datetime
from itertools import islice

from dispatcher.bells import Bell
from dispatcher.holding import let_go, unfinished
from dispatcher.store import Store

MOST_PAGES = 20


def finish_releases(store: Store, *, now: datetime) -> list[Bell]:
    """Let go what released holds and brakes still hold, up to twenty pages of each. Commits. Returns the bells."""
    return [
        bell
        for hold_id in unfinished(store)
        for bells in islice(let_go(store, hold_id, now=now), MOST_PAGES)
        for bell in bells
    ]
