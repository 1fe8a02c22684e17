"""How carriers want a phone number written; ours are E.164."""

from __future__ import annotations

from typing import Literal

HOME = "+86"

NumberFormat = Literal["e164", "digits", "national"]


def written(number: str, how: NumberFormat) -> str:
    """`e164` as it is; `digits` without the plus; `national` as it is dialled at home, foreign numbers with 00."""
    if how == "e164":
        return number
    if how == "digits":
        return number.removeprefix("+")
    return number.removeprefix(HOME) if number.startswith(HOME) else "00" + number.removeprefix("+")
