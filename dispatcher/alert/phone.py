"""A person's phone number: the key that everything about the person hangs on."""

import re

PHONE_WANTED = "must be a mainland number as text: a mobile such as 138…, or a landline with its area code 0…"

_DECORATION = str.maketrans("", "", " -()（）\u00a0")
_PHONE = re.compile(
    r"""
    (?P<country>\+86|0086|86(?=1[3-9]\d{9}$|0?(?:10|2\d|[3-9]\d\d)[2-9]\d{6,7}$))?
    (?:
        (?P<mobile>1[3-9]\d{9})
      | (?P<zero>0)?(?P<landline>(?:10|2\d)[2-9]\d{6,7}|[3-9]\d\d[2-9]\d{6,7})
    )
    """,
    re.VERBOSE | re.ASCII,
)


def e164(number: str) -> str | None:
    """`138 0013 8000`, `+86…`, `0086…`, `86…`, `0351-…` as `+86…`; None for what is no mainland number.

    A landline wants its area code: with the leading 0, or behind the country code with or without it.
    """
    if len(number) > 32:
        return None
    found = _PHONE.fullmatch(number.translate(_DECORATION))
    if found is None:
        return None
    if found["mobile"]:
        return "+86" + found["mobile"]
    if found["zero"] or found["country"]:
        return "+86" + found["landline"]
    return None
