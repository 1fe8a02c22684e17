"""Aliyun and Tencent over a real wire: what arrives is what was signed, and what nobody can tell is not guessed."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import pytest
from alibabacloud_openapi_util.client import Client as AliyunSdk
from raw_carrier import http
from Tea.request import TeaRequest
from tencentcloud.common.abstract_client import AbstractClient
from tencentcloud.common.credential import Credential
from tencentcloud.common.http.request import RequestInternal
from vendor_wire import PHONE, VENDORS, before, keeping, letter_to

from dispatcher.claim import Letter
from dispatcher.words import Answer, Channel
from workers.carriers.interface import Found, Question

BEGUN_AT = datetime(2026, 11, 25, 4, 0, tzinfo=UTC)


def told(body: object) -> bytes:
    """A reply of JSON."""
    return http("200 OK", json.dumps(body).encode(), "Content-Type: application/json")


def parts(request: bytes) -> tuple[str, dict[str, str], bytes]:
    """The target, the headers by lower-case name and the body of a request as it came."""
    head, _, body = request.partition(b"\r\n\r\n")
    first, *lines = head.decode().split("\r\n")
    pairs = [line.split(": ", 1) for line in lines]
    names = [name.lower() for name, _ in pairs]
    assert len(names) == len(set(names)), "a header came twice"
    return first.split(" ")[1], {name.lower(): value for name, value in pairs}, body


def sending(channel: Channel, *letters: Letter) -> Any:
    """Send these."""
    return lambda carrier: carrier.send(channel, letters)


def verified_by_aliyun(request: bytes) -> dict[str, str]:
    """The parameters, once the signature fits what arrived."""
    target, headers, body = parts(request)
    params = dict(parse_qsl(urlsplit(target).query, keep_blank_values=True, strict_parsing=True))
    signed = headers["authorization"].partition("SignedHeaders=")[2].partition(",")[0].split(";")
    assert {"host", *(name for name in headers if name.startswith("x-acs-"))} == set(signed)
    assert body == b""
    asked = TeaRequest()
    asked.method, asked.pathname, asked.query = "POST", urlsplit(target).path, params
    asked.headers = {name: headers[name] for name in signed}
    ours = AliyunSdk.get_authorization(
        asked, "ACS3-HMAC-SHA256", headers["x-acs-content-sha256"], "AKID", "aliyun secret"
    )
    assert headers["authorization"] == ours
    return params


@pytest.mark.parametrize("vendor", ["aliyun_sms", "aliyun_voice"])
def test_aliyun_can_verify_what_arrives(vendor: str) -> None:
    """A person was warned twice with odd signs in the words: both requests verify, and no nonce is used twice."""
    requests: list[bytes] = []
    params = {"a": " *~+%&=/?#;\"'😀", "空": "【】"}
    template = {"default": {"code": "T_1", "params": params}}
    act = sending(VENDORS[vendor].channel, letter_to("r1"), letter_to("r1"))
    before(vendor, keeping(requests, VENDORS[vendor].taken), act, templates=template)
    arrived = [verified_by_aliyun(request) for request in requests]
    assert len(arrived) == 2 and arrived[0] == arrived[1]
    assert json.loads(arrived[0]["TtsParam" if vendor == "aliyun_voice" else "TemplateParam"]) == params
    assert arrived[0]["OutId"] == "r1"
    assert len({parts(request)[1]["x-acs-signature-nonce"] for request in requests}) == 2


@pytest.mark.parametrize("vendor", ["tencent_sms", "tencent_voice"])
def test_tencent_can_verify_what_arrives(vendor: str) -> None:
    """A person was warned with odd signs in the words: the request verifies by Tencent's own SDK."""
    requests: list[bytes] = []
    template = {"default": {"code": "1", "params": [" *~+%&=/?#;\"'😀", "【】"]}}
    act = sending(VENDORS[vendor].channel, letter_to("r1"))
    before(vendor, keeping(requests, VENDORS[vendor].taken), act, templates=template)
    target, headers, body = parts(requests[0])
    names = {"Content-Type": "content-type", "Host": "host", "X-TC-Timestamp": "x-tc-timestamp"}
    arrived = {name: headers[ours] for name, ours in names.items()}
    asked = RequestInternal(headers["host"], "POST", target, arrived, data=body)
    day, service = f"{datetime.now(UTC):%Y-%m-%d}", vendor.replace("tencent_", "").replace("voice", "vms")
    client = AbstractClient(Credential("SID", "tencent secret"), "ap-guangzhou")
    signature = client._get_tc3_signature({}, asked, day, service, "tencent secret")
    assert headers["authorization"].endswith(f"Signature={signature}")
    assert json.loads(body)["TemplateParamSet"] == template["default"]["params"]
    assert headers["x-tc-region"] == "ap-guangzhou"


