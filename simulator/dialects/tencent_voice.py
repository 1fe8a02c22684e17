"""VMS 2020-09-02: SendTtsVoice, and the pushed callbacks of a call: its end, a key, a failure.

A person is called once in 30 s, twice in 10 min and 5 times a day at most, and once from 22:00 to 08:00.
Source: Tencent Cloud, VMS API reference, "Voice notification status", "key", "failure reason".
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import timedelta
from typing import Any

from starlette.requests import Request
from starlette.responses import Response

from simulator.clock import Clock, utc_now
from simulator.counter import Answers, Words
from simulator.dialects.common import BEIJING, House, e164, moved, number_of, reference_of, unix
from simulator.dialects.limits import Limits, Window
from simulator.dialects.tencent_sms import split
from simulator.dialects.tencent_words import Mistaken, Push, failed, ok, text_of, texts_of, throttled, unavailable
from simulator.letters import Letter, Order
from simulator.telling import Item

DIALECT = "tencent-voice"
LIMIT = "LimitExceeded.DeliveryFrequencyLimit"
WINDOWS = [Window(1, 30, LIMIT), Window(2, 600, LIMIT), Window(5, 86_400, LIMIT)]
AT_NIGHT = [Window(1, 10 * 3600, LIMIT)]
KEYS = {"KEY1": "1", "KEY2": "2"}
FAILURES = {
    "POWEREDOFF": (1, "关机"),
    "BUSY": (2, "占线"),
    "UNREACHABLE": (3, "无法接通"),
    "SUSPENDED": (4, "停机"),
    "NOANSWER": (5, "无人接听"),
    "INVALID": (8, "空号"),
    "FAULT": (9, "呼叫异常"),
    "REJECTED": (12, "拒接"),
    "MACHINE": (16, "语音信箱"),
}
REFUSALS = {
    "INVALID": ("InvalidParameterValue.CalledNumberVerifyFail", "CalledNumber is wrong."),
    "FAULT": (LIMIT, "Try again later."),
}


class CallPush(Push):
    """One object for each event of a call."""

    def content(self, items: Sequence[Item]) -> object:
        """The event."""
        [item] = items
        assert item.letter is not None
        nation, mobile = split(item.letter.to)
        call = {
            "call_from": "96110",
            "callid": call_id(number_of(item.carrier_id)),
            "mobile": mobile,
            "nationcode": nation,
        }
        if item.stage:
            return {"voicekey_callback": {**call, "keypress": KEYS[item.code]}}
        if item.code in FAILURES:
            code, reason = FAILURES[item.code]
            return {"voice_failure_callback": {**call, "failure_code": code, "failure_reason": reason}}
        talk = {
            "result": "0",
            "accept_time": str(unix(moved(item.at, -24))),
            "start_calltime": str(unix(moved(item.at, -30))),
            "end_calltime": str(unix(item.at)),
            "fee": "1",
        }
        return {"voiceprompt_callback": {**call, **talk}}

    def stages(self, item: Item) -> Sequence[Item]:
        """The key, if one was pressed."""
        return [item._replace(stage="key")] if item.code in KEYS else []

    def sayable(self, code: str, letter: Letter) -> str:
        """It cannot tell one who hung up early from one who listened: he rejects the call instead."""
        return "REJECTED" if code == "HUNGUP" else code


def call_id(n: int) -> str:
    """What this vendor calls an effect."""
    return f"{n:08x}-5310-11ee-9c2f-525400000000"


class Voice:
    """The product."""

    def __init__(self, house: House, *, now: Clock = utc_now) -> None:
        self._house, self._now, self._told = house, now, CallPush(house, DIALECT)
        self._limits, self._by_night = Limits(WINDOWS), Limits(AT_NIGHT)

    async def call(self, request: Request, asked: Mapping[str, Any]) -> Response:
        """One call to one number, a template spoken."""
        template, number, _ = text_of(asked, "TemplateId", "CalledNumber", "VoiceSdkAppid")
        params, context = texts_of(asked, "TemplateParamSet"), str(asked.get("SessionContext") or "")
        phone = e164(number)
        if phone is None:
            raise Mistaken(*REFUSALS["INVALID"])
        if not template.isdecimal():
            raise Mistaken("FailedOperation.TemplateIncorrectOrUnapproved", "TemplateId is not an approved template.")
        if self._house.limits_hold and self._over(phone):
            raise Mistaken(LIMIT, "The number of calls to the number exceeds its limit.")
        letter = Letter(reference_of(context), phone, f"{template} {' '.join(params)}".strip())
        order = Order(self._house.sim.callbacks.get(DIALECT, ""), [letter], self._told)
        words = Words(lambda answers: _answered(answers, context), unavailable, throttled)
        return await self._house.counter.take(request, "ring", order, words)

    def _over(self, phone: str) -> bool:
        now = self._now().astimezone(BEIJING)
        if not 8 <= now.hour < 22:
            night = (now + timedelta(hours=2)).date()
            if self._by_night.over(f"{phone} {night}"):
                return True
        return self._limits.over(phone) is not None


def _answered(answers: Answers, context: str) -> Response:
    [answer] = answers
    if answer["answer"] == "accepted":
        return ok(SendStatus={"CallId": call_id(number_of(answer["carrier_id"])), "SessionContext": context})
    return failed(*REFUSALS[answer.get("code", "FAULT")])
