"""Names that are kept as they are, to be found again: none of them may be a person's own number."""

from __future__ import annotations

import re

NO_PERSON_IN_WORDS = "must not hold a phone or identity number: it is kept unencrypted"
NO_PERSON_WANTED = "must not be a phone or identity number: it is kept unencrypted"

_DECORATION = str.maketrans("", "", " -()（）\u00a0")
_MOBILE = re.compile(r"(?:\+?86|0086)?1[3-9]\d{9}", re.ASCII)
# with a date of birth: a counter of eighteen digits is no identity number
_IDENTITY = re.compile(r"[1-9]\d{5}(?:18|19|20)\d\d(?:0[1-9]|1[0-2])(?:0[1-9]|[12]\d|3[01])\d{3}[\dXx]", re.ASCII)


_BETWEEN_DIGITS = re.compile(r"(?<=\d)[ \-()（）\u00a0]+(?=\d)")
_WITHIN = re.compile(rf"(?<!\d)(?:{_MOBILE.pattern}|{_IDENTITY.pattern})(?!\d)", re.ASCII)


def holds_persons_number(text: str) -> bool:
    """Whether a mobile number or the shape of an identity number stands anywhere in a sentence."""
    return _WITHIN.search(_BETWEEN_DIGITS.sub("", text)) is not None


def is_persons_number(text: str) -> bool:
    """Whether the whole text is a mobile number or has the shape of an identity number, right or mistyped."""
    plain = text.translate(_DECORATION)
    return _MOBILE.fullmatch(plain) is not None or _IDENTITY.fullmatch(plain) is not None
