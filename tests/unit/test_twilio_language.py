"""What Twilio tells of texts and calls, what it is sent, and how it is asked."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from urllib.parse import parse_qs, parse_qsl, urlencode, urlsplit
from xml.etree import ElementTree

import pytest
from carrier_wire import CALLBACK, letter, twilio_calls, twilio_texts

from config.carriers.twilio import Twilio
from dispatcher.carriers.language import Callback
from dispatcher.carriers.twilio import CALLS, TEXTS, asking, calls, texts
from dispatcher.carriers.twilio.requests import secrets_of
from dispatcher.news import BadNews
from dispatcher.words import Outcome

BASE = "http://127.0.0.1:8497/twilio"
NOW = datetime(2026, 11, 25, 8, 0, tzinfo=UTC)


def callback(query: str = "ref=ref1&least=12", **fields: str) -> Callback:
    """What Twilio posts to us."""
    url = f"{CALLBACK}?{query}"
    return Callback("POST", url, dict(parse_qsl(query)), {}, urlencode(fields).encode())


@pytest.mark.parametrize(
    ("status", "error", "outcome"),
    [
        ("queued", "", None),
        ("sent", "", None),
        ("delivered", "", Outcome.DELIVERED),
        ("undelivered", "30003", Outcome.PHONE_TEMPORARY),
        ("undelivered", "30005", Outcome.BAD_NUMBER),
        ("failed", "21610", Outcome.BLOCKED),
        ("failed", "30007", Outcome.OUR_FAULT),
        ("failed", "99999", Outcome.UNKNOWN),
        ("undelivered", "", Outcome.UNKNOWN),
        ("eaten", "", Outcome.UNKNOWN),
    ],
)
def test_what_a_texts_status_means(status: str, error: str, outcome: Outcome | None) -> None:
    """Twilio tells of one person's text: known codes by the table, others unknown with the code kept."""
    [told], faults = TEXTS.read_news(callback(MessageSid="SM1", MessageStatus=status, ErrorCode=error))
    assert TEXTS.codes.get(told.code, Outcome.UNKNOWN) is outcome
    assert (told.reference, told.carrier_ref, faults) == ("ref1", "SM1", [])
    assert told.code == (error or status)


@pytest.mark.parametrize(
    ("fields", "outcome"),
    [
        ({"CallStatus": "ringing"}, None),
        ({"CallStatus": "completed", "CallDuration": "12"}, Outcome.HEARD),
        ({"CallStatus": "completed", "CallDuration": "11"}, Outcome.HUNG_UP),
        ({"CallStatus": "completed", "CallDuration": "60", "AnsweredBy": "human"}, Outcome.HEARD),
        ({"CallStatus": "completed", "CallDuration": "60", "AnsweredBy": "machine_end_beep"}, Outcome.MACHINE),
        ({"CallStatus": "completed", "CallDuration": "60", "AnsweredBy": "fax"}, Outcome.MACHINE),
        ({"CallStatus": "in-progress", "Digits": "1"}, Outcome.KEY_UNDERSTOOD),
        ({"CallStatus": "in-progress", "Digits": "2"}, Outcome.KEY_PAID),
        ({"CallStatus": "in-progress", "Digits": "7"}, Outcome.HEARD),
        ({"CallStatus": "in-progress", "Digits": ""}, None),
        ({"CallStatus": "busy"}, Outcome.BUSY),
        ({"CallStatus": "no-answer"}, Outcome.NO_ANSWER),
        ({"CallStatus": "failed"}, Outcome.UNREACHABLE),
        ({"CallStatus": "canceled"}, Outcome.PLATFORM_FAULT),
    ],
)
def test_what_a_calls_news_means(fields: dict[str, str], outcome: Outcome | None) -> None:
    """Twilio tells of one person's call: a key, a machine, hung up before the end of the script, or heard."""
    at = format_datetime(NOW)
    [told], _ = CALLS.read_news(callback(CallSid="CA1", Timestamp=at, **fields))
    assert CALLS.codes.get(told.code, Outcome.UNKNOWN) is outcome
    assert (told.reference, told.carrier_ref, told.at) == ("ref1", "CA1", NOW)


def test_a_key_is_answered_on_the_line_and_a_status_is_not() -> None:
    """A person pressed 1: Twilio waits for what happens next on the line. A status only wants to be taken."""
    key = CALLS.reply(callback(CallSid="CA1", CallStatus="in-progress", Digits="1"))
    status = CALLS.reply(callback(CallSid="CA1", CallStatus="ringing"))
    assert [ElementTree.fromstring(one.body).find("Hangup") is not None for one in (key, status)] == [True, False]  # noqa: S314
    assert {one.media_type for one in (key, status)} == {"text/xml"}


