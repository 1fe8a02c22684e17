"""The eighteen characters of a resident identity number: area, birthday, sequence, check.

Source: GB 11643, as DOMAIN's section on regions and identity numbers gives its weights.
"""

import re
from datetime import date, datetime, timedelta, timezone
from operator import mul

WEIGHTS = (7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2)
CHECK_CHARACTERS = "10X98765432"
CHINA = timezone(timedelta(hours=8))
_TOO_MUCH = 48 * sum(WEIGHTS)
_SHAPE = re.compile(r"[1-9]\d{16}[0-9X]", re.ASCII)


def check_character(first_seventeen: str) -> str:
    """The eighteenth character. Args: seventeen ASCII digits."""
    digits = first_seventeen.encode("ascii")  # as numbers, 48 too large each
    if len(digits) != len(WEIGHTS):
        raise ValueError("must be seventeen digits")
    return CHECK_CHARACTERS[(sum(map(mul, WEIGHTS, digits)) - _TOO_MUCH) % 11]


def fault_of_identity(number: str, now: datetime) -> str | None:
    """What would be right where this number is wrong; None when it is right. The area is not judged."""
    if not _SHAPE.fullmatch(number):
        return "must be 18 characters: 17 digits, then a digit or X"
    try:
        birthday = date(int(number[6:10]), int(number[10:12]), int(number[12:14]))
    except ValueError:
        return "must hold a date of birth that exists, as YYYYMMDD from the seventh digit on"
    if birthday > now.astimezone(CHINA).date():
        return "must hold a date of birth that is not in the future"
    if check_character(number[:17]) != number[17]:
        return "must end in the check character that its first 17 digits give"
    return None


def area_of(number: str) -> str:
    """The region of first registration: six digits."""
    return number[:6]
