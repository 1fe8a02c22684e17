"""A gateway that nobody wrote code for: its requests, replies and callbacks as its section describes them."""

from __future__ import annotations

import hashlib
import hmac
import json
from datetime import UTC, datetime
from typing import Any
from urllib.parse import parse_qs, urlencode, urlsplit
from xml.etree import ElementTree

import pytest
from carrier_wire import CALLBACK, INHOUSE, inhouse, letter
from pydantic import SecretStr, ValidationError

from config.carriers.generic import Asked
from dispatcher.carriers.generic import answers, fill, language_of
from dispatcher.carriers.generic.places import Message, pointed
from dispatcher.carriers.language import Callback
from dispatcher.carriers.request import Request
from dispatcher.news import BadNews
from dispatcher.words import Answer, Outcome

BASE = "https://sms.city.example"
NOW = datetime(2026, 11, 25, 8, 0, tzinfo=UTC)
ODD = '【山西反诈】 a&b <c> "d" 100% {text} +*~ 🙂'


def made(text: str = ODD, **more: Any) -> Request:
    """The request for one letter."""
    settings = inhouse(BASE, **more)
    values = fill.of_letter(settings, letter("ref1", text=text), CALLBACK) | fill.of_now(NOW, "n0nce")
    return fill.request(settings, settings.request, values)


def call(**more: Any) -> dict[str, Any]:
    """A request's section, but for these."""
    return {"request": {**INHOUSE["request"], **more}}


def test_json_is_filled_and_signed() -> None:
    """One person's text as JSON: every word escaped, a flag stays a flag, the signature fits what is sent."""
    request = made()
    assert request.url == f"{BASE}/v2/send"
    assert json.loads(request.body) == {
        "to": ["13800138000"],
        "words": ODD,
        "our": {"ref": "ref1", "flash": False},
    }
    right = hmac.new(b"hmac", b"%d." % NOW.timestamp() + request.body, hashlib.sha256).hexdigest()
    assert request.headers["X-Sign"] == f"v1={right}"
    assert request.headers["X-Key"] == "hush-hush"


def test_a_form_is_filled() -> None:
    """The same as a form."""
    request = made(**call(form="form", body={"mobile": "{to_digits}", "content": "{text}", "sign": "{secret.key}"}))
    assert parse_qs(request.body.decode()) == {
        "mobile": ["8613800138000"],
        "content": [ODD],
        "sign": ["hush-hush"],
    }
    assert request.headers["Content-Type"] == "application/x-www-form-urlencoded"


def test_xml_is_filled() -> None:
    """The same as XML: no text can break out of its element."""
    body = '<msg to="{to}"><words>{text}</words></msg>'
    root = ElementTree.fromstring(made(**call(form="xml", body=body)).body)  # noqa: S314  # our own
    assert (root.get("to"), root.findtext("words")) == ("+8613800138000", ODD)


def test_a_query_is_filled() -> None:
    """The same as a GET, its path too."""
    request = made(
        **call(method="GET", form="none", body=None, path="/s/{reference}", query={"p": "{to}", "t": "{text}"})
    )
    parts = urlsplit(request.url)
    assert (parts.path, parse_qs(parts.query), request.body) == ("/s/ref1", {"p": ["+8613800138000"], "t": [ODD]}, b"")


@pytest.mark.parametrize("secret", ['pass"word\\1', "pass word+1", "p/&<>w"])
def test_no_secret_is_shown_in_whatever_spelling(secret: str) -> None:
    """An operator's dry run: a secret that JSON, a form or XML spells otherwise is stars there too."""
    held = {"key": SecretStr(secret)}
    forms: list[tuple[str, Any]] = [
        ("json", {"to": "{to}", "words": "{text}", "sign": "{secret.key}"}),
        ("form", {"to": "{to}", "words": "{text}", "sign": "{secret.key}"}),
        ("xml", "<m to='{to}' sign='{secret.key}'>{text}</m>"),
    ]
    for form, body in forms:
        more = {**call(form=form, body=body, headers={}), "secrets": held}
        shown = made("Hello", **more).shown(*fill.secrets_of(inhouse(BASE, **more)))
        assert "****" in shown, form


