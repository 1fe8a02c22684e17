"""How long news that cannot be placed yet is kept waiting, and how often it is looked at."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

PATIENCE = timedelta(days=3)
"""How long news of an unknown reference is kept waiting; no carrier reports later than 72 h."""

FIRST_PAUSE_S, LONGEST_PAUSE_S = 1.0, 600.0


def put_off(row: dict[str, Any], now: datetime) -> dict[str, Any]:
    """The change of a receipt (id, received_at, tries) that came too early: later, or nobody's."""
    over = now - row["received_at"] > PATIENCE
    pause = timedelta(seconds=min(FIRST_PAUSE_S * 2 ** min(row["tries"], 20), LONGEST_PAUSE_S))
    return {
        "row_id": row["id"],
        "state": "orphan" if over else "waiting",
        "tries": row["tries"] + 1,
        "applied_at": now if over else None,
        "again_at": now + pause,
    }
