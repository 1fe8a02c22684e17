"""Numbers as people say them: one habit for terminal, pages, tables and report.

    785600 -> 78.56万     13_270_000_000 -> 132.7亿     0.7993 -> 79.93 %     +0.2829 -> +28.29 %

Two decimals at most, rounded half up, without trailing zeros in counts. What is not known is a dash.
"""

from __future__ import annotations

from datetime import datetime
from decimal import ROUND_HALF_UP, Decimal
from enum import StrEnum

from dispatcher.plan import LOCAL

NONE = "–"
WAN, YI = 10_000, 100_000_000
HUNDREDTH = Decimal("0.01")


class Lang(StrEnum):
    """In which language numbers and sentences are."""

    ZH = "zh"
    EN = "en"


def count(number: int | Decimal | None, lang: Lang = Lang.ZH) -> str:
    """A count or a sum: below ten thousand with commas, then in 万 and 亿; in English in digits."""
    if number is None:
        return NONE
    if lang is Lang.EN or -WAN < number < WAN:
        return f"{number:,}"
    wan = _rounded(Decimal(number) / WAN)
    if abs(wan) < WAN:
        return f"{_short(wan)}万"
    return f"{_short(_rounded(Decimal(number) / YI))}亿"


def yuan(value: float | None, lang: Lang = Lang.ZH) -> str:
    """A sum of money: 132.7亿元; below ten thousand to the fen."""
    if value is None:
        return NONE
    told = _rounded(_decimal(value))
    unit, before = ("元", "") if lang is Lang.ZH else ("", "¥")
    return f"{before}{f'{told:,}' if lang is Lang.EN or -WAN < told < WAN else count(told)}{unit}"


def share(value: float | None) -> str:
    """A share of one, as a percentage."""
    return NONE if value is None else f"{_rounded(_percent(value)):,} %"


def growth(value: float | None) -> str:
    """A change, with its sign."""
    return NONE if value is None else f"{_rounded(_percent(value)):+,} %"


def points(value: float | None, lang: Lang = Lang.ZH) -> str:
    """A difference of rates, in percentage points, with its sign."""
    unit = "百分点" if lang is Lang.ZH else "points"
    return NONE if value is None else f"{_rounded(_decimal(value)):+,} {unit}"


def seconds(value: float | None, lang: Lang = Lang.ZH) -> str:
    """How long something took: its two largest units."""
    if value is None:
        return NONE
    names = ("天", "小时", "分", "秒") if lang is Lang.ZH else (" d", " h", " min", " s")
    tenths = _decimal(value).quantize(Decimal("0.1"), ROUND_HALF_UP)
    if tenths < 60:
        return f"{_short(tenths)}{names[3]}"
    left = int(_decimal(value).quantize(Decimal(1), ROUND_HALF_UP))
    told: list[str] = []
    for size, name in zip((86_400, 3_600, 60, 1), names, strict=True):
        many, left = divmod(left, size)
        if many or told:
            told.append(f"{many}{name}" if many else "")
        if len(told) == 2:
            break
    return ("" if lang is Lang.ZH else " ").join(part for part in told if part)


def day(at: datetime, lang: Lang = Lang.ZH) -> str:
    """A day in Shanghai: 2026年1月1日, 1 January 2026."""
    local = at.astimezone(LOCAL)
    if lang is Lang.EN:
        return f"{local.day} {local:%B} {local.year}"
    return f"{local.year}年{local.month}月{local.day}日"


def instant(at: datetime) -> str:
    """An instant in Shanghai, to the minute."""
    return f"{at.astimezone(LOCAL):%Y-%m-%d %H:%M}"


def _decimal(value: float) -> Decimal:
    """As it is written, so that 0.125 rounds as people round it."""
    return Decimal(repr(float(value)))


def _percent(value: float) -> Decimal:
    return _decimal(value) * 100


def _rounded(value: Decimal) -> Decimal:
    return value.quantize(HUNDREDTH, ROUND_HALF_UP) + 0  # + 0: no negative nothing


def _short(value: Decimal) -> str:
    """Without trailing zeros."""
    text = f"{value:,}"
    return text.rstrip("0").rstrip(".") if "." in text else text
