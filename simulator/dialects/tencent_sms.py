"""SMS 2021-01-11: SendSms, PullSmsSendStatusByPhoneNumber, and the pushed status, which names only the serial number.

The same text comes to a person once in 30 s at most; 2 texts a day unless the account asks for more.
Source: Tencent Cloud, SMS API reference and "Status callback".
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from starlette.requests import Request
from starlette.responses import Response

from simulator.counter import Answers, Words
from simulator.dialects.common import House, beijing, e164, number_of, reference_of, unix
from simulator.dialects.limits import Limits, Window
from simulator.dialects.tencent_words import Mistaken, Push, ok, text_of, texts_of, throttled, unavailable
from simulator.ledger import Sent
from simulator.letters import Letter, Order
from simulator.telling import Item

DIALECT = "tencent"
MOST_NUMBERS, MOST_CONTEXT = 200, 512
WINDOWS = [
    Window(1, 30, "LimitExceeded.PhoneNumberThirtySecondLimit"),
    Window(2, 86_400, "LimitExceeded.PhoneNumberSameContentDailyLimit"),
]
REPORTS = {
    "DELIVRD": ("SUCCESS", "DELIVRD", "用户短信送达成功"),
    "UNDELIV": ("FAIL", "MK:0001", "空号"),
    "EXPIRED": ("FAIL", "MK:0010", "关机或停机"),
    "REJECTD": ("FAIL", "MBBLACK", "黑名单"),
    "UNKNOWN": ("FAIL", "UNKNOWN", "未知"),
}
REFUSALS = {
    "BADNUMBER": "InvalidParameterValue.IncorrectPhoneNumber",
    "BLOCKED": "FailedOperation.PhoneNumberInBlacklist",
    "GATEWAY": "LimitExceeded.DeliveryFrequencyLimit",
    "busy": "LimitExceeded.DeliveryFrequencyLimit",
}


class StatusPush(Push):
    """What became of each text."""

    most = 100

    def content(self, items: Sequence[Item]) -> object:
        """An array."""
        return [_report(item) for item in items]


def _report(item: Item) -> Mapping[str, str]:
    assert item.letter is not None
    status, code, says = REPORTS[item.code]
    nation, mobile = split(item.letter.to)
    return {
        "user_receive_time": beijing(item.at),
        "nationcode": nation,
        "mobile": mobile,
        "report_status": status,
        "errmsg": code,
        "description": says,
        "sid": serial_no(number_of(item.carrier_id)),
    }


def serial_no(n: int) -> str:
    """What this vendor calls an effect."""
    return f"5000:{10_000_000_000_000_000_000 + n}"


def split(phone: str) -> tuple[str, str]:
    """Country code and the rest of an E.164 number; a country that is not China counts as one digit."""
    return ("86", phone[3:]) if phone.startswith("+86") else (phone[1:2], phone[2:])


class Sms:
    """The product."""

    def __init__(self, house: House) -> None:
        self._house, self._told = house, StatusPush(house, DIALECT)
        self._limits = Limits(WINDOWS)

    async def send(self, request: Request, asked: Mapping[str, Any]) -> Response:
        """One template to up to 200 numbers; a status for each, in order."""
        _, template = text_of(asked, "SmsSdkAppId", "TemplateId")
        spelled, context = texts_of(asked, "PhoneNumberSet"), str(asked.get("SessionContext") or "")
        params = texts_of(asked, "TemplateParamSet")
        if not spelled:
            raise Mistaken("MissingParameter.EmptyPhoneNumberSet", "PhoneNumberSet is empty.")
        if len(spelled) > MOST_NUMBERS:
            raise Mistaken("LimitExceeded.PhoneNumberCountLimit", "At most 200 numbers.")
        if len(context.encode()) >= MOST_CONTEXT:
            raise Mistaken("InvalidParameter", "SessionContext must be shorter than 512 bytes.")
        if not template.isdecimal():
            raise Mistaken("FailedOperation.TemplateIncorrectOrUnapproved", "TemplateId is not an approved template.")
        phones = [e164(number) for number in spelled]
        if any(phone is not None and phone.startswith("+86") for phone in phones):
            text_of(asked, "SignName")
        references = _references(context, len(spelled))
        codes: list[str | None] = []
        letters = []
        for phone, reference in zip(phones, references, strict=True):
            text = f"【{asked.get('SignName', '')}】{template} {' '.join(params)}".strip()
            codes.append(self._refusal(phone, text))
            if phone is not None and codes[-1] is None:
                letters.append(Letter(reference, phone, text, told={"context": context}))

        def answered(answers: Answers) -> Response:
            left = iter(answers)
            told = [code or next(left) for code in codes]
            rows = [_status(number, one, context) for number, one in zip(spelled, told, strict=True)]
            return ok(SendStatusSet=rows)

        if not letters:
            return answered([])
        order = Order(self._house.sim.callbacks.get(DIALECT, ""), letters, self._told)
        return await self._house.counter.take(request, "text", order, Words(answered, unavailable, throttled))

    async def pull(self, request: Request, asked: Mapping[str, Any]) -> Response:
        """The status of what went to one number since an instant; what has none yet is not in it."""
        number, _ = text_of(asked, "PhoneNumber", "SmsSdkAppId")
        begin, end, most = asked.get("BeginTime"), asked.get("EndTime") or 2**40, asked.get("Limit")
        phone = e164(number)
        if phone is None:
            raise Mistaken("InvalidParameterValue.IncorrectPhoneNumber", "PhoneNumber is wrong.")
        if not (isinstance(begin, int) and isinstance(end, int)):
            raise Mistaken("InvalidParameterValue.BeginTimeVerifyFail", "BeginTime must be a time in seconds.")
        if not (isinstance(most, int) and 1 <= most <= 100):
            raise Mistaken("InvalidParameterValue.LimitVerifyFail", "Limit must be 1 to 100.")
        await self._house.counter.accept_overdue()
        found = [one for one in self._house.sent_to(DIALECT, phone) if one.told and begin <= unix(one.at) <= end]
        return ok(PullSmsSendStatusSet=[_pulled(one, phone) for one in found[:most]])

    def _refusal(self, phone: str | None, text: str) -> str | None:
        if phone is None:
            return REFUSALS["BADNUMBER"]
        return self._limits.over(f"{phone} {text}") if self._house.limits_hold else None


def _references(context: str, number: int) -> list[str]:
    """A context names one reference for all, or one for each number, with commas between."""
    each = context.split(",")
    return [reference_of(one) for one in (each if len(each) == number else [context] * number)]


def _status(number: str, told: str | Mapping[str, Any], context: str) -> Mapping[str, object]:
    row = {"SerialNo": "", "PhoneNumber": number, "Fee": 0, "SessionContext": context, "IsoCode": "CN"}
    if isinstance(told, str):
        return {**row, "Code": told, "Message": told.partition(".")[2]}
    if told["answer"] == "accepted":
        serial = serial_no(number_of(told["carrier_id"]))
        return {**row, "SerialNo": serial, "Fee": 1, "Code": "Ok", "Message": "send success"}
    code = REFUSALS[told.get("code", "busy")]
    return {**row, "Code": code, "Message": code.partition(".")[2]}


def _pulled(sent: Sent, phone: str) -> Mapping[str, object]:
    status, code, _ = REPORTS[sent.code]
    nation, mobile = split(phone)
    assert sent.known_at is not None
    return {
        "UserReceiveTime": unix(sent.known_at),
        "CountryCode": nation,
        "SubscriberNumber": mobile,
        "PhoneNumber": phone,
        "SerialNo": serial_no(sent.n),
        "ReportStatus": status,
        "Description": code,
        "SessionContext": sent.reference,
    }
