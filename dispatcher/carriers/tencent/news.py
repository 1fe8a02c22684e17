"""Tencent's callbacks: a JSON array of texts' reports; for a call an object with one of three names in it.

Neither repeats our reference: news is matched by the number that Tencent gave the try, `sid` or `callid`.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from dispatcher.carriers.language import Callback
from dispatcher.carriers.operators import china_time, unix_time, word_of
from dispatcher.carriers.tencent import codes
from dispatcher.carriers.tencent.replies import UNREADABLE, told_code
from dispatcher.news import BadNews, Told

CALLBACKS = {
    "voiceprompt_callback": (codes.RESULT, "result"),
    "voicekey_callback": (codes.KEY, "keypress"),
    "voice_failure_callback": (codes.FAILURE, "failure_code"),
}


def read_texts(callback: Callback) -> tuple[list[Told], Sequence[str]]:
    """The status of texts. Raises: BadNews: no JSON array."""
    items = _json(callback)
    if not isinstance(items, list):
        raise BadNews("the body must be a JSON array of reports")
    told, faults = [], []
    for number, item in enumerate(items):
        try:
            told.append(_text(item))
        except UNREADABLE:
            faults.append(f"report[{number}]: needs sid, report_status and user_receive_time")
    return told, faults


def read_calls(callback: Callback) -> tuple[list[Told], Sequence[str]]:
    """One call's result, key or failure. Raises: BadNews: none of them."""
    item = _json(callback)
    if not isinstance(item, dict) or not (names := [name for name in CALLBACKS if name in item]):
        raise BadNews(f"the body must be a JSON object with {', '.join(CALLBACKS)}")
    told, faults = [], []
    for name in names:
        try:
            told.append(_call(name, item[name]))
        except UNREADABLE:
            faults.append(f"{name}: needs callid and {CALLBACKS[name][1]}")
    return told, faults


def _json(callback: Callback) -> Any:
    try:
        return json.loads(callback.body)
    except (ValueError, RecursionError) as fault:
        raise BadNews("the body must be JSON") from fault


def _text(item: Mapping[str, Any]) -> Told:
    success = {codes.SUCCESS: True, codes.FAIL: False}[item["report_status"]]
    code, at = told_code(success, item.get("errmsg")), china_time(item["user_receive_time"])
    return Told("", code, at, _raw(item), word_of(item["sid"]))


def _call(name: str, item: Mapping[str, Any]) -> Told:
    prefix, field = CALLBACKS[name]
    code = word_of(item[field])
    # keys and failures are told without a time: then it is now
    at = unix_time(item["end_calltime"]) if item.get("end_calltime") else datetime.now(UTC)
    return Told("", f"{prefix}{code}"[:64], at, _raw({name: item}), word_of(item["callid"]))


def _raw(item: Mapping[str, Any]) -> bytes:
    return json.dumps(item, ensure_ascii=False).encode("utf-8", "surrogatepass")
