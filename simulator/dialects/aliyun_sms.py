"""Dysmsapi: SendSms, SendBatchSms, QuerySendDetails, and the pushed SmsReport.

Source: Alibaba Cloud, Short Message Service API reference and "SmsReport"; carriers' codes from its error list.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from typing import TypeVar

from starlette.requests import Request
from starlette.responses import Response

from simulator.counter import Answers, Words
from simulator.dialects.aliyun_words import (
    Action,
    Mistaken,
    Push,
    business,
    needed,
    object_of,
    ok,
    throttled,
    unavailable,
)
from simulator.dialects.common import House, beijing, e164, number_of, parts_of, reference_of
from simulator.dialects.limits import Limits, Window
from simulator.ledger import Sent
from simulator.letters import Letter, Order
from simulator.telling import Item

T = TypeVar("T")

DIALECT = "aliyun"
MOST_NUMBERS, MOST_IN_BATCH, MOST_OUT_ID = 1000, 100, 256
TEMPLATE = re.compile(r"SMS_[0-9A-Za-z_]+")
LIMIT = "isv.BUSINESS_LIMIT_CONTROL"
WINDOWS = [Window(50, 86_400, LIMIT)]
REPORTS = {
    "DELIVRD": ("DELIVERED", "用户接收成功"),
    "UNDELIV": ("MK:0001", "空号"),
    "EXPIRED": ("MK:0010", "关机或停机"),
    "REJECTD": ("MBBLACK", "黑名单"),
    "UNKNOWN": ("UNKNOWN", "未知"),
}
REFUSALS = {
    "BADNUMBER": ("isv.MOBILE_NUMBER_ILLEGAL", "手机号码格式错误"),
    # a person on a black list is told by the report: the interface has no code for him
    "BLOCKED": ("isp.SYSTEM_ERROR", "isp.SYSTEM_ERROR"),
    "GATEWAY": ("isp.SYSTEM_ERROR", "isp.SYSTEM_ERROR"),
}


class SmsReport(Push):
    """What became of each text."""

    def row(self, item: Item) -> Mapping[str, object]:
        """One report."""
        assert item.letter is not None
        code, message = REPORTS[item.code]
        return {
            "phone_number": item.letter.told["as"],
            "send_time": beijing(item.began),
            "report_time": beijing(item.at),
            "success": item.code == "DELIVRD",
            "err_code": code,
            "err_msg": message,
            "sms_size": str(parts_of(item.letter.text)),
            "biz_id": biz_id(number_of(item.carrier_id)),
            "out_id": item.letter.told["out_id"],
        }


def biz_id(n: int) -> str:
    """What this vendor calls an effect."""
    return f"{900_000_000_000_000_000 + n}^0"


class Sms:
    """The product."""

    def __init__(self, house: House) -> None:
        self._house, self._told = house, SmsReport(house, DIALECT)
        self._limits = Limits(WINDOWS)

    def actions(self) -> dict[str, Action]:
        """By name."""
        return {"SendSms": self.send, "SendBatchSms": self.send_batch, "QuerySendDetails": self.query}

    async def send(self, request: Request, asked: Mapping[str, str]) -> Response:
        """One text to one number or up to a thousand."""
        numbers, sign, template = needed(asked, "PhoneNumbers", "SignName", "TemplateCode")
        object_of(asked, "TemplateParam")
        spelled = numbers.split(",")
        if len(spelled) > MOST_NUMBERS:
            raise Mistaken(business("isv.MOBILE_COUNT_OVER_LIMIT", "手机号码数量超过限制"))
        return await self._take(request, asked, spelled, [sign] * len(spelled), template)

    async def send_batch(self, request: Request, asked: Mapping[str, str]) -> Response:
        """Texts to up to a hundred numbers, each with its own signature and parameters."""
        numbers, signs, template = needed(asked, "PhoneNumberJson", "SignNameJson", "TemplateCode")
        phones, names = _list(numbers, str), _list(signs, str)
        params = _list(asked["TemplateParamJson"], dict) if asked.get("TemplateParamJson") else phones
        if not phones or not len(phones) == len(names) == len(params):
            raise Mistaken(business("isv.PARAM_NOT_SUPPORT", "号码、签名、参数的个数不一致"))
        if len(phones) > MOST_IN_BATCH:
            raise Mistaken(business("isv.MOBILE_COUNT_OVER_LIMIT", "手机号码数量超过限制"))
        return await self._take(request, asked, phones, names, template)

    async def query(self, request: Request, asked: Mapping[str, str]) -> Response:
        """What went to one number on one day of Beijing, newest first."""
        number, day, size, page = needed(asked, "PhoneNumber", "SendDate", "PageSize", "CurrentPage")
        phone = e164(number)
        if phone is None or not re.fullmatch(r"[0-9]{8}", day):
            raise Mistaken(business("isv.INVALID_PARAMETERS", "参数异常"))
        if not (size.isdecimal() and 1 <= int(size) <= 50 and page.isdecimal() and int(page) >= 1):
            raise Mistaken(business("isv.INVALID_PARAMETERS", "PageSize 1-50, CurrentPage >= 1"))
        await self._house.counter.accept_overdue()
        found = [one for one in self._house.sent_to(DIALECT, phone) if beijing(one.at)[:10].replace("-", "") == day]
        if asked.get("BizId"):
            found = [one for one in found if biz_id(one.n) == asked["BizId"]]
        first = (int(page) - 1) * int(size)
        rows = [_detail(one, number) for one in found[::-1][first : first + int(size)]]
        return ok(TotalCount=str(len(found)), SmsSendDetailDTOs={"SmsSendDetailDTO": rows})

    async def _take(
        self, request: Request, asked: Mapping[str, str], spelled: Sequence[str], signs: Sequence[str], template: str
    ) -> Response:
        if not TEMPLATE.fullmatch(template):
            raise Mistaken(business("isv.SMS_TEMPLATE_ILLEGAL", "短信模版不合法"))
        out_id = asked.get("OutId", "")
        if len(out_id.encode()) > MOST_OUT_ID:
            raise Mistaken(business("isv.PARAM_LENGTH_LIMIT", "参数超出长度限制"))
        letters = []
        for number, sign in zip(spelled, signs, strict=True):
            phone = e164(number)
            if phone is None:
                raise Mistaken(business(*REFUSALS["BADNUMBER"]))
            told = {"as": number, "out_id": out_id}
            letters.append(Letter(reference_of(out_id), phone, f"【{sign}】{template}", told=told))
        if self._house.limits_hold and any(self._limits.over(f"{one.to} {one.text}") for one in letters):
            raise Mistaken(business(LIMIT, "触发天级流控Permits:50"))
        order = Order(self._house.sim.callbacks.get(DIALECT, ""), letters, self._told)
        words = Words(_answered, unavailable, throttled)
        return await self._house.counter.take(request, "text", order, words)


def _answered(answers: Answers) -> Response:
    for answer in answers:
        if answer["answer"] == "accepted":
            return ok(BizId=biz_id(number_of(answer["carrier_id"])))
    if answers[0]["answer"] == "busy":
        return business(LIMIT, "触发分钟级流控Permits:1")
    return business(*REFUSALS[answers[0]["code"]])


def _detail(sent: Sent, number: str) -> dict[str, object]:
    success = 1 if not sent.told else 3 if sent.code == "DELIVRD" else 2
    template = sent.text.partition("】")[2]
    row: dict[str, object] = {
        "PhoneNum": number,
        "SendStatus": success,
        "ErrCode": REPORTS[sent.code][0] if sent.told else "",
        "TemplateCode": template,
        "Content": sent.text,
        "SendDate": beijing(sent.at),
        "OutId": sent.reference,
    }
    if sent.known_at is not None and sent.told:
        row["ReceiveDate"] = beijing(sent.known_at)
    return row


def _list(text: str, of: type[T]) -> list[T]:
    try:
        found = json.loads(text)
    except ValueError:
        found = None
    if not isinstance(found, list) or not all(isinstance(one, of) for one in found):
        raise Mistaken(business("isv.INVALID_JSON_PARAM", "参数格式错误，不是合法的JSON数组"))
    return found
