"""Tencent's language: what it is asked, what its answers and callbacks mean for a person."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any

import pytest
from carrier_help import PHONE, callback, letter, tencent_sms, tencent_voice
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from dispatcher.carriers import tencent
from dispatcher.carriers.tencent import letters, replies
from dispatcher.news import BadNews
from dispatcher.words import Answer, Outcome

OTHER = "+8613900139000"


def test_texts_of_the_same_words_share_a_request() -> None:
    """Two people and one of them twice: whoever could not be told apart in the answer gets a request of his own."""
    given_letters = [
        letter("r0"),
        letter("r1", to=OTHER),
        letter("r2"),
        letter("r3", to=OTHER, text_id="fake_loan"),
    ]
    assert letters.groups(given_letters) == [[0, 1], [2], [3]]


def test_a_text_is_a_template_with_its_slots() -> None:
    """A person was warned of a loan fraud: the template of those words goes out, filled."""
    section = tencent_sms(templates={"default": "1", "fake_loan": {"code": "77", "params": ["贷款"]}})
    act = letters.texts(section, [letter("r1", text_id="fake_loan")])
    assert act is not None and act.params == {
        "PhoneNumberSet": [PHONE],
        "SmsSdkAppId": "1400006666",
        "SignName": "山西反诈",
        "TemplateId": "77",
        "TemplateParamSet": ["贷款"],
        "SessionContext": "r1",
    }


def test_a_call_speaks_its_template() -> None:
    """A robot rang: the template is spoken as often as the section says."""
    act = letters.call(tencent_voice(play_times=1), letter("r1"))
    assert act is not None and (act.service, act.action) == ("vms", "SendTtsVoice")
    assert (act.params["CalledNumber"], act.params["TemplateId"], act.params["PlayTimes"]) == (PHONE, "200001", 1)


@pytest.mark.parametrize(
    ("change", "told"),
    [
        ({"templates": {"brush_rebate": "1"}}, "a template is missing for after_transfer, duty"),
        ({"batch": 201}, "less than or equal to 200"),
        ({"sdk_app_id": "app"}, "sdk_app_id"),
        ({"region": "Guangzhou!"}, "region"),
    ],
)
def test_a_section_that_cannot_work_is_refused(change: dict[str, Any], told: str) -> None:
    """An operator forgot a template, or mistyped: it is said at the start."""
    with pytest.raises(ValidationError, match=told):
        tencent_sms(**change)


def reply(**told: Any) -> bytes:
    """An answer of API 3.0."""
    return json.dumps({"Response": told | {"RequestId": "x"}}).encode()


def one(code: str) -> bytes:
    """An answer for one number."""
    return reply(SendStatusSet=[{"SerialNo": "s1", "PhoneNumber": PHONE, "Code": code}])


@pytest.mark.parametrize(
    ("status", "body", "answer", "outcome"),
    [
        (200, one("Ok"), Answer.ACCEPTED, None),
        (200, one("FailedOperation.PhoneNumberInBlacklist"), Answer.REFUSED, Outcome.BLOCKED),
        (200, one("InvalidParameterValue.IncorrectPhoneNumber"), Answer.REFUSED, Outcome.BAD_NUMBER),
        (200, one("FailedOperation.TemplateIncorrectOrUnapproved"), Answer.REFUSED, Outcome.OUR_FAULT),
        (200, one("FailedOperation.ContainSensitiveWord"), Answer.REFUSED, Outcome.OUR_FAULT),
        (200, one("UnauthorizedOperation.ServiceSuspendDueToArrears"), Answer.REFUSED, Outcome.OUR_FAULT),
        (200, one("FailedOperation.NeverSeen"), Answer.REFUSED, Outcome.GATEWAY_TEMPORARY),
        (200, one("InternalError.Timeout"), Answer.UNSURE, None),
        (200, one("InternalError.NeverSeen"), Answer.UNSURE, None),
        (200, reply(Error={"Code": "InternalError.Timeout"}), Answer.UNSURE, None),
        (200, reply(Error={"Code": "InternalError"}), Answer.UNSURE, None),
        (200, reply(Error={"Code": "AuthFailure.SignatureExpire"}), Answer.REFUSED, Outcome.OUR_FAULT),
        (200, reply(Error={"Code": "RequestLimitExceeded"}), Answer.BUSY, None),
        (200, reply(Error={}), Answer.UNSURE, None),
        (200, reply(SendStatusSet=[]), Answer.UNSURE, None),
        (200, reply(SendStatusSet=[{"PhoneNumber": [], "Code": "Ok"}, 17, None]), Answer.UNSURE, None),
        (200, reply(SendStatusSet=[{"PhoneNumber": PHONE, "Code": "Ok"}]), Answer.UNSURE, None),
        (200, reply(SendStatusSet=[{"PhoneNumber": OTHER, "Code": "Ok", "SerialNo": "s"}]), Answer.UNSURE, None),
        (302, b"", Answer.UNSURE, None),
        (403, b"<html>", Answer.REFUSED, Outcome.OUR_FAULT),
        (429, b"", Answer.BUSY, None),
        (503, b"", Answer.UNSURE, None),
    ],
)
def test_an_answer_says_what_became_of_a_text(
    status: int, body: bytes, answer: Answer, outcome: Outcome | None
) -> None:
    """Tencent answered: what is surely not sent is told from what may have been."""
    (ended,) = replies.texts(status, body, [PHONE], ask_in_s=30.0)
    assert (ended.answer, ended.outcome) == (answer, outcome)
    assert ended.ask_in_s == (30.0 if answer is Answer.UNSURE else None)


def test_a_person_who_had_enough_today_is_left_alone_for_a_while() -> None:
    """Tencent refused a second text within 30 seconds: it says by its code when it may be tried."""
    (ended,) = replies.texts(200, one("LimitExceeded.PhoneNumberThirtySecondLimit"), [PHONE], ask_in_s=30.0)
    assert (ended.answer, ended.retry_after_s) == (Answer.BUSY, 30.0)


def test_each_number_of_a_request_has_an_ending_of_its_own() -> None:
    """Three people in one request, answered out of order, one of them left out: each has what is his."""
    rows = [
        {"SerialNo": "", "PhoneNumber": OTHER, "Code": "FailedOperation.PhoneNumberInBlacklist"},
        {"SerialNo": "s0", "PhoneNumber": PHONE.removeprefix("+"), "Code": "Ok"},
    ]
    ended = replies.texts(200, reply(SendStatusSet=rows), [PHONE, OTHER, "+8613700137000"], ask_in_s=None)
    assert [told.answer for told in ended] == [Answer.ACCEPTED, Answer.REFUSED, Answer.UNSURE]
    assert ended[0].carrier_ref == "s0"


@given(st.binary(max_size=60), st.sampled_from([200, 302, 400, 500]))
def test_no_answer_is_taken_for_more_than_it_says(body: bytes, status: int) -> None:
    """Tencent answered with anything at all: nobody counts as warned for it."""
    assert replies.texts(status, body, [PHONE], ask_in_s=None)[0].answer is not Answer.ACCEPTED
    assert replies.call(status, body).answer is not Answer.ACCEPTED


def test_a_call_that_was_taken_has_a_name() -> None:
    """Tencent took a call, and another without a name: the one is known by it, of the other nobody can tell."""
    assert replies.call(200, reply(SendStatus={"CallId": "c1"})).carrier_ref == "c1"
    assert replies.call(200, reply(SendStatus={})).answer is Answer.UNSURE


TEXT = {
    "user_receive_time": "2026-11-25 09:30:00",
    "nationcode": "86",
    "mobile": "13800138000",
    "report_status": "SUCCESS",
    "errmsg": "DELIVRD",
    "description": "用户短信送达成功",
    "sid": "s1",
}


def test_a_report_tells_of_a_text() -> None:
    """A person's phone took the text: Tencent tells so under its own name for it."""
    told, faults = tencent.SMS.read_news(callback([TEXT]))
    assert not faults
    assert (told[0].reference, told[0].carrier_ref, told[0].code) == ("", "s1", "DELIVRD")
    assert told[0].at == datetime(2026, 11, 25, 1, 30, tzinfo=UTC)


