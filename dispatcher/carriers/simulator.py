"""The simulated carrier's language: its codes, its callback, its signature."""

from __future__ import annotations

import hashlib
import hmac
import json
from collections.abc import Mapping
from datetime import UTC, datetime

from dispatcher.carriers.language import Callback, Language, Reply
from dispatcher.news import BadNews, Told
from dispatcher.words import Outcome

NAME = "simulator"
SIGNATURE_HEADER = "X-Simulator-Signature"

# Source: simulator/, which names its text codes after SMPP 3.4 `stat` and its call codes in plain words.
CODES: Mapping[str, Outcome | None] = {
    "DELIVRD": Outcome.DELIVERED,
    "ENROUTE": None,
    "EXPIRED": Outcome.PHONE_TEMPORARY,
    "UNDELIV": Outcome.BAD_NUMBER,
    "REJECTD": Outcome.BLOCKED,
    "UNKNOWN": Outcome.UNKNOWN,
    "RINGING": None,
    "HEARD": Outcome.HEARD,
    "KEY1": Outcome.KEY_UNDERSTOOD,
    "KEY2": Outcome.KEY_PAID,
    "HUNGUP": Outcome.HUNG_UP,
    "MACHINE": Outcome.MACHINE,
    "BUSY": Outcome.BUSY,
    "NOANSWER": Outcome.NO_ANSWER,
    "REJECTED": Outcome.REJECTED,
    "UNREACHABLE": Outcome.UNREACHABLE,
    "POWEREDOFF": Outcome.POWERED_OFF,
    "SUSPENDED": Outcome.SUSPENDED,
    "INVALID": Outcome.INVALID_NUMBER,
    "FAULT": Outcome.PLATFORM_FAULT,
}

# How a request was refused: surely not sent.
REFUSALS: Mapping[str, Outcome] = {
    "BADNUMBER": Outcome.BAD_NUMBER,
    "BLOCKED": Outcome.BLOCKED,
    "GATEWAY": Outcome.GATEWAY_TEMPORARY,
    "INVALID": Outcome.INVALID_NUMBER,
    "FAULT": Outcome.PLATFORM_FAULT,
}


def signed(secret: str, body: bytes) -> str:
    """What the signature header of `body` must say: hex HMAC-SHA256."""
    return hmac.new(secret.encode(), body, hashlib.sha256).hexdigest()


def is_signed(secret: str, body: bytes, signature: str | None) -> bool:
    """True when the signature is the carrier's."""
    return signature is not None and hmac.compare_digest(signed(secret, body), signature)


def read_news(body: bytes) -> tuple[list[Told], list[str]]:
    """The news of one callback, and one sentence for each element that could not be read.

    Raises: BadNews: not a callback of this carrier at all.
    """
    try:
        items = json.loads(body)["news"]
    except (ValueError, KeyError, TypeError, RecursionError) as fault:
        raise BadNews('the body must be JSON: {"news": [{"reference", "code", "at"}]}') from fault
    if not isinstance(items, list):
        raise BadNews("news must be a list")
    told, faults = [], []
    for number, item in enumerate(items):
        try:
            at = datetime.fromisoformat(item["at"])
            if at.tzinfo is None:
                raise ValueError("at needs an offset")
            at = at.astimezone(UTC)
            reference, code = item["reference"], item["code"]
            if not (reference.isprintable() and code.isprintable()):
                raise ValueError("no NUL or lone surrogate: no database keeps them in a text")
            raw = json.dumps(item, ensure_ascii=False).encode("utf-8", "surrogatepass")
            told.append(Told(reference, code, at, raw))
        except (AttributeError, KeyError, TypeError, ValueError, OverflowError):
            faults.append(f"news[{number}]: needs reference, code and at (ISO 8601 with offset)")
    return told, faults


def _news_of(callback: Callback) -> tuple[list[Told], list[str]]:
    return read_news(callback.body)


def _honest(callback: Callback, secret: str) -> bool:
    # only ASCII can be compared in constant time, and only ASCII can be right
    signature = callback.headers.get(SIGNATURE_HEADER.lower(), "")
    return signature.isascii() and is_signed(secret, callback.body, signature)


def _language(kind: str) -> Language:
    thanks = Reply(200, b"{}", "application/json")
    return Language(kind, CODES, _news_of, thanks, honest=_honest, by_carrier_ref=False)


TEXTS, CALLS = _language("simulator_sms"), _language("simulator_call")
