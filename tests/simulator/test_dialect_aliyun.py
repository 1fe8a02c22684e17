"""Alibaba Cloud's dialect: what its own SDK signs is taken, what is tampered with is not, reports are pushed."""

import hmac
import json
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime, timedelta, timezone
from hashlib import sha256
from typing import Any
from urllib.parse import quote
from uuid import uuid4

import httpx
import pytest
from town_help import CarrierDesk, Receiver, person, town, until
from vendor_help import Ear, listening, sdk

from simulator.dialects.aliyun_sms import biz_id

BEIJING = timezone(timedelta(hours=8))
TAKEN = json.dumps({"code": 0, "msg": "OK"}).encode()


@pytest.fixture(scope="module")
def ear() -> Iterator[Ear]:
    """An ear that takes reports as the vendor asks."""
    with listening() as hearing:
        hearing.answer = lambda _: (200, TAKEN, "application/json")
        yield hearing


@pytest.fixture(scope="module")
def cloud(ear: Ear) -> Iterator[CarrierDesk]:
    """A calm town that pushes to the ear, and again soon."""
    callbacks = {"aliyun": f"{ear.url}/sms", "aliyun-voice": f"{ear.url}/voice"}
    with town(Receiver(), callbacks=callbacks, push_again_s=(0.05, 0.05, 0.05)) as desk:
        yield desk


def signed(
    base: str,
    path: str,
    action: str,
    asked: Mapping[str, str],
    *,
    secret: str = "made-up",  # noqa: S107  # as made up as the town
    account: str = "sim",
    nonce: str = "",
    off: timedelta = timedelta(),
) -> tuple[str, dict[str, str]]:
    """URL and headers as the vendor documents them, written anew."""
    query = "&".join(f"{quote(name, safe='~')}={quote(value, safe='~')}" for name, value in sorted(asked.items()))
    headers = {
        "host": base.partition("//")[2],
        "x-acs-action": action,
        "x-acs-content-sha256": sha256(b"").hexdigest(),
        "x-acs-date": (datetime.now(UTC) + off).strftime("%Y-%m-%dT%H:%M:%SZ"),
        "x-acs-signature-nonce": nonce or uuid4().hex,
        "x-acs-version": "2017-05-25",
    }
    names = ";".join(sorted(headers))
    lines = "".join(f"{name}:{headers[name]}\n" for name in sorted(headers))
    canonical = f"POST\n{path}\n{query}\n{lines}\n{names}\n{sha256(b'').hexdigest()}"
    spoken = f"ACS3-HMAC-SHA256\n{sha256(canonical.encode()).hexdigest()}"
    signature = hmac.new(secret.encode(), spoken.encode(), sha256).hexdigest()
    headers["Authorization"] = f"ACS3-HMAC-SHA256 Credential={account},SignedHeaders={names},Signature={signature}"
    return f"{base}{path}?{query}", headers


def ask(desk: CarrierDesk, action: str, asked: Mapping[str, str], path: str = "/aliyun", **how: Any) -> httpx.Response:
    """One signed call."""
    url, headers = signed(str(desk.http.base_url).rstrip("/"), path, action, asked, **how)
    return desk.http.post(url, headers=headers)


def text(to: str, out_id: str, **more: str) -> dict[str, str]:
    """What SendSms is asked."""
    plain = {"PhoneNumbers": to, "SignName": "山西反诈", "TemplateCode": "SMS_1", "TemplateParam": '{"a":"b c"}'}
    return plain | {"OutId": out_id} | more


def call(to: str, out_id: str) -> dict[str, str]:
    """What SingleCallByTts is asked."""
    return {"CalledNumber": to, "TtsCode": "TTS_1", "OutId": out_id, "CalledShowNumber": "96110"}


def reports(ear: Ear, path: str, out_id: str) -> list[dict[str, Any]]:
    """The reports on one reference, in order."""
    return [row for one in ear.at(path) for row in json.loads(one.body) if row["out_id"] == out_id]


