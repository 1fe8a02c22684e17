"""What Aliyun is asked: to send a text, to call, what became of a text."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import NamedTuple

from config.carriers.aliyun import AliyunSmsSettings, AliyunVoiceSettings
from config.carriers.approved import DEFAULT, NamedTemplate
from dispatcher.carriers.operators import CHINA
from dispatcher.claim import Letter

VERSION = "2017-05-25"
"""Of both services."""
PAGE = 50
"""The most records that one page of a query has."""
NEAR_MIDNIGHT = timedelta(minutes=10)
"""A try that began so near to midnight may be recorded under the other day: their clock is not ours."""


class Act(NamedTuple):
    """What is to be done, and with what."""

    action: str
    params: dict[str, str]


def template_of(templates: Mapping[str, NamedTemplate], text_id: str) -> NamedTemplate | None:
    """The approved template for these words; None when there is none."""
    return templates.get(text_id) or templates.get(DEFAULT)


def national(phone: str) -> str:
    """`+8613800138000` as 13800138000, `+863512345678` as 03512345678; other countries' without the plus."""
    if not phone.startswith("+86"):
        return phone.removeprefix("+")
    rest = phone.removeprefix("+86")
    return rest if len(rest) == 11 and rest.startswith("1") else f"0{rest}"


def text(settings: AliyunSmsSettings, letter: Letter) -> Act | None:
    """One text to one person; None when no template has its words.

    SendBatchSms takes a hundred, but one OutId and one BizId for all of them: see docs/decisions/0028.
    """
    template = template_of(settings.templates, letter.text_id)
    if template is None:
        return None
    params = {
        "OutId": letter.reference,
        "PhoneNumbers": national(letter.to),
        "SignName": settings.sign_name,
        "TemplateCode": template.code,
    }
    return Act("SendSms", params | _filled("TemplateParam", template))


def call(settings: AliyunVoiceSettings, letter: Letter) -> Act | None:
    """One call to one person; None when no template has its words."""
    template = template_of(settings.templates, letter.text_id)
    if template is None:
        return None
    params = {
        "CalledNumber": national(letter.to),
        "OutId": letter.reference,
        "PlayTimes": str(settings.play_times),
    }
    if settings.called_show_number:
        params["CalledShowNumber"] = settings.called_show_number
    if not settings.key_replies:
        return Act("SingleCallByTts", params | {"TtsCode": template.code} | _filled("TtsParam", template))
    params |= {"StartCode": template.code, "Timeout": str(settings.key_timeout_s * 1000)}
    for number, (key, code) in enumerate(sorted(settings.key_replies.items()), 1):
        params |= {f"MenuKeyMap.{number}.Key": key, f"MenuKeyMap.{number}.Code": code}
    if settings.bye_code:
        params["ByeCode"] = settings.bye_code
    return Act("IvrCall", params | _filled("StartTtsParams", template))


def records(phone: str, day: str, page: int) -> Act:
    """The records of one number on one day in China (`20261125`), a page of them (>= 1)."""
    params = {"CurrentPage": str(page), "PageSize": str(PAGE), "PhoneNumber": national(phone), "SendDate": day}
    return Act("QuerySendDetails", params)


def days_of(begun_at: datetime) -> list[str]:
    """The days in China under which a try that began then can be recorded."""
    around = (begun_at - NEAR_MIDNIGHT, begun_at + NEAR_MIDNIGHT)
    return sorted({at.astimezone(CHINA).strftime("%Y%m%d") for at in around})


def _filled(name: str, template: NamedTemplate) -> dict[str, str]:
    return {name: json.dumps(template.params, ensure_ascii=False)} if template.params else {}
