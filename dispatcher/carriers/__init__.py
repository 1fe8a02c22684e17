"""The carriers' languages as pure functions: one file a carrier, the vendor's codes as tables under their source."""

from __future__ import annotations

from collections.abc import Mapping

from dispatcher.carriers import simulator
from dispatcher.words import Outcome

CODES: Mapping[str, Mapping[str, Outcome | None]] = {simulator.NAME: simulator.CODES}
"""By carrier: a code to its outcome; None is news that is not final."""


def outcome_of(carrier: str, code: str) -> Outcome | None:
    """What a carrier's code means; None when it is not final. A code that no table has is `unknown`."""
    return CODES.get(carrier, {}).get(code, Outcome.UNKNOWN)
