"""Why a claim puts a dispatch off, as it stands in the column `reason` while it waits."""

OUTSIDE_HOURS = "outside_hours"
"""Robots do not call now (rule 8)."""

THROTTLED = "carrier_throttled"
"""It has a time and no token."""

WINDOW = "person_window"
"""Its carriers have reached for this person as often as they may for now."""

BREAKER_OPEN = "breaker_open"
"""Its carriers are passed by, since they fail."""

ONLY_LIVE = "only_live_carriers"
"""It is a test alert's, and the carriers of its route reach real people."""
