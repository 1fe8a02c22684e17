"""One carrier on one channel, as a claim sees it. Knows no vendor's language: those know what a claim makes."""

from __future__ import annotations

from dataclasses import dataclass

from config.carriers import Window
from dispatcher.tokens import Limit
from dispatcher.words import Channel


@dataclass(frozen=True, slots=True)
class Way:
    """One carrier on one channel. `limit` None: it takes what it is given. `live`: it reaches real people.

    `windows`: how often it lets one person be reached. `slow_s`: a request that is out for longer tells against it.
    """

    carrier: str
    channel: Channel
    live: bool = False
    limit: Limit | None = None
    windows: tuple[Window, ...] = ()
    slow_s: float = 1.5
