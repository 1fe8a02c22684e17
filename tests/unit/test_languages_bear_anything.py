"""Whatever knocks at a vendor's door is news or said to be none: no language breaks, or makes what none can keep."""

from __future__ import annotations

import pytest

from dispatcher.carriers import LANGUAGES
from dispatcher.carriers.language import Callback
from dispatcher.news import BadNews, Told

BODIES = (
    b"",
    b"thanks",
    b"[]",
    b"{}",
    b"null",
    b"1e999",
    b"\xff\xfe",
    b"[17, null, {}, []]",
    b'[{"out_id": "\\u0000", "phone_number": 1, "report_time": "x", "success": true}]',
    b'[{"sid": "x\\ud800", "report_status": "SUCCESS", "user_receive_time": "2026-99-99 00:00:00"}]',
    b"CallSid=CA1&CallStatus=completed&CallDuration=x",
    b"MessageStatus=delivered&MessageSid=%00",
)
QUERIES: tuple[dict[str, str], ...] = (
    {},
    {"ref": "abc"},
    {"ref": "a\0b", "code": "1"},
    {"ref": "r" * 9_000, "code": "9" * 9_000},
)


@pytest.mark.parametrize("kind", LANGUAGES)
def test_a_language_bears_whatever_comes(kind: str) -> None:
    """Somebody who knows a vendor's address sends anything: what is made of it can be kept, or it is refused."""
    language = LANGUAGES[kind]
    for body in BODIES:
        for query in QUERIES:
            callback = Callback("POST", "https://warn.example/", query, {}, body)
            try:
                told, _ = language.read_news(callback)
            except BadNews:
                continue
            assert all(storable(one) for one in told), (body, query)
            assert language.reply(callback).status < 300


def storable(one: Told) -> bool:
    """No NUL and no half of a character, which no database keeps in a text; and an instant, not an hour of anywhere."""
    texts = (one.reference, one.code, one.carrier_ref or "")
    return one.at.tzinfo is not None and all("\0" not in text and _encodes(text) for text in texts)


def _encodes(text: str) -> bool:
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True
