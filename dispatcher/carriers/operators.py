"""What the three operators' gateways report of a text, whichever vendor passes it on; and the time in China."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta, timezone

from dispatcher.words import Outcome

CHINA = timezone(timedelta(hours=8), "CST")
"""No summer time since 1991. The vendors' times have no offset; that they are China's is read from their examples."""

LONGEST_CODE = 64
FAMILIES = ("MA:",)
"""Codes of these families are one code: `MA:0053` is told as `MA:*`; the receipt keeps it whole."""

# Source: SMPP 3.4 and CMPP 3.0 `stat`, and the lists of operators' codes that Aliyun and Tencent publish. The lists
# contradict each other; what is not here is `unknown`, and a deployment says what it has learned in `codes`.
CODES: Mapping[str, Outcome | None] = {
    "DELIVRD": Outcome.DELIVERED,
    "DELIVERED": Outcome.DELIVERED,
    "ENROUTE": None,
    "ACCEPTD": None,
    "EXPIRED": Outcome.PHONE_TEMPORARY,
    "UNDELIV": Outcome.PHONE_TEMPORARY,
    "REJECTD": Outcome.BLOCKED,
    "UNKNOWN": Outcome.UNKNOWN,
    "DELETED": Outcome.UNKNOWN,
    # the number is dead
    "MK:0001": Outcome.BAD_NUMBER,
    "MK:0005": Outcome.BAD_NUMBER,
    "MK:0013": Outcome.BAD_NUMBER,
    "MI:0073": Outcome.BAD_NUMBER,
    "MI:0210": Outcome.BAD_NUMBER,
    "DB:0101": Outcome.BAD_NUMBER,
    "CB:0001": Outcome.BAD_NUMBER,
    "CB:0053": Outcome.BAD_NUMBER,
    # the person or his operator wants no texts
    "MBBLACK": Outcome.BLOCKED,
    "DBBLACK": Outcome.BLOCKED,
    "TDBLACK": Outcome.BLOCKED,
    "BLACK": Outcome.BLOCKED,
    "DB:0144": Outcome.BLOCKED,
    # our text, signature or account
    "MK:0014": Outcome.OUR_FAULT,
    "MK:0115": Outcome.OUR_FAULT,
    "MA:*": Outcome.OUR_FAULT,
    "KEYWORD": Outcome.OUR_FAULT,
    "ID:0076": Outcome.OUR_FAULT,
    # the phone is off, full or out of reach
    "MK:0010": Outcome.PHONE_TEMPORARY,
    "MK:0023": Outcome.PHONE_TEMPORARY,
    "MI:0024": Outcome.PHONE_TEMPORARY,
    "MI:0055": Outcome.PHONE_TEMPORARY,
    "MI:0059": Outcome.PHONE_TEMPORARY,
    "002": Outcome.PHONE_TEMPORARY,
    # the gateway is, or too much was asked of it
    "IB:0008": Outcome.GATEWAY_TEMPORARY,
    "MI:0061": Outcome.GATEWAY_TEMPORARY,
    "MI:0062": Outcome.GATEWAY_TEMPORARY,
    "LIMIT": Outcome.GATEWAY_TEMPORARY,
    "MILIMIT": Outcome.GATEWAY_TEMPORARY,
}


def code_of(value: object) -> str:
    """An operator's code as the table has it. Raises: ValueError: it is none."""
    code = word_of(value)
    return next((f"{family}*" for family in FAMILIES if code.startswith(family)), code)


def word_of(value: object) -> str:
    """A vendor's word as every database keeps it. Raises: ValueError: it is none."""
    if isinstance(value, bool) or not isinstance(value, str | int):
        raise ValueError("must be a text or a number")
    text = str(value)
    if not (text and text.isprintable()):
        raise ValueError("must be printable text")
    return text[:LONGEST_CODE]


def china_time(value: object) -> datetime:
    """`2026-11-25 09:30:00` in China as a UTC instant. Raises: ValueError."""
    if not isinstance(value, str):
        raise ValueError("must be a time such as 2026-11-25 09:30:00")
    return datetime.strptime(value, "%Y-%m-%d %H:%M:%S").replace(tzinfo=CHINA).astimezone(UTC)


def unix_time(value: object) -> datetime:
    """Seconds since 1970, as a number or text, as a UTC instant. Raises: ValueError, OverflowError."""
    if isinstance(value, bool) or not isinstance(value, str | int):
        raise ValueError("must be seconds since 1970")
    return datetime.fromtimestamp(int(value), UTC)
