"""Aliyun's language: what it is asked, what its answers and reports mean for a person."""

from __future__ import annotations

import json
import re
import tomllib
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from carrier_help import aliyun_sms, aliyun_voice, callback, letter
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from config.carriers.file import read_carriers
from config.settings import load_settings
from dispatcher.carriers import LANGUAGES, aliyun
from dispatcher.carriers.aliyun import letters, replies
from dispatcher.news import BadNews
from dispatcher.words import Answer, Outcome
from workers.carriers import WIRES


def test_a_text_is_a_template_with_its_slots() -> None:
    """A person was warned of a loan fraud: the template of those words goes out, filled, under our reference."""
    template = {"code": "SMS_9", "params": {"kind": "贷款"}}
    section = aliyun_sms(templates={"default": "SMS_1", "fake_loan": template})
    act = letters.text(section, letter("r1", text_id="fake_loan"))
    assert act is not None and act.action == "SendSms"
    assert act.params == {
        "OutId": "r1",
        "PhoneNumbers": "13800138000",
        "SignName": "山西反诈",
        "TemplateCode": "SMS_9",
        "TemplateParam": '{"kind": "贷款"}',
    }


def test_a_call_offers_its_two_keys() -> None:
    """A robot rang and offered two keys: each has the words that are spoken when it is pressed."""
    section = aliyun_voice(called_show_number="96110", key_replies={"2": "TTS_paid", "1": "TTS_thanks"})
    act = letters.call(section, letter("r1"))
    assert act is not None and act.action == "IvrCall"
    assert (act.params["StartCode"], act.params["OutId"], act.params["CalledShowNumber"]) == ("TTS_1", "r1", "96110")
    assert (act.params["MenuKeyMap.1.Key"], act.params["MenuKeyMap.1.Code"]) == ("1", "TTS_thanks")
    assert (act.params["MenuKeyMap.2.Key"], act.params["MenuKeyMap.2.Code"]) == ("2", "TTS_paid")


def test_a_plain_call_speaks_its_template() -> None:
    """A robot rang without a menu: the template alone is spoken, and no bought number is needed."""
    act = letters.call(aliyun_voice(), letter("r1", to="+863512345678"))
    assert act is not None and act.action == "SingleCallByTts"
    assert act.params == {"CalledNumber": "03512345678", "OutId": "r1", "PlayTimes": "2", "TtsCode": "TTS_1"}


@pytest.mark.parametrize(
    ("phone", "told"),
    [
        ("+8613800138000", "13800138000"),
        ("+861088886666", "01088886666"),
        ("+8635112345678", "035112345678"),
        ("+85261234567", "85261234567"),
    ],
)
def test_a_number_is_told_as_people_dial_it(phone: str, told: str) -> None:
    """A mobile, a landline of Peking, one of Taiyuan and one of Hong Kong: each as Aliyun wants it."""
    assert letters.national(phone) == told


@pytest.mark.parametrize(
    ("change", "told"),
    [
        ({"templates": {"brush_rebate": "SMS_1"}}, "a template is missing for after_transfer, duty"),
        ({"templates": {"default": "SMS_1", "brush_rebates": "SMS_2"}}, "brush_rebates: no words of ours"),
        ({"templates": {"default": ""}}, "at least 1 character"),
        ({"base_url": "dysmsapi.aliyuncs.com"}, "http:// or https://"),
        ({"access_key_secret": "written here"}, "must say where the secret is"),
        ({"colour": "red"}, "not permitted"),
    ],
)
def test_a_section_that_cannot_work_is_refused(change: dict[str, Any], told: str) -> None:
    """An operator forgot a template, or mistyped: it is said at the start, not when somebody is to be warned."""
    with pytest.raises(ValidationError, match=told) as refused:
        aliyun_sms(**change)
    assert "written here" not in str(refused.value)


def test_a_menu_needs_a_number_of_its_own() -> None:
    """An operator offered keys in the shared mode, which has none: said at the start."""
    with pytest.raises(ValidationError, match="called_show_number"):
        aliyun_voice(key_replies={"1": "TTS_thanks"})


def read(status: int, told: Any) -> Any:
    """How a request for a text ended."""
    body = told if isinstance(told, bytes) else json.dumps(told).encode()
    return replies.read(status, body, name="BizId", ask_in_s=30.0)