def test_its_own_sdk_sends_and_asks(cloud: CarrierDesk, ear: Ear) -> None:
    """The vendor's SDK, told another host, warns somebody by text and by phone and finds the text by number and day."""
    sms = sdk("alibabacloud_dysmsapi20170525")
    voice = sdk("alibabacloud_dyvmsapi20170525")
    config = sdk("alibabacloud_tea_openapi", "models").models.Config(
        access_key_id="sim", access_key_secret="made-up", endpoint=cloud.http.base_url.netloc.decode(), protocol="http"
    )
    client, phone = sms.client.Client(config), person("9920")
    asked = {"phone_numbers": phone, "sign_name": "山西反诈", "template_code": "SMS_1", "out_id": "s1"}
    reply = client.send_sms(sms.models.SendSmsRequest(template_param='{"a": "b c"}', **asked)).body
    assert (reply.code, reply.message) == ("OK", "OK")
    [report] = until(lambda: reports(ear, "/sms", "s1"))
    assert (report["success"], report["err_code"], report["biz_id"]) == (True, "DELIVERED", reply.biz_id)
    day = datetime.now(BEIJING).strftime("%Y%m%d")
    question = sms.models.QuerySendDetailsRequest(phone_number=phone, send_date=day, page_size=10, current_page=1)
    [row] = client.query_send_details(question).body.sms_send_detail_dtos.sms_send_detail_dto
    assert (row.out_id, row.send_status, row.err_code) == ("s1", 3, "DELIVERED")
    batch = sms.models.SendBatchSmsRequest(
        phone_number_json=json.dumps([person("9920"), person("9920")]),
        sign_name_json='["山西反诈", "山西反诈"]',
        template_code="SMS_1",
        template_param_json='[{"a":"1"},{"a":"2"}]',
    )
    assert client.send_batch_sms(batch).body.code == "OK"
    caller = voice.client.Client(config)
    asked = {"called_number": person("9920"), "tts_code": "TTS_1", "out_id": "s2"}
    assert caller.single_call_by_tts(voice.models.SingleCallByTtsRequest(**asked)).body.code == "OK"
    texts, rings = ({one["reference"]: one for one in cloud.ledger(kind)} for kind in ("text", "ring"))
    assert (texts["s1"]["dialect"], rings["s2"]["dialect"]) == ("aliyun", "aliyun-voice")


@pytest.mark.parametrize(
    ("how", "status", "code"),
    [
        ({"secret": "guessed"}, 400, "SignatureDoesNotMatch"),
        ({"account": "other"}, 404, "InvalidAccessKeyId.NotFound"),
        ({"off": timedelta(minutes=16)}, 400, "InvalidTimeStamp.Expired"),
        ({"off": timedelta(minutes=-16)}, 400, "InvalidTimeStamp.Expired"),
    ],
)
def test_what_is_not_signed_right_sends_nothing(cloud: CarrierDesk, how: Any, status: int, code: str) -> None:
    """A guessed secret, a stranger's account, a clock that is off."""
    before = len(cloud.ledger("text"))
    reply = ask(cloud, "SendSms", text(person(), "n1"), **how)
    assert (reply.status_code, reply.json()["Code"]) == (status, code)
    assert len(cloud.ledger("text")) == before


def test_a_request_that_was_tampered_with_or_repeated_is_refused(cloud: CarrierDesk) -> None:
    """Somebody on the way changes the number, or sends the same request once more."""
    base = str(cloud.http.base_url).rstrip("/")
    phone, other = person("9920"), person("9920")
    url, headers = signed(base, "/aliyun", "SendSms", text(phone, "t1"))
    assert cloud.http.post(url.replace(phone[1:], other[1:]), headers=headers).json()["Code"] == "SignatureDoesNotMatch"
    assert cloud.http.post(url, headers=headers, content=b"x").json()["Code"] == "SignatureDoesNotMatch"
    unsigned = {**headers, "x-acs-action": "SendBatchSms"}
    assert cloud.http.post(url, headers=unsigned).json()["Code"] == "SignatureDoesNotMatch"
    assert cloud.http.post(url, headers=headers).json()["Code"] == "OK"
    assert cloud.http.post(url, headers=headers).json()["Code"] == "SignatureNonceUsed"
    assert len([one for one in cloud.ledger("text") if one["reference"] == "t1"]) == 1


@pytest.mark.parametrize(
    ("action", "path", "asked", "status", "code"),
    [
        ("SendSms", "/aliyun", text("", "m1"), 400, "MissingPhoneNumbers"),
        ("SendSms", "/aliyun", text("12", "m2"), 200, "isv.MOBILE_NUMBER_ILLEGAL"),
        ("SendSms", "/aliyun", text(person(), "m3", TemplateCode="hello"), 200, "isv.SMS_TEMPLATE_ILLEGAL"),
        ("SendSms", "/aliyun", text(person(), "m4", TemplateParam="a=b"), 200, "isv.INVALID_JSON_PARAM"),
        ("SendSms", "/aliyun", text(person("9901"), "m5"), 200, "isv.MOBILE_NUMBER_ILLEGAL"),
        ("SendSms", "/aliyun", text(person("9902"), "m6"), 200, "isv.BUSINESS_LIMIT_CONTROL"),
        ("SendFax", "/aliyun", text(person(), "m7"), 404, "InvalidAction.NotFound"),
        ("SingleCallByTts", "/aliyun", call(person(), "m8"), 404, "InvalidAction.NotFound"),
        ("SingleCallByTts", "/aliyun-voice", call(person(), "sixteenlettersxx"), 200, "isv.PARAM_LENGTH_LIMIT"),
    ],
)
def test_what_cannot_be_served_says_why(
    cloud: CarrierDesk, action: str, path: str, asked: dict[str, str], status: int, code: str
) -> None:
    """A wrong request is told its code, in the HTTP status that the vendor uses for it."""
    reply = ask(cloud, action, asked, path)
    assert (reply.status_code, reply.json()["Code"]) == (status, code)


