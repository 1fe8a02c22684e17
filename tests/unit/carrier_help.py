"""Sections of the carriers file, letters and callbacks for tests of the vendors' languages."""

from __future__ import annotations

import json
from typing import Any

from pydantic import SecretStr

from config.carriers.aliyun import AliyunSmsSettings, AliyunVoiceSettings
from config.carriers.tencent import TencentSmsSettings, TencentVoiceSettings
from dispatcher.carriers.language import Callback
from dispatcher.claim import Letter
from dispatcher.ids import new_id
from dispatcher.words import Channel

ALIYUN_KEY = {"access_key_id": "AKID", "access_key_secret": SecretStr("aliyun secret")}
TENCENT_KEY = {"secret_id": "SID", "secret_key": SecretStr("tencent secret"), "sdk_app_id": "1400006666"}
PHONE = "+8613800138000"


def aliyun_sms(**more: Any) -> AliyunSmsSettings:
    """A section that has one template for all words."""
    told = {"name": "ali", "kind": "aliyun_sms", "sign_name": "山西反诈", "templates": {"default": "SMS_1"}}
    return AliyunSmsSettings(**(told | ALIYUN_KEY | more))  # type: ignore[arg-type]


def aliyun_voice(**more: Any) -> AliyunVoiceSettings:
    """The same for calls."""
    told = {"name": "ali-voice", "kind": "aliyun_voice", "templates": {"default": "TTS_1"}}
    return AliyunVoiceSettings(**(told | ALIYUN_KEY | more))  # type: ignore[arg-type]


def tencent_sms(**more: Any) -> TencentSmsSettings:
    """A section that has one template for all words."""
    told = {"name": "tx", "kind": "tencent_sms", "sign_name": "山西反诈", "templates": {"default": "100001"}}
    return TencentSmsSettings(**(told | TENCENT_KEY | more))  # type: ignore[arg-type]


def tencent_voice(**more: Any) -> TencentVoiceSettings:
    """The same for calls."""
    told = {"name": "tx-voice", "kind": "tencent_voice", "templates": {"default": "200001"}}
    return TencentVoiceSettings(**(told | TENCENT_KEY | more))  # type: ignore[arg-type]


def letter(reference: str = "ref1", *, to: str = PHONE, text_id: str = "brush_rebate") -> Letter:
    """A letter to nobody."""
    return Letter(
        dispatch_id=new_id(),
        attempt_id=new_id(),
        number=1,
        fence=1,
        reference=reference,
        channel=Channel.SMS,
        to=to,
        text="made up",
        flash=False,
        text_id=text_id,
    )


def callback(body: Any) -> Callback:
    """A callback with this body; bytes as they are, anything else as JSON."""
    raw = body if isinstance(body, bytes) else json.dumps(body, ensure_ascii=False).encode()
    return Callback("POST", "https://us.example/v1/receipts/x/y", {}, {}, raw)
