"""Response times of *Outcomes*, at an address of their own: they read each alert of the window, and no page waits."""

from __future__ import annotations

from fastapi.responses import Response

from dispatcher.figures import all_quantiles, lag
from web.pages.asking import Asking
from web.pages.filters import chosen
from web.pages.rendering import html
from web.pages.words import say

ADDRESS = "outcomes/latency"


def show(asking: Asking) -> Response:
    """The table for the page that asks for it by itself, or a page of its own for whoever follows the link."""
    with asking.house.store.read() as connection:
        wanted = chosen(asking, connection)
        each = all_quantiles(connection, wanted.asked.scope, now=asking.now)
        behind_by = lag(connection, asking.now).behind.total_seconds()
    return html(
        asking,
        "latency_live.html" if asking.live else "latency.html",
        chosen=wanted,
        window=wanted.asked.window,
        latency=[(say(asking.lang, f"latency.{what}"), rows[()]) for what, rows in each.items() if () in rows],
        lag=behind_by,
        back=wanted.link("outcomes"),
    )
