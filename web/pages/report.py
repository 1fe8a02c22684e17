"""The page for the press, of a window and a place: as `quanzu report` writes it, to be printed or kept as a file."""

from __future__ import annotations

import base64
import hashlib
from functools import cache

from fastapi.responses import HTMLResponse, Response

from web.pages.asking import Asking
from web.pages.filters import chosen
from web.report import file_name, press_page, style

TOLD_OF = ("window", "from", "to", "region")
"""The only filters that it has: a report that left out a type or a level would be read as one of all."""


def show(asking: Asking) -> Response:
    """The report as a page of its own, without our navigation."""
    with asking.house.store.read() as connection:
        asked = chosen(asking, connection, names=TOLD_OF).asked
        page = press_page(connection, asked, asking.lang, now=asking.now)
    headers = {
        "Content-Security-Policy": _policy(),
        "Content-Disposition": f'inline; filename="{file_name(asked, asking.lang)}"',
    }
    return HTMLResponse(page, headers=headers)


@cache
def _policy() -> str:
    """Nothing is loaded and nothing is run; of styles its own alone."""
    digest = base64.b64encode(hashlib.sha256(style().encode()).digest()).decode()
    return f"default-src 'none'; style-src 'sha256-{digest}'; frame-ancestors 'none'; base-uri 'none'"
