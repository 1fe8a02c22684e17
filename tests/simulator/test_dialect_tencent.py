"""Tencent Cloud's dialect: what its own SDK signs is taken, what is tampered with is not, reports are pushed."""

import hmac
import json
import time
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from hashlib import sha256
from typing import Any

import httpx
import pytest
from town_help import CarrierDesk, Receiver, person, town, until
from vendor_help import Ear, listening, sdk

TAKEN = json.dumps({"result": 0, "errmsg": "OK"}).encode()
VERSIONS = {"sms": "2021-01-11", "vms": "2020-09-02"}


@pytest.fixture(scope="module")
def ear() -> Iterator[Ear]:
    """An ear that takes reports as the vendor asks."""
    with listening() as hearing:
        hearing.answer = lambda _: (200, TAKEN, "application/json")
        yield hearing


@pytest.fixture(scope="module")
def cloud(ear: Ear) -> Iterator[CarrierDesk]:
    """A calm town that pushes to the ear, and again soon."""
    callbacks = {"tencent": f"{ear.url}/sms", "tencent-voice": f"{ear.url}/voice"}
    with town(Receiver(), callbacks=callbacks, push_again_s=(0.05, 0.05, 0.05)) as desk:
        yield desk


def signed(
    host: str,
    service: str,
    action: str,
    body: bytes,
    *,
    secret: str = "made-up",  # noqa: S107  # as made up as the town
    account: str = "sim",
    off_s: int = 0,
    path: str = "/",
) -> dict[str, str]:
    """The headers as the vendor documents them, written anew."""
    at = int(time.time()) + off_s
    day = datetime.fromtimestamp(at, UTC).strftime("%Y-%m-%d")
    lines = f"content-type:application/json\nhost:{host}\n"
    canonical = f"POST\n{path}\n\n{lines}\ncontent-type;host\n{sha256(body).hexdigest()}"
    scope = f"{day}/{service}/tc3_request"
    spoken = f"TC3-HMAC-SHA256\n{at}\n{scope}\n{sha256(canonical.encode()).hexdigest()}"
    key = f"TC3{secret}".encode()
    for part in (day, service, "tc3_request", spoken):
        key = hmac.new(key, part.encode(), sha256).digest()
    return {
        "Content-Type": "application/json",
        "Host": host,
        "X-TC-Action": action,
        "X-TC-Version": VERSIONS[service],
        "X-TC-Timestamp": str(at),
        "Authorization": f"TC3-HMAC-SHA256 Credential={account}/{scope}, SignedHeaders=content-type;host, "
        f"Signature={key.hex()}",
    }


def ask(desk: CarrierDesk, service: str, action: str, asked: Mapping[str, Any], **how: Any) -> dict[str, Any]:
    """One signed call and its `Response`."""
    body = json.dumps(asked).encode()
    headers = signed(desk.http.base_url.netloc.decode(), service, action, body, **how)
    reply = desk.http.post("/tencent", content=body, headers=headers)
    assert reply.status_code == 200
    found: dict[str, Any] = reply.json()["Response"]
    return found


def text(reference: str, *numbers: str) -> dict[str, Any]:
    """What SendSms is asked."""
    return {
        "SmsSdkAppId": "1400000001",
        "SignName": "山西反诈",
        "TemplateId": "1234",
        "PhoneNumberSet": list(numbers),
        "SessionContext": reference,
    }


def call(reference: str, number: str) -> dict[str, Any]:
    """What SendTtsVoice is asked."""
    return {"VoiceSdkAppid": "1400000002", "TemplateId": "1234", "CalledNumber": number, "SessionContext": reference}


def reports(ear: Ear, serial: str) -> list[dict[str, Any]]:
    """The pushed rows on one serial number, in order."""
    return [row for one in ear.at("/sms") for row in json.loads(one.body) if row["sid"] == serial]


def events(ear: Ear, call_id: str) -> list[tuple[str, dict[str, Any]]]:
    """The pushed events of one call, in order."""
    found = [next(iter(json.loads(one.body).items())) for one in ear.at("/voice")]
    return [(name, event) for name, event in found if event["callid"] == call_id]


def test_its_own_sdk_sends_and_asks(cloud: CarrierDesk, ear: Ear) -> None:
    """The vendor's SDK, told another host, texts somebody, finds the text by its number, and calls."""
    sms = sdk("tencentcloud.sms.v20210111", "sms_client", "models")
    vms = sdk("tencentcloud.vms.v20200902", "vms_client", "models")
    common = sdk("tencentcloud.common", "credential", "profile.client_profile", "profile.http_profile")
    place = common.profile.http_profile.HttpProfile(
        endpoint=cloud.http.base_url.netloc.decode(), protocol="http", reqMethod="POST"
    )
    profile = common.profile.client_profile.ClientProfile(httpProfile=place)
    credential, phone = common.credential.Credential("sim", "made-up"), person("9920")
    client = sms.sms_client.SmsClient(credential, "ap-guangzhou", profile)
    asked = sms.models.SendSmsRequest()
    asked.from_json_string(json.dumps(text("s1", phone)))
    [status] = client.SendSms(asked).SendStatusSet
    assert (status.Code, status.PhoneNumber, status.SessionContext) == ("Ok", phone, "s1")
    [report] = until(lambda: reports(ear, status.SerialNo))
    assert (report["report_status"], report["errmsg"], report["mobile"]) == ("SUCCESS", "DELIVRD", phone[3:])
    question = sms.models.PullSmsSendStatusByPhoneNumberRequest()
    question.from_json_string(
        json.dumps(
            {
                "BeginTime": int(time.time()) - 60,
                "Offset": 0,
                "Limit": 10,
                "PhoneNumber": phone,
                "SmsSdkAppId": "1400000001",
            }
        )
    )
    [row] = client.PullSmsSendStatusByPhoneNumber(question).PullSmsSendStatusSet
    assert (row.SerialNo, row.ReportStatus, row.SessionContext) == (status.SerialNo, "SUCCESS", "s1")
    caller = vms.vms_client.VmsClient(credential, "ap-guangzhou", profile)
    ring = vms.models.SendTtsVoiceRequest()
    ring.from_json_string(json.dumps(call("s2", person("9920"))))
    assert caller.SendTtsVoice(ring).SendStatus.SessionContext == "s2"
    texts, rings = ({one["reference"]: one for one in cloud.ledger(kind)} for kind in ("text", "ring"))
    assert (texts["s1"]["dialect"], rings["s2"]["dialect"]) == ("tencent", "tencent-voice")