def test_no_secret_is_shown() -> None:
    """An operator looks at a request: all of it but the secrets."""
    shown = made().shown(*fill.secrets_of(inhouse(BASE)))
    assert "hush-hush" not in shown and "X-Key: ****" in shown and "13800138000" in shown


@pytest.mark.parametrize(
    ("status", "body", "ending", "outcome", "code"),
    [
        (200, {"code": 0, "data": [{"id": 17}]}, Answer.ACCEPTED, None, None),
        (200, {"code": "0", "data": []}, Answer.UNSURE, None, "0"),
        (200, {"code": "42"}, Answer.BUSY, None, "42"),
        (200, {"code": "77"}, Answer.UNSURE, None, "77"),
        (200, {"code": "1001"}, Answer.REFUSED, Outcome.BAD_NUMBER, "1001"),
        (400, {"code": "1001"}, Answer.REFUSED, Outcome.BAD_NUMBER, "1001"),
        (200, {"code": "new"}, Answer.UNSURE, None, "new"),
        (400, {"code": "new"}, Answer.REFUSED, Outcome.OUR_FAULT, "new"),
        (500, {"code": "0", "data": [{"id": "x"}]}, Answer.UNSURE, None, "0"),
        (503, {}, Answer.BUSY, None, "http_503"),
        (408, {}, Answer.UNSURE, None, "http_408"),
        (200, {"code": True}, Answer.UNSURE, None, "true"),
        (200, {"code": "x" * 100}, Answer.UNSURE, None, "unreadable_answer"),
        (200, {"code": "0\0"}, Answer.UNSURE, None, "unreadable_answer"),
    ],
)
def test_how_a_request_ended(
    status: int, body: object, ending: Answer, outcome: Outcome | None, code: str | None
) -> None:
    """The gateway answered one letter so: taken only where the section's words say it, else never guessed."""
    rule = inhouse(BASE).answer
    ended = answers.read_answer(rule, status, Message(json.dumps(body).encode()), ask_in_s=None)
    assert (ended.answer, ended.outcome, ended.code) == (ending, outcome, code)
    assert ended.carrier_ref == ("17" if ending is Answer.ACCEPTED else None)


def test_an_answer_in_plain_text_is_read() -> None:
    """A gateway of another age answers `OK:4711`, or a header, or only a status."""
    told = {"id": {"regex": r"^OK:(\d+)$"}}
    rule = inhouse(BASE, answer=told).answer
    assert answers.read_answer(rule, 200, Message(b"OK:4711"), ask_in_s=None).carrier_ref == "4711"
    assert answers.read_answer(rule, 200, Message(b"<html>"), ask_in_s=None).answer is Answer.UNSURE
    rule = inhouse(BASE, answer={"statuses": {"204": "accepted", "409": "blocked"}}).answer
    endings = [answers.read_answer(rule, status, Message(b""), ask_in_s=None) for status in (204, 200, 409)]
    assert [one.answer for one in endings] == [Answer.ACCEPTED, Answer.UNSURE, Answer.REFUSED]
    assert endings[2].outcome is Outcome.BLOCKED


TOLD_AS_LIST = {
    "items": "/reports",
    "reference": {"json": "/ref"},
    "carrier_ref": {"json": "/id"},
    "code": {"json": "/state"},
    "at": {"json": "/at"},
    "at_format": "%Y%m%d%H%M%S",
    "reply_body": '{"ok":1}',
    "reply_type": "application/json",
}


def callback(body: bytes = b"", query: str = "", **headers: str) -> Callback:
    """What a gateway posts."""
    told = {name: values[0] for name, values in parse_qs(query).items()}
    return Callback(
        "POST", f"{CALLBACK}?{query}", told, {key.replace("_", "-"): one for key, one in headers.items()}, body
    )


def test_a_gateway_that_only_answers_questions_is_asked_how_each_try_ended() -> None:
    """A city's gateway calls nobody back: what became of each text is fetched; one that calls back is left to tell."""
    ask = {"request": {"path": "/q", "body": {"ref": "{reference}"}}, "found": {"json": "/had"}}
    assert language_of(inhouse(BASE, ask=ask)).polls
    assert not language_of(inhouse(BASE, ask=ask, callback=TOLD_AS_LIST)).polls
    assert not language_of(inhouse(BASE)).polls


