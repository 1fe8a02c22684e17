"""Aliyun's sections in the carriers file: texts (Dysmsapi) and calls (Dyvmsapi)."""

from __future__ import annotations

from typing import Literal

from pydantic import Field, field_validator, model_validator

from config.carriers.approved import Named, complete, spoken, written
from config.carriers.base import CarrierSettings, Secret, Window
from config.carriers.urls import BaseUrl

DAY, HOUR, MINUTE = 86_400, 3_600, 60


class AliyunSettings(CarrierSettings):
    """The access key of a RAM user who may do nothing but send."""

    access_key_id: str = Field(min_length=1, max_length=128)
    access_key_secret: Secret


class AliyunSmsSettings(AliyunSettings):
    """`templates` by the name of our words; `settling_s`: how long after a try its record can be asked for."""

    kind: Literal["aliyun_sms"]
    channel: Literal["sms"] = "sms"
    base_url: BaseUrl = "https://dysmsapi.aliyuncs.com"
    sign_name: str = Field(min_length=2, max_length=32)
    templates: dict[str, Named]
    settling_s: float = Field(default=30.0, gt=0, le=600)
    """Our first guess, to be measured: Aliyun promises no time."""
    # Source: the vendor's limits on notifications for one signature and template.
    per_s: float = Field(default=5_000.0, ge=0, le=100_000)
    windows: tuple[Window, ...] = (Window(most=50, seconds=DAY),)

    @field_validator("templates")
    @classmethod
    def _has_words_for_all(cls, value: dict[str, Named]) -> dict[str, Named]:
        complete(value, written())
        return value


class AliyunVoiceSettings(AliyunSettings):
    """`called_show_number`: a number that was bought, 96110 where it is granted; empty in the shared mode.

    With `key_replies` (a key to the template that is spoken when it is pressed) the call is an interactive one, which
    waits `key_timeout_s` for a key; without, the template alone is spoken.
    """

    kind: Literal["aliyun_voice"]
    channel: Literal["call"] = "call"
    base_url: BaseUrl = "https://dyvmsapi.aliyuncs.com"
    called_show_number: str = Field(default="", pattern=r"^\d{0,20}$")
    templates: dict[str, Named]
    key_replies: dict[Literal["1", "2"], str] = Field(default_factory=dict)
    bye_code: str = Field(default="", max_length=64)
    key_timeout_s: int = Field(default=5, ge=1, le=30)
    play_times: int = Field(default=2, ge=1, le=3)
    # Source: the vendor's limits; calls that failed count too.
    per_s: float = Field(default=1_000.0, ge=0, le=100_000)
    windows: tuple[Window, ...] = (
        Window(most=1, seconds=MINUTE),
        Window(most=5, seconds=HOUR),
        Window(most=20, seconds=DAY),
    )

    @field_validator("templates")
    @classmethod
    def _has_words_for_all(cls, value: dict[str, Named]) -> dict[str, Named]:
        complete(value, spoken())
        return value

    @model_validator(mode="after")
    def _interactive_calls_show_a_number(self) -> AliyunVoiceSettings:
        if self.key_replies and not self.called_show_number:
            raise ValueError("called_show_number: an interactive call (key_replies) needs a number that was bought")
        return self