@pytest.mark.parametrize(
    ("how", "code"),
    [
        ({"secret": "guessed"}, "AuthFailure.SignatureFailure"),
        ({"account": "other"}, "AuthFailure.SecretIdNotFound"),
        ({"off_s": 400}, "AuthFailure.SignatureExpire"),
        ({"off_s": -400}, "AuthFailure.SignatureExpire"),
    ],
)
def test_what_is_not_signed_right_sends_nothing(cloud: CarrierDesk, how: Any, code: str) -> None:
    """A guessed secret, a stranger's account, a clock that is off."""
    before = len(cloud.ledger("text"))
    assert ask(cloud, "sms", "SendSms", text("n1", person()), **how)["Error"]["Code"] == code
    assert len(cloud.ledger("text")) == before


def test_a_request_that_was_tampered_with_is_refused(cloud: CarrierDesk) -> None:
    """Somebody on the way changes the number, or the signature was made for another service."""
    host = cloud.http.base_url.netloc.decode()
    body = json.dumps(text("t1", person())).encode()
    headers = signed(host, "sms", "SendSms", body)
    for sent, with_headers in (
        (body.replace(b"+86", b"+87"), headers),
        (body, signed(host, "vms", "SendSms", body) | {"X-TC-Version": "2021-01-11"}),
    ):
        reply: httpx.Response = cloud.http.post("/tencent", content=sent, headers=with_headers)
        assert reply.json()["Response"]["Error"]["Code"] == "AuthFailure.SignatureFailure"
    assert cloud.http.post("/tencent", content=body, headers=headers).json()["Response"]["SendStatusSet"]


def test_each_number_has_its_own_status(cloud: CarrierDesk) -> None:
    """Of three numbers one is wrong and one is refused; each stands where it stood, under its own reference."""
    numbers = [person("9920"), "12", person("9901")]
    rows = ask(cloud, "sms", "SendSms", text("e1,e2,e3", *numbers))["SendStatusSet"]
    wrong = "InvalidParameterValue.IncorrectPhoneNumber"
    assert [row["Code"] for row in rows] == ["Ok", wrong, wrong]
    assert [row["PhoneNumber"] for row in rows] == numbers
    assert [one["reference"] for one in cloud.ledger("text") if one["reference"] in ("e1", "e2", "e3")] == ["e1"]


def test_the_same_text_comes_once_in_half_a_minute(cloud: CarrierDesk) -> None:
    """A second try within 30 s is refused for that number, and a second call as well."""
    phone = person("9920")
    codes = [ask(cloud, "sms", "SendSms", text(f"l{n}", phone))["SendStatusSet"][0]["Code"] for n in range(2)]
    assert codes == ["Ok", "LimitExceeded.PhoneNumberThirtySecondLimit"]
    assert "SendStatus" in ask(cloud, "vms", "SendTtsVoice", call("l3", phone))
    again = ask(cloud, "vms", "SendTtsVoice", call("l4", phone))
    assert again["Error"]["Code"] == "LimitExceeded.DeliveryFrequencyLimit"


@pytest.mark.parametrize(
    ("ending", "code"),
    [("9911", 2), ("9912", 5), ("9913", 12), ("9914", 16), ("9916", 1), ("9917", 8), ("9918", 4)],
)
def test_a_failed_call_is_told_by_its_code(cloud: CarrierDesk, ear: Ear, ending: str, code: int) -> None:
    """A robot rings somebody in vain; one who hangs up counts as one who rejects the call."""
    sent = ask(cloud, "vms", "SendTtsVoice", call(f"c{ending}", person(ending)))["SendStatus"]
    [(name, event)] = until(lambda: events(ear, sent["CallId"]))
    assert (name, event["failure_code"]) == ("voice_failure_callback", code)


def test_a_key_is_told_and_then_the_end(cloud: CarrierDesk, ear: Ear) -> None:
    """Somebody presses 1; the key comes by itself, then that the call was heard."""
    sent = ask(cloud, "vms", "SendTtsVoice", call("k1", person("9920")))["SendStatus"]
    told = until(lambda: len(events(ear, sent["CallId"])) == 2 and events(ear, sent["CallId"]))
    assert [(name, event.get("keypress"), event.get("result")) for name, event in told] == [
        ("voicekey_callback", "1", None),
        ("voiceprompt_callback", None, "0"),
    ]


def test_a_push_is_repeated_until_it_is_answered_and_then_dropped(cloud: CarrierDesk, ear: Ear) -> None:
    """A 200 without the vendor's word is no thanks: four times, and never again."""
    ear.answer = lambda _: (200, b"{}", "application/json")
    try:
        [row] = ask(cloud, "sms", "SendSms", text("p1", person("9920")))["SendStatusSet"]
        until(lambda: [one for one in cloud.ledger("news_lost") if one["reference"] == "p1"])
        assert len(reports(ear, row["SerialNo"])) == 4
    finally:
        ear.answer = lambda _: (200, TAKEN, "application/json")
