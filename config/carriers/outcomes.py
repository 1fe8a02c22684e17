"""What a code of a vendor may be said to mean in the carriers file: our outcomes of texts and of robots' calls.

The same words as `dispatcher.words.Outcome`, which this room cannot know; a test holds them together.
"""

from __future__ import annotations

NOT_FINAL = "not_final"
"""The code tells of a stage on the way, and nothing has ended."""

OF_TEXTS = frozenset(
    {"delivered", "bad_number", "blocked", "our_fault", "phone_temporary", "gateway_temporary", "unknown", NOT_FINAL}
)
OF_CALLS = frozenset(
    {
        "heard",
        "key_understood",
        "key_paid",
        "hung_up",
        "machine",
        "busy",
        "no_answer",
        "rejected",
        "unreachable",
        "powered_off",
        "suspended",
        "invalid_number",
        "platform_fault",
        "unknown",
        NOT_FINAL,
    }
)
OF_CHANNEL = {"sms": OF_TEXTS, "call": OF_CALLS}