@pytest.mark.parametrize(
    ("status", "told", "answer", "outcome"),
    [
        (200, {"Code": "OK", "BizId": "9^0"}, Answer.ACCEPTED, None),
        (200, {"Code": "OK"}, Answer.UNSURE, None),
        (200, {"Code": "OK", "BizId": "nul\0"}, Answer.UNSURE, None),
        (200, {"Code": "isv.MOBILE_NUMBER_ILLEGAL"}, Answer.REFUSED, Outcome.BAD_NUMBER),
        (200, {"Code": "isv.OUT_OF_SERVICE"}, Answer.REFUSED, Outcome.OUR_FAULT),
        (200, {"Code": "isv.NEVER_SEEN"}, Answer.REFUSED, Outcome.GATEWAY_TEMPORARY),
        (200, {"Code": "isp.SYSTEM_ERROR"}, Answer.REFUSED, Outcome.GATEWAY_TEMPORARY),
        (200, {"Code": "isp.NEVER_SEEN"}, Answer.UNSURE, None),
        (408, {"Code": "RequestTimeout"}, Answer.UNSURE, None),
        (200, {"Code": "isv.BUSINESS_LIMIT_CONTROL"}, Answer.BUSY, None),
        (400, {"Code": "Throttling.User"}, Answer.BUSY, None),
        (503, {"Code": "Throttling"}, Answer.BUSY, None),
        (400, {"Code": "SignatureDoesNotMatch"}, Answer.REFUSED, Outcome.OUR_FAULT),
        (400, {"Code": "SignatureNonceUsed"}, Answer.UNSURE, None),
        (404, b"<html>", Answer.REFUSED, Outcome.OUR_FAULT),
        (408, b"", Answer.UNSURE, None),
        (429, b"", Answer.BUSY, None),
        (500, {"Code": "InternalError"}, Answer.UNSURE, None),
        (503, b"", Answer.UNSURE, None),
    ],
)
def test_an_answer_says_what_became_of_a_text(status: int, told: Any, answer: Answer, outcome: Outcome | None) -> None:
    """Aliyun answered: what is surely not sent is told from what may have been."""
    ended = read(status, told)
    assert (ended.answer, ended.outcome) == (answer, outcome)
    assert ended.ask_in_s == (30.0 if answer is Answer.UNSURE else None)


@given(st.binary(max_size=60), st.sampled_from([200, 302, 400, 500]))
def test_no_answer_is_taken_for_more_than_it_says(body: bytes, status: int) -> None:
    """Aliyun answered with anything at all: nobody counts as warned for it."""
    assert read(status, body).answer is not Answer.ACCEPTED


TEXT = {
    "phone_number": "13800138000",
    "send_time": "2026-11-25 09:29:58",
    "report_time": "2026-11-25 09:30:00",
    "success": True,
    "err_code": "DELIVERED",
    "err_msg": "用户接收成功",
    "sms_size": "1",
    "biz_id": "12345",
    "out_id": "r1",
}


def test_a_report_tells_of_a_text() -> None:
    """A person's phone took the text: the report tells so, under our reference, at China's time."""
    told, faults = aliyun.SMS.read_news(callback([TEXT]))
    assert not faults
    assert (told[0].reference, told[0].carrier_ref, told[0].code) == ("r1", "12345", "DELIVERED")
    assert told[0].at == datetime(2026, 11, 25, 1, 30, tzinfo=UTC)
    assert json.loads(told[0].raw) == TEXT


@pytest.mark.parametrize(
    ("success", "code", "outcome"),
    [
        (True, "DELIVRD", Outcome.DELIVERED),
        (True, "", Outcome.DELIVERED),
        (True, "MK:0001", Outcome.DELIVERED),
        (False, "MK:0001", Outcome.BAD_NUMBER),
        (False, "MBBLACK", Outcome.BLOCKED),
        (False, "MA:0053", Outcome.OUR_FAULT),
        (False, "002", Outcome.PHONE_TEMPORARY),
        (False, "LIMIT", Outcome.GATEWAY_TEMPORARY),
        (False, "DELIVRD", Outcome.UNKNOWN),
        (False, "QQ:7777", Outcome.UNKNOWN),
        (False, None, Outcome.UNKNOWN),
    ],
)
def test_a_code_means_one_thing(success: bool, code: str | None, outcome: Outcome) -> None:
    """A text was reported on: a code that no table has, or that contradicts itself, is never taken for an ending."""
    told, _ = aliyun.SMS.read_news(callback([TEXT | {"success": success, "err_code": code}]))
    assert aliyun.SMS.codes.get(told[0].code, Outcome.UNKNOWN) is outcome


def test_one_bad_report_of_five_hundred_spoils_no_other() -> None:
    """Aliyun pushed 500 reports, some twice, one of them nonsense: 499 people's news is kept."""
    pushed: list[Any] = [TEXT | {"out_id": f"r{number // 2}"} for number in range(500)]
    pushed[250] = {"success": "true"}
    told, faults = aliyun.SMS.read_news(callback(pushed))
    assert (len(told), len({one.reference for one in told})) == (499, 250)
    assert len(faults) == 1 and faults[0].startswith("report[250]: ")


@pytest.mark.parametrize("body", [b"", b"<html>", b"{}", b'"x"', b"[" * 100_000, b"\xff", {"out_id": "r1"}])
def test_what_is_no_report_is_not_thanked_for(body: Any) -> None:
    """Somebody called who is not Aliyun: nothing of it is kept."""
    for language in aliyun.LANGUAGES:
        with pytest.raises(BadNews):
            language.read_news(callback(body))