def test_tencents_texts_of_the_same_words_share_a_request() -> None:
    """Three people, two of them with the same words: two requests, and each has his own answer in his own place."""
    requests: list[bytes] = []
    other, third = "+8613900139000", "+8613700137000"
    rows = [
        {"SerialNo": "s-third", "PhoneNumber": third, "Code": "Ok"},
        {"SerialNo": "s-first", "PhoneNumber": PHONE, "Code": "Ok"},
        {"SerialNo": "s-other", "PhoneNumber": other, "Code": "Ok"},
    ]
    letters = [letter_to("r1"), letter_to("r2", to=other, text_id="fake_loan"), letter_to("r3", to=third)]
    serve = keeping(requests, told({"Response": {"SendStatusSet": rows}}))
    templates = {"default": "1", "fake_loan": "2"}
    ended = before("tencent_sms", serve, sending(Channel.SMS, *letters), templates=templates)
    assert [one.carrier_ref for one in ended] == ["s-first", "s-other", "s-third"]
    bodies = sorted((json.loads(parts(request)[2]) for request in requests), key=lambda body: body["TemplateId"])
    assert [body["PhoneNumberSet"] for body in bodies] == [[PHONE, third], [other]]


@pytest.mark.parametrize("vendor", VENDORS)
def test_words_without_a_template_are_not_sent(vendor: str) -> None:
    """A person was to be warned in words that have no template: no request goes out, and it is our own fault."""
    if vendor not in ("aliyun_sms", "aliyun_voice", "tencent_sms", "tencent_voice"):
        pytest.skip("sends free text")
    requests: list[bytes] = []

    async def act(carrier: Any) -> Any:
        carrier._settings.templates.clear()
        return await carrier.send(VENDORS[vendor].channel, [letter_to("r1")])

    (ended,) = before(vendor, keeping(requests, VENDORS[vendor].taken), act, templates={"default": "1"})
    assert (ended.answer, ended.code, requests) == (Answer.REFUSED, "no_template", [])


@pytest.mark.parametrize("vendor", ["aliyun_sms", "aliyun_voice", "tencent_sms", "tencent_voice"])
def test_a_request_is_shown_without_its_secrets(vendor: str) -> None:
    """An operator looked at what would be sent: all of it, but for key and signature."""

    async def act(carrier: Any) -> str:
        shown: str = carrier.describe(VENDORS[vendor].channel, letter_to("r1"))
        return shown

    shown = before(vendor, keeping([], b""), act)
    assert shown.startswith("POST http://127.0.0.1:") and "r1" in shown and "13800138000" in shown
    assert "Credential=****" in shown and "Signature=****" in shown and "secret" not in shown
    assert "AKID" not in shown and "SID" not in shown


def asking(*questions: Question) -> Any:
    """Ask for these."""
    return lambda carrier: carrier.ask(questions)


def question(reference: str = "r1", carrier_ref: str | None = None, begun_at: datetime = BEGUN_AT) -> Question:
    """A try of which nobody can tell."""
    return Question(reference, carrier_ref, PHONE, begun_at)


def record(reference: str, status: int = 3, **more: Any) -> dict[str, Any]:
    """What Aliyun has on one text."""
    sent = {"OutId": reference, "SendStatus": status, "SendDate": "2026-11-25 12:00:01", "ErrCode": "DELIVERED"}
    return sent | {"ReceiveDate": "2026-11-25 12:00:05"} | more


def aliyun_page(*rows: Any, total: int | None = None) -> bytes:
    """A page of records."""
    return told({"Code": "OK", "TotalCount": total or len(rows), "SmsSendDetailDTOs": {"SmsSendDetailDTO": list(rows)}})


DELIVERED_AT = datetime(2026, 11, 25, 4, 0, 5, tzinfo=UTC)
NOT_FOUND = Found(False, None, None, None)


@pytest.mark.parametrize(
    ("replies", "found"),
    [
        ([aliyun_page(record("x"), record("r1"))], Found(True, None, "DELIVERED", DELIVERED_AT)),
        ([aliyun_page(record("r1", 1, ReceiveDate=""))], Found(True, None, None, None)),
        ([aliyun_page(record("r1", 2, ErrCode="MK:0001"))], Found(True, None, "MK:0001", DELIVERED_AT)),
        ([aliyun_page()], NOT_FOUND),
        ([aliyun_page(record("x"))], NOT_FOUND),
        ([aliyun_page(record("", SendDate="2026-11-25 09:00:00"))], NOT_FOUND),
        (
            [aliyun_page(record("x"), total=2), aliyun_page(record("r1"), total=2)],
            Found(True, None, "DELIVERED", DELIVERED_AT),
        ),
        ([aliyun_page(record("x"), total=2), aliyun_page(record("y"), total=2)], NOT_FOUND),
        # nothing may be concluded from these
        ([aliyun_page(record("x"), total=2), aliyun_page(total=2)], None),
        ([aliyun_page(record("x"), total=2), http("500 Internal Server Error")], None),
        ([aliyun_page(record(""))], None),
        ([aliyun_page(record("x", 7))], None),
        ([aliyun_page(17)], None),
        ([told({"Code": "isp.SYSTEM_ERROR"})], None),
        ([told({"Code": "OK"})], None),
        ([http("200 OK", b"<html>")], None),
        ([http("404 Not Found")], None),
    ],
    ids=range(17),
)
def test_aliyun_is_asked_for_a_text(replies: list[bytes], found: Found | None) -> None:
    """Nobody could tell whether a person was warned: "never had it" counts only when all its records were seen."""
    requests: list[bytes] = []
    answer = before("aliyun_sms", keeping(requests, *replies), asking(question()))
    assert answer == (None if found is None else {"r1": found})
    asked = verified_by_aliyun(requests[0])
    assert (asked["PhoneNumber"], asked["SendDate"], asked["CurrentPage"]) == ("13800138000", "20261125", "1")