def test_a_list_of_news_is_read() -> None:
    """Three people's news in one callback, one of it unreadable: two are told, the third is named."""
    language = language_of(inhouse(BASE, callback=TOLD_AS_LIST, codes={"OK": "delivered", "WAY": "not_final"}))
    rows: list[object] = [
        {"ref": "ref1", "state": "OK", "at": "20261125160000", "id": 5},
        {"ref": "ref2", "state": "WAY", "at": "20261125160001"},
        {"ref": "ref3", "state": "OK", "at": "yesterday"},
        7,
    ]
    told, faults = language.read_news(callback(json.dumps({"reports": rows}).encode()))
    assert [(one.reference, one.carrier_ref, one.at, language.codes[one.code]) for one in told] == [
        ("ref1", "5", NOW, Outcome.DELIVERED),
        ("ref2", None, NOW.replace(second=1), None),
    ]
    assert [fault.partition(":")[0] for fault in faults] == ["news[2]", "news[3]"]
    reply = language.reply(callback())
    assert (reply.status, reply.body, reply.media_type) == (200, b'{"ok":1}', "application/json")


@pytest.mark.parametrize(
    ("rule", "told"),
    [
        (
            {"reference": {"query": "ref"}, "code": {"form": "status"}},
            callback(urlencode({"status": "OK"}).encode(), "ref=ref1"),
        ),
        (
            {"reference": {"regex": "<ref>(.*?)</ref>"}, "code": {"regex": "<s>(.*?)</s>"}},
            callback(b"<r><ref>ref1</ref><s>OK</s></r>"),
        ),
        ({"reference": {"header": "X-Ref"}, "code": {"query": "s"}}, callback(b"", "s=OK", x_ref="ref1")),
    ],
    ids=["query and form", "xml", "header"],
)
def test_news_is_found_wherever_it_is(rule: dict[str, Any], told: Callback) -> None:
    """A gateway tells of one person's text in its own way."""
    [news], faults = language_of(inhouse(BASE, callback=rule)).read_news(told)
    assert (news.reference, news.code, faults) == ("ref1", "OK", [])


@pytest.mark.parametrize("body", [b"", b"<html>", b"[]", b'{"reports": 1}', b"[" * 100_000, b"\xff"])
def test_what_is_no_news_is_refused(body: bytes) -> None:
    """Somebody posted something else: refused, and nothing is kept."""
    with pytest.raises(BadNews):
        language_of(inhouse(BASE, callback=TOLD_AS_LIST)).read_news(callback(body))


SIGNED = {"header": "X-Sign", "secret": SecretStr("hmac")}


@pytest.mark.parametrize(
    "part",
    [
        {"signature": {**SIGNED, "prefix": "签 "}},
        {"signature": {**SIGNED, "prefix": "v1\r\nX-More: "}},
        {"headers": {"X Key:": "1"}},
        {"headers": {"": "1"}},
    ],
)
def test_a_header_that_cannot_be_sent_is_told_at_the_start(part: dict[str, Any]) -> None:
    """A section's header holds what HTTP cannot carry: it is refused, and not each text by a fault of the program."""
    with pytest.raises(ValidationError):
        inhouse(BASE, **call(**part))


@pytest.mark.parametrize(
    ("over", "signed_at", "told"),
    [("{body}", "X-Time", "{timestamp}"), ("{timestamp_ms}{body}", "", "signed_at"), ("{method}{path}", "", "{body}")],
)
def test_a_signature_that_proves_too_little_is_told_at_the_start(over: str, signed_at: str, told: str) -> None:
    """A section has news whose time, or whose words, anybody could change under the same signature: it is refused."""
    signing = {"header": "X-Sig", "secret": SecretStr("s"), "over": over}
    with pytest.raises(ValidationError) as fault:
        inhouse(BASE, callback={**TOLD_AS_LIST, "signature": signing, "signed_at": signed_at})
    assert told in str(fault.value)


