"""Response times of *Outcomes*: they read each alert of the window, and no page waits for them."""

from __future__ import annotations

from fastapi.responses import Response

from dispatcher.figures import all_quantiles, lag
from web.pages.asking import Asking
from web.pages.filters import chosen
from web.pages.later import Later
from web.pages.words import say

PART = Later("latency")


def show(asking: Asking) -> Response:
    """Within which time half, nine in ten and all but one in a hundred were warned, reached, met."""
    with asking.house.store.read() as connection:
        wanted = chosen(asking, connection)
        each = all_quantiles(connection, wanted.asked.scope, now=asking.now)
        behind_by = lag(connection, asking.now).behind.total_seconds()
    rows = [(say(asking.lang, f"latency.{what}"), told[()]) for what, told in each.items() if () in told]
    return PART.answer(asking, wanted, latency=rows, lag=behind_by)
