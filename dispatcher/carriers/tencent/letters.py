"""What Tencent is asked: to send texts, to call, what became of a text, what is left in the packages."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any, NamedTuple

from config.carriers.approved import DEFAULT, NumberedTemplate
from config.carriers.tencent import TencentSmsSettings, TencentVoiceSettings
from dispatcher.carriers.operators import CHINA
from dispatcher.claim import Letter

MOST_RECORDS = 100
CLOCKS_APART = timedelta(minutes=10)
"""How far their clock may be from ours: a signature with a larger difference is refused."""
PACKAGES_SINCE = timedelta(days=730)
MOST_PACKAGES = 500


class Act(NamedTuple):
    """What is to be done, by which service, and with what."""

    service: str
    version: str
    action: str
    params: dict[str, Any]


def template_of(templates: Mapping[str, NumberedTemplate], text_id: str) -> NumberedTemplate | None:
    """The approved template for these words; None when there is none."""
    return templates.get(text_id) or templates.get(DEFAULT)


def groups(letters: Sequence[Letter]) -> list[list[int]]:
    """Which of `letters` may share a request: the same words, and no number twice, or answers could not be told apart.

    Returns indexes into `letters`.
    """
    parted: list[tuple[str, set[str], list[int]]] = []
    for index, letter in enumerate(letters):
        for words, numbers, members in parted:
            if words == letter.text_id and letter.to not in numbers:
                numbers.add(letter.to)
                members.append(index)
                break
        else:
            parted.append((letter.text_id, {letter.to}, [index]))
    return [members for _, _, members in parted]


def texts(settings: TencentSmsSettings, letters: Sequence[Letter]) -> Act | None:
    """The same words to all of these (1 .. 200) numbers; None when no template has them.

    SessionContext is one a request: the reference of the first, which is that of the only one where it is asked for.
    """
    template = template_of(settings.templates, letters[0].text_id)
    if template is None:
        return None
    params = {
        "PhoneNumberSet": [letter.to for letter in letters],
        "SmsSdkAppId": settings.sdk_app_id,
        "SignName": settings.sign_name,
        "TemplateId": template.code,
        "TemplateParamSet": list(template.params),
        "SessionContext": letters[0].reference,
    }
    return Act("sms", "2021-01-11", "SendSms", params)


def call(settings: TencentVoiceSettings, letter: Letter) -> Act | None:
    """One call to one person; None when no template has its words."""
    template = template_of(settings.templates, letter.text_id)
    if template is None:
        return None
    params = {
        "CalledNumber": letter.to,
        "VoiceSdkAppid": settings.sdk_app_id,
        "TemplateId": template.code,
        "TemplateParamSet": list(template.params),
        "PlayTimes": settings.play_times,
        "SessionContext": letter.reference,
    }
    return Act("vms", "2020-09-02", "SendTtsVoice", params)


def records(settings: TencentSmsSettings, phone: str, begun_at: datetime, now: datetime) -> Act:
    """The records of one number from a try's beginning until now."""
    params = {
        "BeginTime": int((begun_at - CLOCKS_APART).timestamp()),
        "EndTime": int((now + CLOCKS_APART).timestamp()),
        "Offset": 0,
        "Limit": MOST_RECORDS,
        "PhoneNumber": phone,
        "SmsSdkAppId": settings.sdk_app_id,
    }
    return Act("sms", "2021-01-11", "PullSmsSendStatusByPhoneNumber", params)


def packages(settings: TencentSmsSettings, now: datetime) -> Act:
    """The packages bought in the last two years, with what is used of them."""
    until = now.astimezone(CHINA) - timedelta(hours=1)  # it must lie before now
    params = {
        "SmsSdkAppId": settings.sdk_app_id,
        "Limit": MOST_PACKAGES,
        "Offset": 0,
        "BeginTime": (until - PACKAGES_SINCE).strftime("%Y%m%d%H"),
        "EndTime": until.strftime("%Y%m%d%H"),
    }
    return Act("sms", "2021-01-11", "SmsPackagesStatistics", params)
