"""One piece of news as a carrier's callback tells it."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime


class BadNews(Exception):
    """A callback that is not in its carrier's language: nothing of it can be kept as news."""


@dataclass(frozen=True, slots=True)
class Told:
    """One piece of news; `raw` is its body as it came.

    `reference` is ours; it is empty where a vendor repeats only its own name for the try, `carrier_ref`.
    """

    reference: str
    code: str
    at: datetime
    raw: bytes = field(repr=False)
    carrier_ref: str | None = None
