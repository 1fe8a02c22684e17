"""The town's codes in our words, written from the wire contract alone.

Nothing here is taken from dispatcher/carriers: an audit that read codes with the audited table would never find a
fault in it.
"""

from __future__ import annotations

from collections.abc import Mapping

CHANNEL_OF: Mapping[str, tuple[str, str]] = {
    "text": ("sms", "carrier"),
    "ring": ("call", "robot"),
    "call": ("call", "human"),
    "visit": ("visit", "officer"),
}
"""Kind of effect -> (channel, means) of the dispatch that may have it."""

OF_CARRIER = frozenset({"text", "ring"})
OF_PEOPLE = frozenset({"call", "visit"})

TEXT: Mapping[str, str | None] = {
    "DELIVRD": "delivered",
    "ENROUTE": None,
    "EXPIRED": "phone_temporary",
    "UNDELIV": "bad_number",
    "REJECTD": "blocked",
    "UNKNOWN": None,
}
RING: Mapping[str, str | None] = {
    "RINGING": None,
    "HEARD": "heard",
    "KEY1": "key_understood",
    "KEY2": "key_paid",
    "HUNGUP": "hung_up",
    "MACHINE": "machine",
    "BUSY": "busy",
    "NOANSWER": "no_answer",
    "REJECTED": "rejected",
    "UNREACHABLE": "unreachable",
    "POWEREDOFF": "powered_off",
    "SUSPENDED": "suspended",
    "INVALID": "invalid_number",
    "FAULT": "platform_fault",
}
"""News code -> outcome; None: nothing final is told by it."""

GOOD: Mapping[str, frozenset[str]] = {
    "text": frozenset({"DELIVRD"}),
    "ring": frozenset({"HEARD", "KEY1", "KEY2"}),
    "call": frozenset({"reached"}),
    "visit": frozenset({"met"}),
}
"""Kind of effect -> the town's outcomes after which nobody needs it again: delivered, heard, reached, met."""

FINAL = frozenset({"fulfilled", "missed", "unknown", "cancelled"})
STATES = FINAL | {"waiting", "underway", "handed_over"}
SAFE = frozenset({"timely", "self_aware"})
