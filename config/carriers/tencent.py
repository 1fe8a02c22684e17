"""Tencent Cloud's sections in the carriers file: texts (SMS 2021-01-11) and calls (VMS 2020-09-02)."""

from __future__ import annotations

from typing import Literal

from pydantic import Field, field_validator

from config.carriers.approved import Numbered, complete, spoken, written
from config.carriers.base import CarrierSettings, Secret, Window
from config.carriers.urls import BaseUrl

DAY = 86_400


class TencentSettings(CarrierSettings):
    """The key of a CAM sub-user who may do nothing but send; `sdk_app_id` names the application in the console."""

    secret_id: str = Field(min_length=1, max_length=128)
    secret_key: Secret
    sdk_app_id: str = Field(pattern=r"^\d{6,16}$")
    region: str = Field(default="ap-guangzhou", pattern=r"^[a-z]{2,}(-[a-z0-9]+)+$")


class TencentSmsSettings(TencentSettings):
    """`batch`: numbers a request. `context_returned`: Tencent has been asked to return our own reference when its
    records are pulled; then each text has a request of its own, which carries it.
    """

    kind: Literal["tencent_sms"]
    channel: Literal["sms"] = "sms"
    base_url: BaseUrl = "https://sms.tencentcloudapi.com"
    sign_name: str = Field(min_length=2, max_length=32)
    templates: dict[str, Numbered]
    batch: int = Field(default=100, ge=1, le=200)
    context_returned: bool = False
    settling_s: float = Field(default=30.0, gt=0, le=600)
    """Our first guess, to be measured: Tencent promises no time."""
    # Source: the vendor's limits; those for one person are defaults that its console can change.
    per_s: float = Field(default=3_000.0, ge=0, le=100_000)
    windows: tuple[Window, ...] = (Window(most=1, seconds=30), Window(most=2, seconds=DAY))

    @field_validator("templates")
    @classmethod
    def _has_words_for_all(cls, value: dict[str, Numbered]) -> dict[str, Numbered]:
        complete(value, written())
        return value


class TencentVoiceSettings(TencentSettings):
    """A call at night is rarer still for Tencent: one from 22:00 to 08:00, which no window here says."""

    kind: Literal["tencent_voice"]
    channel: Literal["call"] = "call"
    base_url: BaseUrl = "https://vms.tencentcloudapi.com"
    templates: dict[str, Numbered]
    play_times: int = Field(default=2, ge=1, le=3)
    # Source: the vendor's limits.
    per_s: float = Field(default=20.0, ge=0, le=100_000)
    windows: tuple[Window, ...] = (
        Window(most=1, seconds=30),
        Window(most=2, seconds=600),
        Window(most=5, seconds=DAY),
    )

    @field_validator("templates")
    @classmethod
    def _has_words_for_all(cls, value: dict[str, Numbered]) -> dict[str, Numbered]:
        complete(value, spoken())
        return value
