"""Aliyun's push reports: a JSON array, of texts or of calls. They may come twice, and nothing of them is signed."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from dispatcher.carriers.aliyun import codes
from dispatcher.carriers.aliyun.replies import UNREADABLE, told_code
from dispatcher.carriers.language import Callback
from dispatcher.carriers.operators import china_time, word_of
from dispatcher.news import BadNews, Told


def read_texts(callback: Callback) -> tuple[list[Told], Sequence[str]]:
    """SmsReport. Raises: BadNews: no JSON array."""
    return _each(callback, _text, "needs success, err_code, report_time and out_id or biz_id")


def read_calls(callback: Callback) -> tuple[list[Told], Sequence[str]]:
    """VoiceReport, and VoiceCallReport where that is subscribed to as well. Raises: BadNews: no JSON array."""
    return _each(callback, _call, "needs status_code, end_time or status_time, and out_id or call_id")


def _each(callback: Callback, read: Callable[[Mapping[str, Any]], Told], wanted: str) -> tuple[list[Told], list[str]]:
    try:
        items = json.loads(callback.body)
    except (ValueError, RecursionError) as fault:
        raise BadNews("the body must be a JSON array of reports") from fault
    if not isinstance(items, list):
        raise BadNews("the body must be a JSON array of reports")
    told, faults = [], []
    for number, item in enumerate(items):
        try:
            told.append(read(item))
        except UNREADABLE:
            faults.append(f"report[{number}]: {wanted}")
    return told, faults


def _text(item: Mapping[str, Any]) -> Told:
    success = item["success"]
    if not isinstance(success, bool):
        raise ValueError("success must be true or false")
    at = china_time(item.get("report_time") or item.get("send_time"))
    return _told(item, told_code(success, item.get("err_code")), at, "biz_id")


def _call(item: Mapping[str, Any]) -> Told:
    code, keys = word_of(item["status_code"]), item.get("dtmf")
    if keys:
        code = f"{codes.KEY}{_key(word_of(keys))}"
    when = next((item[name] for name in ("end_time", "status_time", "start_time") if item.get(name)), None)
    # a call that never came about has no times: then it is told of now
    return _told(item, code, datetime.now(UTC) if when is None else china_time(when), "call_id")


def _key(keys: str) -> str:
    """The one that counts of those that were pressed: that he has paid, else that he has understood, else the last."""
    return next((key for key in "21" if key in keys), keys[-1])


def _told(item: Mapping[str, Any], code: str, at: datetime, name: str) -> Told:
    """Raises: ValueError: neither our reference nor the vendor's is there."""
    reference, theirs = item.get("out_id") or "", item.get(name)
    carrier_ref = word_of(theirs) if theirs else None
    reference = word_of(reference) if reference else ""
    if not (reference or carrier_ref):
        raise ValueError("whose news it is, it does not tell")
    raw = json.dumps(item, ensure_ascii=False).encode("utf-8", "surrogatepass")
    return Told(reference, code, at, raw, carrier_ref)