def test_aliyun_is_thanked_in_its_own_words() -> None:
    """Reports were stored: Aliyun hears what it wants to hear, or it would push them again."""
    assert aliyun.SMS.thanks == aliyun.VOICE.thanks
    assert (aliyun.THANKS.status, json.loads(aliyun.THANKS.body)["code"]) == (200, 0)


CALL = {
    "call_id": "1^2",
    "start_time": "2026-11-25 09:30:00",
    "end_time": "2026-11-25 09:30:40",
    "duration": "40",
    "status_code": "200000",
    "hangup_direction": "用户",
    "status_msg": "用户听完",
    "out_id": "r1",
    "dtmf": "",
}


@pytest.mark.parametrize(
    ("change", "outcome"),
    [
        ({}, Outcome.HEARD),
        ({"dtmf": "1"}, Outcome.KEY_UNDERSTOOD),
        ({"dtmf": "12"}, Outcome.KEY_PAID),
        ({"dtmf": "21"}, Outcome.KEY_PAID),
        ({"dtmf": "31"}, Outcome.KEY_UNDERSTOOD),
        ({"dtmf": "7"}, Outcome.HEARD),
        ({"dtmf": "?"}, Outcome.UNKNOWN),
        ({"status_code": "300000", "dtmf": "2", "status_time": "2026-11-25 09:30:20"}, Outcome.KEY_PAID),
        ({"status_code": "200001"}, Outcome.HUNG_UP),
        ({"status_code": "200001", "dtmf": "1"}, Outcome.KEY_UNDERSTOOD),
        ({"status_code": "200002"}, Outcome.BUSY),
        ({"status_code": "200003"}, Outcome.NO_ANSWER),
        ({"status_code": "200004"}, Outcome.INVALID_NUMBER),
        ({"status_code": "200005"}, Outcome.REJECTED),
        ({"status_code": "200007"}, Outcome.UNREACHABLE),
        ({"status_code": "200008"}, Outcome.HEARD),
        ({"status_code": "200010", "start_time": "", "end_time": ""}, Outcome.POWERED_OFF),
        ({"status_code": "200011"}, Outcome.SUSPENDED),
        ({"status_code": 482}, Outcome.INVALID_NUMBER),
        ({"status_code": "200121"}, Outcome.PLATFORM_FAULT),
        ({"status_code": "200102"}, None),
        ({"status_code": "200777"}, Outcome.UNKNOWN),
    ],
)
def test_a_call_ends_in_its_own_way(change: dict[str, Any], outcome: Outcome | None) -> None:
    """A robot rang somebody: heard, hung up early, a key, busy, off and suspended are told apart."""
    told, faults = aliyun.VOICE.read_news(callback([CALL | change]))
    assert not faults and told[0].reference == "r1"
    assert aliyun.VOICE.codes.get(told[0].code, Outcome.UNKNOWN) is outcome


@pytest.mark.parametrize(
    "item",
    [17, None, {}, CALL | {"status_code": None}, CALL | {"end_time": "soon"}, CALL | {"out_id": "", "call_id": ""}],
)
def test_a_call_that_cannot_be_read_is_named(item: Any) -> None:
    """A call's report was nonsense: it is said which, and what it should have had."""
    told, faults = aliyun.VOICE.read_news(callback([item, CALL]))
    assert len(told) == 1 and faults == [f"report[0]: {faults[0].partition(': ')[2]}"]


def test_a_try_near_midnight_is_looked_for_on_both_days() -> None:
    """A text went out two minutes before midnight in China: its record may stand under the next day."""
    assert letters.days_of(datetime(2026, 11, 25, 15, 58, tzinfo=UTC)) == ["20261125", "20261126"]
    assert letters.days_of(datetime(2026, 11, 25, 4, 0, tzinfo=UTC)) == ["20261125"]


@pytest.mark.parametrize("page", ["aliyun", "tencent"])
def test_the_section_of_the_page_is_read(page: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """An operator copied the page's sections into the carriers file: they are read, and each kind has its wire."""
    how_to = (Path(__file__).parents[2] / "docs" / "how-to" / "carriers" / f"{page}.md").read_text("utf-8")
    (tmp_path / "secret").write_text("made-up")
    for name in ("ALIYUN_SECRET", "TENCENT_SECRET"):
        monkeypatch.setenv(name, "made-up")
    text = re.sub(r'file = "[^"]+"', f'file = "{tmp_path / "secret"}"', how_to.split("```toml\n")[1].split("```")[0])
    route = {"sms": {"all": [page]}, "call": {"all": [f"{page}-voice"]}}
    settings = load_settings({"home": tmp_path, "public_url": "https://quanzu.example"})
    carriers = read_carriers(tomllib.loads(text) | {"route": route}, settings)
    assert {section.kind for section in carriers.sections} == {f"{page}_sms", f"{page}_voice"}
    for section in carriers.sections:
        assert LANGUAGES[section.kind].kind == section.kind and section.kind in WIRES