def test_a_signed_callback_is_honest_and_a_changed_or_old_one_is_not() -> None:
    """A gateway signs what it tells: what somebody changed, kept for later or did not sign is not believed."""
    signing = {"header": "X-Sig", "secret": SecretStr("s"), "over": "{timestamp}{body}", "encoding": "base64"}
    section = inhouse(BASE, callback={**TOLD_AS_LIST, "signature": signing, "signed_at": "X-Time"})
    language = language_of(section)
    assert language.honest is not None and section.signing_secret == SecretStr("s")
    rule = section.callback
    assert rule is not None and rule.signature is not None

    def honest(body: bytes = b"{}", age_s: int = 0, signed: bytes = b"{}") -> bool:
        stamp = str(int(datetime.now(UTC).timestamp()) - age_s)
        assert rule is not None and rule.signature is not None and language.honest is not None
        claim = fill.signature(rule.signature, "POST", CALLBACK, signed, {"timestamp": stamp})
        return language.honest(callback(body, x_sig=claim, x_time=stamp), "")

    assert honest()
    assert not honest(body=b"{ }")
    assert not honest(age_s=3600)
    assert not language.honest(callback(b"{}"), "")
    assert not language.honest(callback(b"{}", x_sig="密", x_time="密"), "")


@pytest.mark.parametrize(
    ("status", "body", "found"),
    [
        (200, {"has": True, "state": "OK", "id": "9"}, (True, "9", "OK")),
        (200, {"has": False}, (False, None, None)),
        (404, {}, (False, None, None)),
        (200, {"has": "perhaps"}, None),
        (500, {"has": False}, None),
        (200, [], None),
    ],
)
def test_only_a_plain_no_means_that_it_never_had_it(
    status: int, body: object, found: tuple[object, ...] | None
) -> None:
    """The gateway was asked for an unsure text: nobody is written to again on the strength of nonsense."""
    rule = Asked.model_validate(
        {
            "request": {"method": "GET", "form": "none", "path": "/ask/{reference}"},
            "found": {"json": "/has"},
            "code": {"json": "/state"},
            "carrier_ref": {"json": "/id"},
            "never": [404],
        }
    )
    assert answers.read_traced(rule, status, Message(json.dumps(body).encode())) == found


@pytest.mark.parametrize(
    ("wrong", "word"),
    [
        (call(body={"to": "{too}", "t": "{text}"}), "too"),
        (call(body={"to": "{to}"}), "nothing says what"),
        (call(body={"t": "{text}"}), "nothing says to whom"),
        (call(headers={"X-Text": "{text}"}), "text can be in a query"),
        (call(headers={"X-Key": "{secret.none}"}), "secret.none"),
        (call(form="xml"), "a text for xml"),
        (call(body={"to": "{to}", "t": "{template}"}), "at least a default"),
        ({"answer": {"code": {"json": "/c"}}}, "by what a letter was taken"),
        ({"answer": {"accepted": ["0"]}}, "where the code is"),
        ({"answer": {**INHOUSE["answer"], "refused": {"1": "heard"}}}, "heard"),
        ({"answer": {**INHOUSE["answer"], "id": {"json": "data"}}}, "JSON pointer"),
        ({"answer": {**INHOUSE["answer"], "id": {"regex": "x"}}}, "one group"),
        ({"answer": {**INHOUSE["answer"], "id": {"json": "/a", "header": "b"}}}, "one of json"),
        ({"callback": {"code": {"json": "/c"}}}, "our reference"),
        ({"secrets": {"key": SecretStr("密")}}, "printable ASCII"),
    ],
)
def test_a_section_that_cannot_work_says_why(wrong: dict[str, Any], word: str) -> None:
    """An operator described a gateway and slipped: the fault names what is wrong, before anybody is sent anything."""
    with pytest.raises(ValidationError) as found:
        inhouse(BASE, **wrong)
    assert word in str(found.value)
    assert "hush-hush" not in str(found.value)


@pytest.mark.parametrize(
    ("pointer", "found"),
    [("", {"a/b": [{"m~n": 8}]}), ("/a~1b/0/m~0n", 8), ("/a~1b/1", None), ("/a~1b/-1", None), ("/x/y", None)],
)
def test_a_pointer_points(pointer: str, found: object) -> None:
    """A JSON pointer finds what RFC 6901 says, and nothing is an answer."""
    assert pointed({"a/b": [{"m~n": 8}]}, pointer) == found
