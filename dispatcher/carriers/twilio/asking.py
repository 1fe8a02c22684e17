"""How Twilio is asked for a try: it keeps no reference of ours, so by its own sid, or by whom it was for and when.

What a list says counts only when it is beyond doubt: exactly one try near its time was ours; none for a long while
around it means that Twilio never had it; whatever lies between is no answer.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from typing import Any
from urllib.parse import urlencode

from config.carriers.twilio import Twilio
from dispatcher.carriers.request import Request
from dispatcher.carriers.twilio import calls, texts
from dispatcher.carriers.twilio.requests import request

EARLY = timedelta(seconds=3)
"""Twilio's clock may be so far behind ours, and its times are whole seconds."""
FAR = timedelta(minutes=2)
"""Nothing of Twilio's lies so far before its try, whatever the clocks say."""
PAGE = 1_000
"""The most that Twilio puts on one page: whoever had more is not asked for."""


@dataclass(frozen=True, slots=True)
class Known:
    """One try as Twilio's list has it."""

    sid: str
    status: str
    made_at: datetime
    code: str | None


def by_sid(settings: Twilio, sid: str) -> Request:
    """The request for one try of which Twilio told the sid."""
    return request(settings, "GET", f"{_resource(settings)}/{sid}.json")


def by_number(settings: Twilio, to: str) -> Request:
    """The request for all tries to this number. Not by day: Twilio lists by when a try was sent (DateSent, StartTime),
    which it does not know of what still queues, and what a list leaves out would be sent again.
    """
    query = urlencode([("To", to), ("PageSize", str(PAGE))])
    return request(settings, "GET", f"{_resource(settings)}.json", query=query)


def read_one(body: bytes) -> Known:
    """Raises: ValueError: it is no try of Twilio's."""
    return _known(_object(body))


def read_list(settings: Twilio, body: bytes) -> list[Known] | None:
    """Every try of the list; None when it has more pages, for then what is not here may be there.

    Raises: ValueError: it is no list of Twilio's.
    """
    reply = _object(body)
    rows = reply.get("messages" if settings.channel == "sms" else "calls")
    if not isinstance(rows, list):
        raise ValueError("must have a list")
    return None if reply.get("next_page_uri") else [_known(row) for row in rows if _is_ours(row)]


def pick(known: Sequence[Known], begun_at: datetime, within: timedelta) -> tuple[bool, Known | None] | None:
    """(found, which) of a try begun then, whose request ended `within`; None when nobody can tell."""
    near = [one for one in known if begun_at - EARLY <= one.made_at <= begun_at + within + EARLY]
    around = [one for one in known if begun_at - FAR <= one.made_at <= begun_at + FAR]
    if not around:
        return False, None
    return (True, near[0]) if len(near) == len(around) == 1 else None


def _resource(settings: Twilio) -> str:
    return "Messages" if settings.channel == "sms" else "Calls"


def _is_ours(row: object) -> bool:
    """Texts and calls that came in are in the same list."""
    return not isinstance(row, dict) or str(row.get("direction", "")).startswith("outbound")


def _known(row: Any) -> Known:
    match row:
        case {"sid": str(sid), "status": str(status), "date_created": str(created)}:
            made_at = parsedate_to_datetime(created)
            if made_at.tzinfo is None or not (sid.isalnum() and sid.isascii() and status.isprintable()):
                raise ValueError("a try has a sid, a status and an instant")
            return Known(sid[:64], status, made_at.astimezone(UTC), _code(row, status))
    raise ValueError("a try has sid, status and date_created")


def _code(row: Mapping[Any, Any], status: str) -> str | None:
    """The code of what it has come to; None where a list does not tell enough, and the callback will."""
    if "error_code" in row:
        return texts.code_of(status, row["error_code"])
    answered_by = str(row.get("answered_by") or "")
    if status == "completed" and not answered_by.startswith("machine"):
        return None  # whether it was long enough to be heard, and which key was pressed
    return calls.code_of(status, answered_by=answered_by, lasted_s=0, least_s=1)


def _object(body: bytes) -> Mapping[str, object]:
    try:
        reply = json.loads(body)
    except RecursionError as fault:
        raise ValueError("nested too deep") from fault
    if not isinstance(reply, dict):
        raise ValueError("must be a JSON object")
    return reply
