"""Names for rows and tries: UUIDv7 keys, and references that fit every carrier."""

from __future__ import annotations

import os
import string
import time
from uuid import UUID

import uuid_utils

LETTERS = string.digits + string.ascii_lowercase
PAIRS = [first + second for first in LETTERS for second in LETTERS]


def new_id() -> UUID:
    """A UUIDv7: keys grow with time, so that indexes stay dense."""
    return UUID(int=uuid_utils.uuid7().int)


def new_stem() -> str:
    """12 letters and digits that name a dispatch to carriers: three tell the minute (for a month), nine are chance.

    So that the names of one minute lie side by side in the indexes, as keys do, and not on a page of its own each.
    Two of a minute's hundred thousand are alike once in twenty thousand minutes; then the table refuses the second,
    and intake takes its batch again, one by one.
    """
    number = int(time.time() // 60) % 36**3 * 36**9 + int.from_bytes(os.urandom(8)) % 36**9
    pairs = []
    for _ in range(6):
        number, pair = divmod(number, 36 * 36)
        pairs.append(PAIRS[pair])
    return "".join(reversed(pairs))


def reference(stem: str, number: int) -> str:
    """The reference of a dispatch's `number`th attempt (1 .. 1295): 14 letters and digits."""
    if not 1 <= number < 36 * 36:
        raise ValueError("an attempt's number must be 1 .. 1295")
    return stem + LETTERS[number // 36] + LETTERS[number % 36]
