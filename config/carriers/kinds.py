"""Every kind of carrier, and what its section in the carriers file may say: one line a kind.

A kind has its language in `dispatcher/carriers/` and its wire in `workers/carriers/`, each with a table like this one.
"""

from __future__ import annotations

from collections.abc import Mapping

from config.carriers.aliyun import AliyunSmsSettings, AliyunVoiceSettings
from config.carriers.base import CarrierSettings
from config.carriers.generic import Http
from config.carriers.kannel import Kannel
from config.carriers.simulator import SimulatedCalls, SimulatedTexts
from config.carriers.tencent import TencentSmsSettings, TencentVoiceSettings
from config.carriers.twilio import TwilioCalls, TwilioTexts

KINDS: Mapping[str, type[CarrierSettings]] = {
    "simulator_sms": SimulatedTexts,
    "simulator_call": SimulatedCalls,
    "twilio_sms": TwilioTexts,
    "twilio_voice": TwilioCalls,
    "aliyun_sms": AliyunSmsSettings,
    "aliyun_voice": AliyunVoiceSettings,
    "tencent_sms": TencentSmsSettings,
    "tencent_voice": TencentVoiceSettings,
    "kannel": Kannel,
    "http": Http,
}
