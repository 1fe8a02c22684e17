"""A figure as people read it: its value by its kind, and what it was made of."""

from __future__ import annotations

from dispatcher.figures import wording
from dispatcher.figures.definitions import DEFINITIONS
from dispatcher.figures.table import Kpi
from dispatcher.figures.wording import Lang


def value_of(name: str, kpi: Kpi, lang: Lang = Lang.ZH) -> str:
    """A figure's value as its kind is told."""
    match DEFINITIONS[name].kind:
        case "share":
            return wording.share(kpi.value)
        case "yuan":
            return wording.yuan(kpi.value, lang)
        case "per_100k":
            return wording.NONE if kpi.value is None else f"{kpi.value:,.2f}"
        case "count":
            return wording.count(kpi.numerator, lang)


def parts_of(name: str, kpi: Kpi, lang: Lang = Lang.ZH) -> str:
    """Numerator and denominator; of money the sum in yuan."""
    is_money = DEFINITIONS[name].kind == "yuan"
    above = wording.yuan(kpi.value, lang) if is_money else wording.count(kpi.numerator, lang)
    return f"{above} / {wording.count(kpi.denominator, lang)}"