@pytest.mark.parametrize(
    ("status", "code", "outcome"),
    [
        ("SUCCESS", "", Outcome.DELIVERED),
        ("FAIL", "MK:0001", Outcome.BAD_NUMBER),
        ("FAIL", "REJECTD", Outcome.BLOCKED),
        ("FAIL", "DELIVRD", Outcome.UNKNOWN),
        ("FAIL", "XX:1", Outcome.UNKNOWN),
    ],
)
def test_a_code_means_one_thing(status: str, code: str, outcome: Outcome) -> None:
    """A text was reported on: what no table has, or contradicts itself, is never taken for an ending."""
    told, _ = tencent.SMS.read_news(callback([TEXT | {"report_status": status, "errmsg": code}]))
    assert tencent.SMS.codes.get(told[0].code, Outcome.UNKNOWN) is outcome


def test_one_bad_report_of_five_hundred_spoils_no_other() -> None:
    """Tencent pushed 500 reports, some twice, one of them nonsense: 499 people's news is kept."""
    pushed: list[Any] = [TEXT | {"sid": f"s{number // 2}"} for number in range(500)]
    pushed[250] = TEXT | {"report_status": "PERHAPS"}
    told, faults = tencent.SMS.read_news(callback(pushed))
    assert (len(told), len({one.carrier_ref for one in told})) == (499, 250)
    assert len(faults) == 1 and faults[0].startswith("report[250]: ")


