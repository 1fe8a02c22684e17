"""Parts of *Outcomes* that come when the page is there: it asks for them by itself, and a link shows each alone."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from fastapi.responses import Response

from web.pages.asking import Asking
from web.pages.filters import Chosen
from web.pages.rendering import html
from web.pages.words import say


@dataclass(frozen=True, slots=True)
class Later:
    """A part with an address of its own. `name` is its template's, its address's and that of its title in the words."""

    name: str

    @property
    def address(self) -> str:
        """Below the pages' root."""
        return f"outcomes/{self.name}"

    def link(self, wanted: Chosen) -> str:
        """Where it is, for the same window and filters."""
        return wanted.link(self.address)

    def answer(self, asking: Asking, wanted: Chosen, **told: Any) -> Response:
        """What the page asked for, or a page of its own for whoever followed the link."""
        if asking.live:
            return html(asking, f"later_{self.name}.html", alone=False, **told)
        return html(
            asking,
            "later.html",
            alone=True,
            part=f"later_{self.name}.html",
            title=say(asking.lang, f"later.{self.name}"),
            chosen=wanted,
            window=wanted.asked.window,
            back=wanted.link("outcomes"),
            **told,
        )
