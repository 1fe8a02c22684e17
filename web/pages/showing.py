"""How a figure is shown: its name and meaning in the page's language, its value, and the list behind it."""

from __future__ import annotations

from dataclasses import dataclass

from dispatcher.figures import DEFINITIONS
from dispatcher.figures.meanings import meaning_of, name_of
from dispatcher.figures.table import Kpi
from dispatcher.figures.wording import Lang, count, share
from web.pages.filters import Chosen


@dataclass(frozen=True, slots=True)
class Shown:
    """One figure on a page. `top` and `bottom` are what it was made of, each with the list behind it."""

    id: str
    name: str
    meaning: str
    value: str
    number: float | None
    is_share: bool
    top: str
    bottom: str
    top_link: str
    bottom_link: str


def shown(kpi: str, cell: Kpi, lang: Lang, chosen: Chosen, **narrowed: str) -> Shown:
    """A figure, narrowed as its row is, so that the list behind it is as long as it says."""
    definition = DEFINITIONS[kpi]
    is_share = definition.kind == "share"
    money = definition.kind == "yuan"
    value = share(cell.value) if is_share else count(None if cell.value is None else round(cell.value), lang)
    return Shown(
        kpi,
        name_of(kpi, lang),
        meaning_of(kpi, lang),
        value,
        cell.value,
        is_share,
        count(round(cell.numerator / 100) if money else cell.numerator, lang),
        count(cell.denominator, lang),
        # whose money it is, the denominator tells
        chosen.link("cases", kpi=kpi, part="denominator" if money else "numerator", **narrowed),
        chosen.link("cases", kpi=kpi, part="denominator", **narrowed),
    )
