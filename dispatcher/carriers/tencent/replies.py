"""What Tencent answers, and what that means for each number of a request."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from dispatcher.carriers.operators import code_of, unix_time, word_of
from dispatcher.carriers.tencent import codes
from dispatcher.happenings import Answered
from dispatcher.words import Answer, Outcome

UNREADABLE = (ValueError, KeyError, TypeError, AttributeError, RecursionError, OverflowError, OSError)


@dataclass(frozen=True, slots=True)
class Record:
    """What Tencent has on one text; there is none before the operator has reported."""

    serial: str
    reference: str
    code: str
    at: datetime


def texts(status: int, body: bytes, numbers: Sequence[str], *, ask_in_s: float | None) -> list[Answered]:
    """One answer for each of `numbers`, which are all different. HTTP 200 says nothing: each has a Code of its own."""
    told = _response(status, body, ask_in_s)
    if isinstance(told, Answered):
        return [told] * len(numbers)
    rows = told.get("SendStatusSet")
    by_number: dict[str, Answered] = {}
    for row in rows if isinstance(rows, list) else ():
        try:
            by_number[_digits(row["PhoneNumber"])] = _one(word_of(row["Code"]), row["SerialNo"], ask_in_s)
        except UNREADABLE:
            continue
    return [by_number.get(_digits(number), _unreadable(ask_in_s)) for number in numbers]


def call(status: int, body: bytes) -> Answered:
    """How the request for a call ended; nobody can be asked for one."""
    told = _response(status, body, None)
    if isinstance(told, Answered):
        return told
    try:
        return Answered(Answer.ACCEPTED, carrier_ref=word_of(told["SendStatus"]["CallId"]))
    except UNREADABLE:
        return _unreadable(None)


def records(status: int, body: bytes) -> list[Record] | None:
    """The records of a number; None when nothing can be concluded."""
    told = _response(status, body, None)
    if isinstance(told, Answered):
        return None
    try:
        return [_record(row) for row in told["PullSmsSendStatusSet"] or ()]
    except UNREADABLE:
        return None


def left(status: int, body: bytes, now: datetime) -> int | None:
    """How many texts are left in the packages that still hold; None when nothing can be concluded."""
    told = _response(status, body, None)
    if isinstance(told, Answered):
        return None
    try:
        rows = told["SmsPackagesStatisticsSet"] or ()
        holding = [row for row in rows if unix_time(row["PackageExpiredTime"]) > now]
        return sum(int(row["PackageAmount"]) - int(row["CurrentUsage"]) for row in holding)
    except UNREADABLE:
        return None


def _response(status: int, body: bytes, ask_in_s: float | None) -> Mapping[str, Any] | Answered:
    """What stands in Response; or how the whole request ended."""
    if status != 200:
        return _by_status(status, ask_in_s)
    try:
        told = json.loads(body)["Response"]
        if not isinstance(told, dict):
            return _unreadable(ask_in_s)
        if "Error" in told:
            return _refused(word_of(told["Error"]["Code"]), ask_in_s)
    except UNREADABLE:
        return _unreadable(ask_in_s)
    return told


def _by_status(status: int, ask_in_s: float | None) -> Answered:
    """Tencent answers 200 always: any other is of something that stands between."""
    code = f"http_{status}"
    if status == 429:
        return Answered(Answer.BUSY, code=code)
    if 400 <= status < 500 and status != 408:
        return Answered(Answer.REFUSED, Outcome.OUR_FAULT, code=code)
    return Answered(Answer.UNSURE, code=code, ask_in_s=ask_in_s)


def _one(code: str, serial: object, ask_in_s: float | None) -> Answered:
    """Raises: ValueError: taken, and under no name."""
    if code == codes.OK:
        return Answered(Answer.ACCEPTED, carrier_ref=word_of(serial))
    return _refused(code, ask_in_s)


def _refused(code: str, ask_in_s: float | None) -> Answered:
    if code in codes.REFUSALS:
        return Answered(Answer.REFUSED, codes.REFUSALS[code], code=code)
    if code.startswith(codes.THROTTLED):
        return Answered(Answer.BUSY, code=code, retry_after_s=codes.PAUSES_S.get(code))
    if code.startswith(codes.OUR_FAULTS):
        return Answered(Answer.REFUSED, Outcome.OUR_FAULT, code=code)
    if any(word in code for word in codes.UNSURE):
        return Answered(Answer.UNSURE, code=code, ask_in_s=ask_in_s)
    # refused in words that no table has: nothing to give a person up for
    return Answered(Answer.REFUSED, Outcome.GATEWAY_TEMPORARY, code=code)


def _digits(number: str) -> str:
    """A number without its plus: it comes back as it was sent, or so."""
    return number.removeprefix("+")


def _unreadable(ask_in_s: float | None) -> Answered:
    return Answered(Answer.UNSURE, code="unreadable_answer", ask_in_s=ask_in_s)


def _record(row: Mapping[str, Any]) -> Record:
    """Raises: one of UNREADABLE."""
    success = {codes.SUCCESS: True, codes.FAIL: False}[row["ReportStatus"]]
    context = row.get("SessionContext") or ""
    if not isinstance(context, str):
        raise ValueError("SessionContext must be a text")
    at = unix_time(row["UserReceiveTime"])
    return Record(word_of(row["SerialNo"]), context, told_code(success, row.get("Description")), at)


def told_code(success: bool, code: object) -> str:
    """The operator's code, unless it says the contrary of `success`. Raises: ValueError."""
    told = code_of(code) if code else codes.SUCCESS if success else codes.FAIL
    if (codes.SMS.get(told) is Outcome.DELIVERED) is success:
        return told
    return codes.SUCCESS if success else codes.FAIL
