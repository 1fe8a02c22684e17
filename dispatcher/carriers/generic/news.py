"""Callbacks of a described gateway: whether they are honest, what they tell, what is answered."""

from __future__ import annotations

import hmac
import json
import time
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta, timezone
from typing import Any

from config.carriers.generic import Http, Received
from config.carriers.outcomes import NOT_FINAL
from dispatcher.carriers.generic.fill import signature
from dispatcher.carriers.generic.places import Message, pointed, word_at
from dispatcher.carriers.language import Callback, Language, Reply
from dispatcher.news import BadNews, Told
from dispatcher.words import Outcome


def language_of(settings: Http) -> Language:
    """The language that a section describes. A gateway without callbacks tells nothing: whatever comes is no news."""
    codes = {code: None if outcome == NOT_FINAL else Outcome(outcome) for code, outcome in settings.codes.items()}
    rule = settings.callback

    def read_news(callback: Callback) -> tuple[list[Told], Sequence[str]]:
        if rule is None:
            raise BadNews("this carrier has no callbacks: its section says nothing of any")
        return told_by(rule, callback)

    def honest(callback: Callback, _secret: str) -> bool:
        return rule is not None and is_signed(rule, callback, time.time())

    return Language(
        kind=settings.kind,
        codes=codes,
        read_news=read_news,
        thanks=Reply(200, b"", "text/plain")
        if rule is None
        else Reply(rule.reply_status, rule.reply_body.encode(), rule.reply_type),
        honest=honest if rule is not None and rule.signature is not None else None,
        source="the section of the carriers file",
        by_carrier_ref=rule is not None and rule.reference is None,
        polls=rule is None and settings.ask is not None,
    )


def told_by(rule: Received, callback: Callback) -> tuple[list[Told], list[str]]:
    """Its news, and a sentence for each element that could not be read. Raises: BadNews: it has no list at all."""
    message = Message(callback.body, callback.headers, callback.query)
    if rule.items is None:
        elements: list[Any] = [None]
    else:
        elements = pointed(message.json, rule.items)
        if not isinstance(elements, list):
            raise BadNews(f"must be JSON with a list at {rule.items or 'its top'}")
    told, faults = [], []
    for number, item in enumerate(elements):
        try:
            told.append(_told(rule, message, item, callback))
        except (ValueError, OverflowError, OSError) as fault:
            faults.append(f"news[{number}]: {fault}")
    if rule.items is None and faults:
        raise BadNews(faults[0])
    return told, faults


def is_signed(rule: Received, callback: Callback, now_s: float) -> bool:
    """True when the signature fits and, where its time is signed too, is not old."""
    assert rule.signature is not None
    stamp = callback.headers.get(rule.signed_at.lower(), "") if rule.signed_at else ""
    if rule.signed_at:
        if not (stamp.isascii() and stamp.isdecimal() and len(stamp) <= 13):
            return False
        at_s = int(stamp) / (1000 if len(stamp) > 11 else 1)
        if abs(now_s - at_s) > rule.signed_within_s:
            return False
    known = {"timestamp": stamp, "timestamp_ms": stamp}
    right = signature(rule.signature, callback.method, callback.url, callback.body, known)
    claimed = callback.headers.get(rule.signature.header.lower(), "")
    return hmac.compare_digest(right.encode(), claimed.encode("utf-8", "replace"))


def _told(rule: Received, message: Message, item: Any, callback: Callback) -> Told:
    reference, carrier_ref = word_at(rule.reference, message, item), word_at(rule.carrier_ref, message, item)
    code = word_at(rule.code, message, item)
    if code is None or (reference is None and carrier_ref is None):
        raise ValueError("must have the code, and our reference or the gateway's id, where the section says")
    raw = callback.body if item is None else json.dumps(item, ensure_ascii=False).encode("utf-8", "surrogatepass")
    if item is None and not raw:
        raw = callback.url.partition("?")[2].encode("utf-8", "surrogatepass")
    return Told(reference or "", code, _when(rule, word_at(rule.at, message, item)), raw, carrier_ref)


def _when(rule: Received, told: str | None) -> datetime:
    """Raises: ValueError: not a time as the section says."""
    if rule.at is None:
        return datetime.now(UTC)
    if told is None:
        raise ValueError("must have a time where the section says")
    try:
        if rule.at_format in ("unix", "unix_ms"):
            return datetime.fromtimestamp(float(told) / (1000 if rule.at_format == "unix_ms" else 1), UTC)
        at = datetime.fromisoformat(told) if rule.at_format == "iso" else datetime.strptime(told, rule.at_format)  # noqa: DTZ007  # the section tells its zone
        return (at if at.tzinfo is not None else at.replace(tzinfo=_zone(rule.at_offset))).astimezone(UTC)
    except (ValueError, OverflowError, OSError):
        raise ValueError(f"its time must be written as {rule.at_format}") from None


def _zone(offset: str) -> timezone:
    sign = -1 if offset[0] == "-" else 1
    return timezone(sign * timedelta(hours=int(offset[1:3]), minutes=int(offset[4:6])))
