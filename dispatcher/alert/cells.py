"""What a table's cell says, as the JSON value that schema v1 wants.

A cell that says nothing sensible is handed on as it is: the schema's own check then names the fault.
"""

import re
from collections.abc import Iterable
from typing import Any

from dispatcher.alert.terms import FRAUD_TYPE_WORDS

SHANGHAI_OFFSET = "+08:00"
"""Asia/Shanghai has had no other offset since 1991, and an alert is never that old."""

YES, NO = {"true", "yes", "1", "是"}, {"false", "no", "0", "否"}
_WHOLE = re.compile(r"\d{1,18}", re.ASCII)
_NUMBER = re.compile(r"\d{1,15}(?:\.\d{1,10})?", re.ASCII)
_WALL_CLOCK = re.compile(
    r"(\d{4})[-/.](\d{1,2})[-/.](\d{1,2})[ T](\d{1,2}):(\d{2})(?::(\d{2}(?:\.\d{1,9})?))?", re.ASCII
)
_BETWEEN_ACCOUNTS = re.compile(r"[;；、|]")


def alert_of(cells: Iterable[tuple[str, str]]) -> dict[str, Any]:
    """The JSON object of one row: pairs of a dotted field and its cell; empty cells are absent."""
    value: dict[str, Any] = {}
    for field, cell in cells:
        text = cell.strip(" \t\u3000")
        if not text:
            continue
        group, _, name = field.rpartition(".")
        holder = value.setdefault(group, {}) if group else value
        holder[name] = _meant(name, text)
    return value


def _meant(name: str, text: str) -> object:
    match name:
        case "occurred_at" | "pushed_at":
            return _with_offset(text)
        case "fraud_type":
            return str(FRAUD_TYPE_WORDS.get(text, text))
        case "test" | "withdraw":
            lowered = text.lower()
            return True if lowered in YES else False if lowered in NO else text
        case "call_count" | "call_seconds" | "revision":
            return int(text) if _WHOLE.fullmatch(text) else text
        case "amount_yuan":
            return float(text) if _NUMBER.fullmatch(text) else text
        case "accounts":
            return [part for piece in _BETWEEN_ACCOUNTS.split(text) if (part := piece.strip())]
        case _:
            return text


def _with_offset(text: str) -> str:
    """A time as a spreadsheet writes it, `2026/1/31 8:30`, as ISO 8601 with Shanghai's offset."""
    found = _WALL_CLOCK.fullmatch(text)
    if found is None:
        return text
    year, month, day, hour, minute, second = found.groups()
    return f"{year}-{month:0>2}-{day:0>2}T{hour:0>2}:{minute}:{second or '00'}{SHANGHAI_OFFSET}"