@pytest.mark.parametrize(
    "told",
    [
        callback(),
        callback(query="", MessageSid="SM1", MessageStatus="sent", CallSid="CA1", CallStatus="busy"),
        callback(MessageSid="", MessageStatus="sent", CallSid="", CallStatus="busy"),
        callback(MessageSid="SM\0", MessageStatus="sent", CallSid="CA\0", CallStatus="busy"),
        callback(CallSid="CA1", CallStatus="completed", CallDuration="long", MessageSid="SM1", MessageStatus="\n"),
        Callback("POST", CALLBACK, {"ref": "x"}, {}, b"\xff\xfe"),
    ],
    ids=range(6),
)
def test_what_is_no_news_is_refused(told: Callback) -> None:
    """Somebody posted something that is no news of a text or a call: refused, and nothing is kept."""
    for language in (TEXTS, CALLS):
        with pytest.raises(BadNews):
            language.read_news(told)


def test_a_text_goes_out_whole() -> None:
    """One person's text: to him, from us, word for word, and back to us by our reference."""
    request = texts.message(twilio_texts(BASE), letter("ref1"), CALLBACK)
    told = dict(parse_qsl(request.body.decode()))
    assert request.url == f"{BASE}/2010-04-01/Accounts/AC{'0' * 32}/Messages.json"
    assert (told["To"], told["From"], told["Body"]) == ("+8613800138000", "+15005550006", "made up")
    assert told["StatusCallback"] == f"{CALLBACK}?ref=ref1"


def test_a_call_speaks_its_script_and_awaits_a_key() -> None:
    """One person's call: the script is spoken to him, the key comes to us, every status too."""
    request = calls.call(twilio_calls(BASE, voice="Polly.Zhiyu"), letter("ref1"), CALLBACK)
    told = parse_qs(request.body.decode())
    twiml = ElementTree.fromstring(told["Twiml"][0].encode())  # noqa: S314  # our own
    gather = twiml.find("Gather")
    assert gather is not None and gather.get("action") == told["StatusCallback"][0] == f"{CALLBACK}?ref=ref1&least=1"
    assert gather.findtext("Say") == "made up"
    assert told["StatusCallbackEvent"] == ["initiated", "ringing", "answered", "completed"]


def row(made_at: datetime, sid: str = "SM1", **more: object) -> dict[str, object]:
    """One line of Twilio's list."""
    told = {"sid": sid, "status": "delivered", "date_created": format_datetime(made_at), "direction": "outbound-api"}
    return {**told, "error_code": None, **more}


@pytest.mark.parametrize(
    ("rows", "picked"),
    [
        ([], (False, None)),
        ([row(NOW)], (True, "SM1")),
        ([row(NOW), row(NOW, "SM2", direction="inbound")], (True, "SM1")),
        ([row(NOW), row(NOW, "SM2")], None),
        ([row(NOW + timedelta(seconds=60))], None),
        ([row(NOW - timedelta(hours=1))], (False, None)),
    ],
)
def test_only_what_is_beyond_doubt_is_found(rows: list[object], picked: tuple[bool, str | None] | None) -> None:
    """Twilio was asked for an unsure text by number and time: one near it is it, none far around means never had."""
    known = asking.read_list(twilio_texts(BASE), json.dumps({"messages": rows}).encode())
    assert known is not None
    found = asking.pick(known, NOW, timedelta(seconds=6))
    assert (found and (found[0], found[1] and found[1].sid)) == picked


def test_a_list_with_another_page_proves_nothing() -> None:
    """Twilio's list goes on: what is not on its first page may be on the next, and nobody is written to again."""
    body = json.dumps({"messages": [], "next_page_uri": "/2010-04-01/x"}).encode()
    assert asking.read_list(twilio_texts(BASE), body) is None


@pytest.mark.parametrize("settings", [twilio_calls(BASE), twilio_texts(BASE)])
def test_it_is_asked_by_number_alone(settings: Twilio) -> None:
    """Her text still queues at Twilio and has no day yet: a list by days might leave it out, and she would get two."""
    asked = urlsplit(asking.by_number(settings, "+8613800138000").url)
    assert asked.path.endswith("/Calls.json" if settings.channel == "call" else "/Messages.json")
    assert parse_qs(asked.query) == {"To": ["+8613800138000"], "PageSize": ["1000"]}


def test_no_secret_is_shown() -> None:
    """An operator looks at a request: he sees all of it but the secrets."""
    settings = twilio_calls(BASE)
    shown = calls.call(settings, letter("ref1"), CALLBACK).shown(*secrets_of(settings))
    assert "Basic ****" in shown and "guess-me-not" not in shown and "made-up-token" not in shown
