"""Dyvmsapi: SingleCallByTts, IvrCall, and the pushed VoiceCallReport (a key) and VoiceReport (the end).

A person is called once a minute, 5 times an hour and 20 times a day at most; calls that failed count.
Source: Alibaba Cloud, Voice Messaging Service API reference, "VoiceReport", "VoiceCallReport", call status codes.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

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
from simulator.dialects.common import House, beijing, e164, moved, number_of, reference_of
from simulator.dialects.limits import Limits, Window
from simulator.letters import Letter, Order
from simulator.telling import Item

DIALECT = "aliyun-voice"
MOST_OUT_ID = 15
TEMPLATE = re.compile(r"TTS_[0-9A-Za-z_]+")
MENU_KEY = re.compile(r"MenuKeyMap\.[0-9]+\.Key")
LIMIT = "isv.BUSINESS_LIMIT_CONTROL"
WINDOWS = [Window(1, 60, LIMIT), Window(5, 3600, LIMIT), Window(20, 86_400, LIMIT)]
STATUS = {
    "HEARD": ("200000", "用户接听"),
    "KEY1": ("200000", "用户接听"),
    "KEY2": ("200000", "用户接听"),
    "HUNGUP": ("200001", "用户提前挂机"),
    "BUSY": ("200002", "用户占线"),
    "NOANSWER": ("200003", "用户无应答"),
    "INVALID": ("200004", "被叫号码错误"),
    "REJECTED": ("200005", "用户拒接"),
    "UNREACHABLE": ("200007", "用户无法接通"),
    "POWEREDOFF": ("200010", "用户关机"),
    "SUSPENDED": ("200011", "用户停机"),
    "FAULT": ("999999", "系统异常"),
}
TALKED_S = {"HEARD": 24, "KEY1": 12, "KEY2": 12, "HUNGUP": 2}
KEYS = {"KEY1": "1", "KEY2": "2"}
REFUSALS = {
    "INVALID": ("isv.MOBILE_NUMBER_ILLEGAL", "号码格式非法"),
    "FAULT": ("isp.SYSTEM_ERROR", "isp.SYSTEM_ERROR"),
}


class VoiceReport(Push):
    """What became of each call; a key is told by itself while the call goes on."""

    def row(self, item: Item) -> Mapping[str, object]:
        """One report."""
        assert item.letter is not None
        key, out_id = KEYS.get(item.code, ""), item.letter.told["out_id"]
        if item.stage:
            return {
                "call_id": call_id(number_of(item.carrier_id)),
                "status_code": "300000",
                "status_time": beijing(item.at),
                "out_id": out_id,
                "dtmf": key,
            }
        code, message = STATUS[item.code]
        if item.code == "HEARD" and item.letter.told["keys"]:
            code, message = "200008", "用户未按键"
        talked_s = TALKED_S.get(item.code, 0)
        return {
            "call_id": call_id(number_of(item.carrier_id)),
            "caller": item.letter.told["caller"],
            "callee": item.letter.told["as"],
            "originate_time": beijing(item.began),
            "start_time": beijing(moved(item.at, -talked_s)) if talked_s else "",
            "end_time": beijing(item.at),
            "duration": str(talked_s),
            "status_code": code,
            "status_msg": message,
            "hangup_direction": "用户" if item.code == "HUNGUP" else "机器",
            "out_id": out_id,
            "dtmf": key,
            "toll_type": "LOCAL",
            "voice_type": "voice",
        }

    def stages(self, item: Item) -> Sequence[Item]:
        """The key, if one was pressed."""
        return [item._replace(stage="key")] if item.code in KEYS else []

    def sayable(self, code: str, letter: Letter) -> str:
        """A machine has no code: the network's own voice counts as no answer. A menu hears its own keys alone."""
        if code in KEYS and letter.told["keys"] and KEYS[code] not in letter.told["keys"]:
            return "HEARD"
        return "NOANSWER" if code == "MACHINE" else code


def call_id(n: int) -> str:
    """What this vendor calls an effect."""
    return f"{100_000_000_000 + n}^{200_000_000_000 + n}"


class Voice:
    """The product."""

    def __init__(self, house: House) -> None:
        self._house, self._told = house, VoiceReport(house, DIALECT)
        self._limits = Limits(WINDOWS)

    def actions(self) -> dict[str, Action]:
        """By name."""
        return {"SingleCallByTts": self.call, "IvrCall": self.menu}

    async def call(self, request: Request, asked: Mapping[str, str]) -> Response:
        """One call to one number, a template spoken."""
        number, template = needed(asked, "CalledNumber", "TtsCode")
        object_of(asked, "TtsParam")
        return await self._take(request, asked, number, template, "")

    async def menu(self, request: Request, asked: Mapping[str, str]) -> Response:
        """The same, and then one of these keys is awaited."""
        number, template = needed(asked, "CalledNumber", "StartCode")
        object_of(asked, "StartTtsParams")
        keys = "".join(key for name, key in asked.items() if MENU_KEY.fullmatch(name))
        if not keys:
            raise Mistaken(business("isv.INVALID_PARAMETERS", "MenuKeyMap"))
        return await self._take(request, asked, number, template, keys)

    async def _take(
        self, request: Request, asked: Mapping[str, str], number: str, template: str, keys: str
    ) -> Response:
        phone, out_id = e164(number), asked.get("OutId", "")
        if phone is None:
            raise Mistaken(business(*REFUSALS["INVALID"]))
        if not TEMPLATE.fullmatch(template):
            raise Mistaken(business("isv.TTS_TEMPLATE_ILLEGAL", "TTS模板不合法"))
        if len(out_id.encode()) > MOST_OUT_ID:
            raise Mistaken(business("isv.PARAM_LENGTH_LIMIT", "OutId 1-15"))
        if self._house.limits_hold and self._limits.over(phone):
            raise Mistaken(business(LIMIT, "触发业务流控限制"))
        told = {"as": number, "out_id": out_id, "caller": asked.get("CalledShowNumber", ""), "keys": keys}
        letter = Letter(reference_of(out_id), phone, template, told=told)
        order = Order(self._house.sim.callbacks.get(DIALECT, ""), [letter], self._told)
        return await self._house.counter.take(request, "ring", order, Words(_answered, unavailable, throttled))


def _answered(answers: Answers) -> Response:
    [answer] = answers
    if answer["answer"] == "accepted":
        return ok(CallId=call_id(number_of(answer["carrier_id"])))
    if answer["answer"] == "busy":
        return business(LIMIT, "触发业务流控限制")
    return business(*REFUSALS[answer["code"]])
