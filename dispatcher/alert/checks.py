"""The checks of single fields, as pydantic calls them: each takes what was sent and gives what it means.

A check raises `wrong("…")`, whose sentence says what would be right and never what was sent.
"""

import re
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal
from enum import StrEnum
from ipaddress import ip_address
from typing import TypeVar

from pydantic import ValidationInfo
from pydantic_core import PydanticCustomError

from dispatcher.alert.identity import fault_of_identity
from dispatcher.alert.phone import PHONE_WANTED, e164
from dispatcher.alert.rules import Rules
from dispatcher.alert.terms import DEVICE_WORDS, RISK_WORDS, SEX_WORDS, AgeBand, DeviceKind, Sex
from dispatcher.alert.unencrypted import NO_PERSON_IN_WORDS, NO_PERSON_WANTED, holds_persons_number, is_persons_number
from dispatcher.words import FraudType, Risk

Word = TypeVar("Word", bound=StrEnum)

_TIME = re.compile(r"\d{4}-\d\d-\d\d[Tt ]\d\d:\d\d(?::\d\d(?:\.\d{1,9})?)?(?P<offset>[Zz]|[+-]\d\d:?\d\d)?", re.ASCII)
_CARD = re.compile(r"\d{12,19}", re.ASCII)
_BETWEEN_DIGITS = str.maketrans("", "", " -")
_CENTS = Decimal("0.01")
MOST_YUAN = 1_000_000_000_000


@dataclass(frozen=True, slots=True)
class Bench:
    """What the checks judge by: the instant of receipt (UTC or any offset) and the deployment's rules."""

    now: datetime
    rules: Rules


def wrong(sentence: str) -> PydanticCustomError:
    """The error of a check, with its whole sentence."""
    # braces would be read as slots of a template
    return PydanticCustomError("alert", "{sentence}", {"sentence": sentence})


def _table(words: type[Word], chinese: dict[str, Word]) -> dict[object, Word]:
    table: dict[object, Word] = {str(word): word for word in words}
    table.update(chinese)
    return table


RISKS = _table(Risk, RISK_WORDS)
FRAUD_TYPES = _table(FraudType, {})
SEXES = _table(Sex, SEX_WORDS)
AGE_BANDS = _table(AgeBand, {})
DEVICES = _table(DeviceKind, DEVICE_WORDS)


def _looked_up(value: object, table: dict[object, Word]) -> Word:
    found = table.get(value) if isinstance(value, str) else None
    if found is None:
        raise wrong("must be one of " + ", ".join(str(word) for word in table))
    return found


def risk(value: object) -> Risk:
    """L1 to L4, or the Chinese word."""
    return _looked_up(value, RISKS)


def fraud_type(value: object) -> FraudType:
    """A code of the closed list."""
    return _looked_up(value, FRAUD_TYPES)


def sex(value: object) -> Sex | None:
    """A word of the closed list, or none."""
    return None if value is None else _looked_up(value, SEXES)


def age_band(value: object) -> AgeBand | None:
    """A word of the closed list, or none."""
    return None if value is None else _looked_up(value, AGE_BANDS)


def device_kind(value: object) -> DeviceKind | None:
    """A word of the closed list, in code or as the trade calls it, or none."""
    return None if value is None else _looked_up(value, DEVICES)


def source(value: object, info: ValidationInfo) -> str:
    """An upstream that this deployment knows."""
    bench: Bench = info.context  # type: ignore[assignment]
    if isinstance(value, str) and value in bench.rules.sources:
        return value
    raise wrong("must be an upstream known here: " + ", ".join(sorted(bench.rules.sources)))


def region(value: object, info: ValidationInfo) -> str | None:
    """Today's code; an old one is rolled up."""
    if value is None:
        return None
    bench: Bench = info.context  # type: ignore[assignment]
    found = bench.rules.regions.current(value) if isinstance(value, str) else None
    if found is None:
        raise wrong("must be the six digits of a GB/T 2260 region known here, as text")
    return found


def instant(value: object, info: ValidationInfo) -> datetime | None:
    """A UTC instant, neither in the future nor forgotten long ago."""
    if value is None:
        return None
    if not isinstance(value, str) or (match := _TIME.fullmatch(value)) is None:
        raise wrong("must be a time such as 2026-01-31T08:30:00+08:00")
    if match["offset"] is None:
        raise wrong("must carry its offset from UTC, such as +08:00 or Z")
    bench: Bench = info.context  # type: ignore[assignment]
    try:
        when = datetime.fromisoformat(value.upper()).astimezone(UTC)
    except (ValueError, OverflowError):
        raise wrong("must be a time that exists, such as 2026-01-31T08:30:00+08:00") from None
    if when > bench.now + bench.rules.ahead:
        minutes = bench.rules.ahead.total_seconds() / 60
        raise wrong(f"must not lie in the future (more than {minutes:g} minutes ahead of the receipt)")
    if when < bench.now - bench.rules.oldest:
        raise wrong(f"must not lie more than {bench.rules.oldest.days} days before the receipt")
    return when


def phone(value: object) -> str:
    """The person's number in E.164."""
    found = e164(value) if isinstance(value, str) else None
    if found is None:
        raise wrong(PHONE_WANTED)
    return found


def identity(value: str | None, info: ValidationInfo) -> str | None:
    """An identity number whose date and check character are right; its area code is not judged here."""
    if value is None:
        return None
    bench: Bench = info.context  # type: ignore[assignment]
    value = value.upper()
    fault = fault_of_identity(value, bench.now)
    if fault is not None:
        raise wrong(fault)
    return value


def bank_card(value: str | None) -> str | None:
    """A card's digits, without what was put between them."""
    if value is None:
        return None
    digits = value.translate(_BETWEEN_DIGITS)
    if not _CARD.fullmatch(digits):
        raise wrong("must be 12 to 19 digits")
    return digits


def ip(value: str | None) -> str | None:
    """An address in its shortest notation, without port or prefix length."""
    if value is None:
        return None
    try:
        return str(ip_address(value))
    except ValueError:
        raise wrong("must be an IPv4 or IPv6 address without a port") from None


def yuan(value: object) -> Decimal | None:
    """Money with two decimals, >= 0."""
    if value is None:
        return None
    sentence = f"must be a number from 0 to {MOST_YUAN}, with at most two decimals"
    if isinstance(value, bool) or not isinstance(value, int | float | Decimal):
        raise wrong(sentence)
    # bounded first: NaN compares false, and an endless integer is never turned into text
    if (isinstance(value, Decimal) and not value.is_finite()) or not 0 <= value <= MOST_YUAN:
        raise wrong(sentence)
    amount = value if isinstance(value, Decimal) else Decimal(str(value))
    rounded = amount.quantize(_CENTS)
    if rounded != amount:
        raise wrong(sentence)
    # minus nothing is nothing
    return abs(rounded)


def blank_is_absent(value: str | None) -> str | None:
    """Trimmed text; an upstream's empty string means that it does not know."""
    return None if value is None else value.strip() or None


def nobodys_number(value: str | None) -> str | None:
    """A name that tells of no person, for it is kept as it is."""
    if value is not None and is_persons_number(value):
        raise wrong(NO_PERSON_WANTED)
    return value


def nobodys_words(value: str | None) -> str | None:
    """A sentence that tells of no person by number, for it stands in timelines as it is."""
    if value is not None and holds_persons_number(value):
        raise wrong(NO_PERSON_IN_WORDS)
    return value


def filled(value: str) -> str:
    """Trimmed text that says something."""
    trimmed = value.strip()
    if not trimmed:
        raise wrong("must not be empty")
    return trimmed
