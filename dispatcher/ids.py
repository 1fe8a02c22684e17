"""Names for rows and tries: UUIDv7 keys, and references that fit every carrier."""

from __future__ import annotations

import secrets
import string
from uuid import UUID

import uuid_utils

LETTERS = string.digits + string.ascii_lowercase


def new_id() -> UUID:
    """A UUIDv7: keys grow with time, so that indexes stay dense."""
    return UUID(int=uuid_utils.uuid7().int)


def new_stem() -> str:
    """12 letters and digits (62 bits of chance) that name a dispatch to carriers."""
    number = secrets.randbits(62)
    out = []
    for _ in range(12):
        number, digit = divmod(number, 36)
        out.append(LETTERS[digit])
    return "".join(out)


def reference(stem: str, number: int) -> str:
    """The reference of a dispatch's `number`th attempt (1 .. 1295): 14 letters and digits."""
    if not 1 <= number < 36 * 36:
        raise ValueError("an attempt's number must be 1 .. 1295")
    return stem + LETTERS[number // 36] + LETTERS[number % 36]