@pytest.mark.parametrize(
    ("ending", "code"),
    [
        ("9920", "200000"),
        ("9913", "200001"),
        ("9911", "200002"),
        ("9912", "200003"),
        ("9916", "200010"),
        ("9918", "200011"),
    ],
)
def test_a_call_ends_by_the_vendors_code(cloud: CarrierDesk, ear: Ear, ending: str, code: str) -> None:
    """A robot rings somebody, and the report says what became of it; a pressed key is told by itself before."""
    reply = ask(cloud, "SingleCallByTts", call(person(ending), f"c{ending}"), "/aliyun-voice").json()
    told = until(lambda: [row for row in reports(ear, "/voice", f"c{ending}") if "end_time" in row])
    assert (told[0]["status_code"], told[0]["call_id"]) == (code, reply["CallId"])
    keys = [row["dtmf"] for row in reports(ear, "/voice", f"c{ending}") if row["status_code"] == "300000"]
    assert keys == (["1"] if ending == "9920" else [])


def test_a_menu_hears_its_own_keys(cloud: CarrierDesk, ear: Ear) -> None:
    """Who presses 1 where 1 is awaited has pressed it; where only 9 is, he has heard and pressed nothing."""
    for key in "19":
        asked = {"CalledNumber": person("9920"), "StartCode": "TTS_1", "OutId": f"menu{key}"}
        reply = ask(cloud, "IvrCall", asked | {"MenuKeyMap.1.Key": key, "MenuKeyMap.1.Code": "TTS_2"}, "/aliyun-voice")
        assert reply.json()["Code"] == "OK"
    assert until(lambda: len(reports(ear, "/voice", "menu1")) == 2)
    assert [row["status_code"] for row in reports(ear, "/voice", "menu1")] == ["300000", "200000"]
    [silent] = until(lambda: reports(ear, "/voice", "menu9"))
    assert (silent["status_code"], silent["dtmf"]) == ("200008", "")


def test_a_person_is_called_once_a_minute(cloud: CarrierDesk) -> None:
    """A second call to the same person within the minute is refused, even after one that failed; another's is not."""
    phone = person("9912")
    assert ask(cloud, "SingleCallByTts", call(phone, "l1"), "/aliyun-voice").json()["Code"] == "OK"
    again = ask(cloud, "SingleCallByTts", call(phone, "l2"), "/aliyun-voice").json()
    assert again["Code"] == "isv.BUSINESS_LIMIT_CONTROL"
    assert ask(cloud, "SingleCallByTts", call(person("9912"), "l3"), "/aliyun-voice").json()["Code"] == "OK"
    assert [one["reference"] for one in cloud.ledger("ring") if one["reference"] in ("l1", "l2", "l3")] == ["l1", "l3"]


def test_a_push_is_repeated_until_it_is_answered_and_then_dropped(cloud: CarrierDesk, ear: Ear) -> None:
    """A 200 without the vendor's code is no thanks: four times, and never again."""
    ear.answer = lambda _: (200, b"OK", "text/plain")
    try:
        ask(cloud, "SendSms", text(person("9920"), "p1"))
        until(lambda: [one for one in cloud.ledger("news_lost") if one["reference"] == "p1"])
        assert len(reports(ear, "/sms", "p1")) == 4
    finally:
        ear.answer = lambda _: (200, TAKEN, "application/json")


def test_a_dropped_request_is_found_by_number_and_day(cloud: CarrierDesk, ear: Ear) -> None:
    """The connection ends without a word; who asks by number and day finds our reference."""
    phone = person("9904")
    with pytest.raises(httpx.RemoteProtocolError):
        ask(cloud, "SendSms", text(phone, "d1"))
    day = datetime.now(BEIJING).strftime("%Y%m%d")
    question = {"PhoneNumber": phone, "SendDate": day, "PageSize": "10", "CurrentPage": "1"}
    [row] = ask(cloud, "QuerySendDetails", question).json()["SmsSendDetailDTOs"]["SmsSendDetailDTO"]
    assert row["OutId"] == "d1"
    assert ask(cloud, "QuerySendDetails", question | {"BizId": biz_id(1)}).json()["TotalCount"] == "0"


def test_a_withheld_report_is_withheld_from_questions_too(cloud: CarrierDesk, ear: Ear) -> None:
    """The vendor knows the text and waits for ever for the network's word."""
    phone = person("9905")
    ask(cloud, "SendSms", text(phone, "w1"))
    ask(cloud, "SendSms", text(person("9920"), "w2"))
    until(lambda: reports(ear, "/sms", "w2"))
    day = datetime.now(BEIJING).strftime("%Y%m%d")
    question = {"PhoneNumber": phone, "SendDate": day, "PageSize": "10", "CurrentPage": "1"}
    [row] = ask(cloud, "QuerySendDetails", question).json()["SmsSendDetailDTOs"]["SmsSendDetailDTO"]
    assert (row["OutId"], row["SendStatus"], reports(ear, "/sms", "w1")) == ("w1", 1, [])
