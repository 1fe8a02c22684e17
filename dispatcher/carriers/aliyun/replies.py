"""What Aliyun answers, and what that means for a try."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from dispatcher.carriers.aliyun import codes
from dispatcher.carriers.operators import china_time, code_of, word_of
from dispatcher.happenings import Answered
from dispatcher.words import Answer, Outcome

UNREADABLE = (ValueError, KeyError, TypeError, AttributeError, RecursionError, OverflowError)


@dataclass(frozen=True, slots=True)
class Record:
    """What Aliyun has on one text: `reference` is empty where it was sent without; `code` is None until a report."""

    reference: str
    sent_at: datetime
    code: str | None
    at: datetime | None


@dataclass(frozen=True, slots=True)
class Page:
    """Some of the records of a number and day, and how many there are in all."""

    records: list[Record]
    rows: int
    total: int


def read(status: int, body: bytes, *, name: str, ask_in_s: float | None) -> Answered:
    """How a request ended; `name` is the field of the vendor's own reference (BizId, CallId).

    A business error is HTTP 200 with another Code than OK; signature and throttle errors are 4xx, the platform's 5xx.
    """
    try:
        told: Mapping[str, Any] = json.loads(body)
        code = word_of(told["Code"])
    except UNREADABLE:
        return _without_code(status, ask_in_s)
    if code.startswith(codes.THROTTLED):
        return Answered(Answer.BUSY, code=code)
    of_platform = code.startswith(codes.PLATFORM) and code not in codes.REFUSALS
    if code == codes.NONCE_USED or of_platform or status >= 500 or status == 408 or 300 <= status < 400:
        return Answered(Answer.UNSURE, code=code, ask_in_s=ask_in_s)
    if status >= 400:
        return Answered(Answer.REFUSED, codes.REFUSALS.get(code, Outcome.OUR_FAULT), code=code)
    if code != "OK":
        # refused in words that no table has: surely not sent, and nothing to give a person up for
        return Answered(Answer.REFUSED, codes.REFUSALS.get(code, Outcome.GATEWAY_TEMPORARY), code=code)
    try:
        return Answered(Answer.ACCEPTED, carrier_ref=word_of(told[name]))
    except UNREADABLE:
        return Answered(Answer.UNSURE, code="unreadable_answer", ask_in_s=ask_in_s)


def _without_code(status: int, ask_in_s: float | None) -> Answered:
    if status == 429:
        return Answered(Answer.BUSY, code="http_429")
    if 400 <= status < 500 and status != 408:
        return Answered(Answer.REFUSED, Outcome.OUR_FAULT, code=f"http_{status}")
    code = "unreadable_answer" if status == 200 else f"http_{status}"
    return Answered(Answer.UNSURE, code=code, ask_in_s=ask_in_s)


def page(status: int, body: bytes) -> Page | None:
    """A page of records; None when nothing can be concluded from it."""
    if status != 200:
        return None
    try:
        told = json.loads(body)
        if told["Code"] != "OK":
            return None
        rows = told["SmsSendDetailDTOs"]["SmsSendDetailDTO"]
        if not isinstance(rows, list):
            return None
        return Page([_record(row) for row in rows], len(rows), int(told["TotalCount"]))
    except UNREADABLE:
        return None


def _record(row: Mapping[str, Any]) -> Record:
    """Raises: one of UNREADABLE. SendStatus: 1 no report yet, 2 failed, 3 delivered."""
    status, reference = int(row["SendStatus"]), row.get("OutId") or ""
    if not isinstance(reference, str) or status not in (1, 2, 3):
        raise ValueError("no record of Aliyun's")
    sent_at = china_time(row["SendDate"])
    if status == 1:
        return Record(reference, sent_at, None, None)
    at = china_time(row["ReceiveDate"]) if row.get("ReceiveDate") else None
    return Record(reference, sent_at, told_code(status == 3, row.get("ErrCode")), at)


def told_code(success: bool, code: object) -> str:
    """The operator's code, unless it says the contrary of `success`. Raises: ValueError."""
    told = code_of(code) if code else codes.SUCCESS if success else codes.FAILURE
    if (codes.SMS.get(told) is Outcome.DELIVERED) is success:
        return told
    return codes.SUCCESS if success else codes.FAILURE