def test_a_text_near_midnight_is_asked_for_on_both_days() -> None:
    """A text went out just before midnight: it is found under the day after."""
    requests: list[bytes] = []
    serve = keeping(requests, aliyun_page(), aliyun_page(record("r1")))
    near = datetime(2026, 11, 25, 15, 59, tzinfo=UTC)
    answer = before("aliyun_sms", serve, asking(question(begun_at=near)))
    assert answer is not None and answer["r1"].found
    assert [verified_by_aliyun(request)["SendDate"] for request in requests] == ["20261125", "20261126"]


def pulled(**more: Any) -> bytes:
    """What Tencent has on one text."""
    row = {"SerialNo": "s1", "ReportStatus": "SUCCESS", "Description": "DELIVRD", "UserReceiveTime": 1_795_579_205}
    return told({"Response": {"PullSmsSendStatusSet": [row | more]}})


@pytest.mark.parametrize(
    ("reply", "carrier_ref", "code"),
    [
        (pulled(), "s1", "DELIVRD"),
        (pulled(SessionContext="r1"), None, "DELIVRD"),
        (pulled(ReportStatus="FAIL", Description="MK:0001"), "s1", "MK:0001"),
        (pulled(Description="用户短信送达成功"), "s1", "SUCCESS"),
        # nothing may be concluded from these
        (pulled(), None, None),
        (pulled(SessionContext="x"), "s2", None),
        (pulled(ReportStatus="PERHAPS"), "s1", None),
        (told({"Response": {"PullSmsSendStatusSet": []}}), "s1", None),
        (told({"Response": {"Error": {"Code": "InternalError"}}}), "s1", None),
        (http("200 OK", b"<html>"), "s1", None),
    ],
    ids=range(10),
)
def test_tencent_never_says_no(reply: bytes, carrier_ref: str | None, code: str | None) -> None:
    """Nobody could tell whether a person was warned: Tencent has a record, or tells nothing; nobody is warned twice."""
    answer = before("tencent_sms", keeping([], reply), asking(question(carrier_ref=carrier_ref)))
    if code is None:
        assert answer is None
    else:
        assert answer == {"r1": Found(True, "s1", code, datetime.fromtimestamp(1_795_579_205, UTC))}


@pytest.mark.parametrize("vendor", ["aliyun_voice", "tencent_voice"])
def test_a_call_cannot_be_asked_for(vendor: str) -> None:
    """Nobody could tell whether a person was rung: the carrier is not asked, only its news can tell."""
    requests: list[bytes] = []

    async def act(carrier: Any) -> Any:
        return carrier.ask_after_s, await carrier.ask([question()])

    assert before(vendor, keeping(requests, VENDORS[vendor].taken), act) == (None, None)
    assert requests == []


def test_many_questions_take_no_longer_than_they_may() -> None:
    """A carrier was silent when it was asked for 40 tries: what could not be asked is given up, and asked again."""
    requests: list[bytes] = []

    async def silent(reader: Any, writer: Any) -> None:
        requests.append(await reader.readuntil(b"\r\n\r\n"))
        await reader.read()
        writer.close()

    begun = datetime.now(UTC)
    answer = before("aliyun_sms", silent, asking(*(question(f"r{number}") for number in range(40))))
    assert answer is None and len(requests) <= 40
    assert datetime.now(UTC) - begun < timedelta(seconds=4)


def test_tencents_balance_is_told() -> None:
    """An operator asked what is left: the packages that still hold, less what is used of them."""
    row = {"PackageExpiredTime": 4_000_000_000, "PackageAmount": 1000, "CurrentUsage": 400}
    serve = keeping([], told({"Response": {"SmsPackagesStatisticsSet": [row]}}))
    assert before("tencent_sms", serve, lambda carrier: carrier.balance()) == "600 texts left in the packages"