def prompt(result: str) -> dict[str, Any]:
    """A call's result."""
    return {"voiceprompt_callback": {"callid": "c1", "result": result, "end_calltime": "1795570200", "mobile": "1"}}


def failure(code: int) -> dict[str, Any]:
    """Why a call failed."""
    return {"voice_failure_callback": {"callid": "c1", "failure_code": code, "failure_reason": "空号"}}


@pytest.mark.parametrize(
    ("told", "outcome"),
    [
        (prompt("0"), Outcome.HEARD),
        (prompt("1"), None),
        (prompt("2"), None),
        ({"voicekey_callback": {"callid": "c1", "keypress": "1"}}, Outcome.KEY_UNDERSTOOD),
        ({"voicekey_callback": {"callid": "c1", "keypress": "2"}}, Outcome.KEY_PAID),
        ({"voicekey_callback": {"callid": "c1", "keypress": "#"}}, Outcome.HEARD),
        (failure(1), Outcome.POWERED_OFF),
        (failure(2), Outcome.BUSY),
        (failure(3), Outcome.UNREACHABLE),
        (failure(4), Outcome.SUSPENDED),
        (failure(5), Outcome.NO_ANSWER),
        (failure(8), Outcome.INVALID_NUMBER),
        (failure(9), Outcome.PLATFORM_FAULT),
        (failure(12), Outcome.REJECTED),
        (failure(16), Outcome.MACHINE),
        (failure(14), Outcome.UNKNOWN),
        (failure(99), Outcome.UNKNOWN),
    ],
)
def test_a_call_ends_in_its_own_way(told: dict[str, Any], outcome: Outcome | None) -> None:
    """A robot rang somebody: heard, a key, a machine, busy, off and suspended are told apart."""
    news, faults = tencent.VOICE.read_news(callback(told))
    assert not faults and news[0].carrier_ref == "c1"
    assert tencent.VOICE.codes.get(news[0].code, Outcome.UNKNOWN) is outcome


@pytest.mark.parametrize("body", [b"", b"<html>", b"[]", b"{}", b'"x"', b"[" * 100_000, {"voice": {}}])
def test_what_is_no_callback_is_not_thanked_for(body: Any) -> None:
    """Somebody called who is not Tencent: nothing of it is kept."""
    with pytest.raises(BadNews):
        tencent.VOICE.read_news(callback(body))


@pytest.mark.parametrize("item", [17, None, {}, {"callid": "c1"}, {"callid": "", "result": "0"}])
def test_a_callback_that_cannot_be_read_is_named(item: Any) -> None:
    """A call's result was nonsense: it is said what it should have had."""
    news, faults = tencent.VOICE.read_news(callback({"voiceprompt_callback": item}))
    assert (news, faults) == ([], ["voiceprompt_callback: needs callid and result"])


def test_tencent_is_thanked_in_its_own_words() -> None:
    """Reports were stored: Tencent hears what it wants to hear."""
    assert tencent.SMS.thanks == tencent.VOICE.thanks
    assert json.loads(tencent.THANKS.body) == {"result": 0, "errmsg": "OK"}


def test_what_is_left_counts_only_what_still_holds() -> None:
    """An operator asked for the balance: a package that ran out of time is not counted."""
    rows = [
        {"PackageExpiredTime": 1_900_000_000, "PackageAmount": 1000, "CurrentUsage": 400},
        {"PackageExpiredTime": 1_700_000_000, "PackageAmount": 5000, "CurrentUsage": 1},
    ]
    now = datetime(2026, 11, 25, tzinfo=UTC)
    assert replies.left(200, reply(SmsPackagesStatisticsSet=rows), now) == 600
    assert replies.left(200, reply(Error={"Code": "AuthFailure"}), now) is None
