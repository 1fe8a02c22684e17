"""The section of a Kannel gateway (`kind = "kannel"`): texts, by the sendsms interface of its smsbox."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from config.carriers.base import CarrierSettings, Secret
from config.carriers.urls import BaseUrl


class Kannel(CarrierSettings):
    """`username` and `password` are those of a sendsms-user group of its.

    `sender` and `smsc` are left to Kannel where they are empty. `to_format`: how the operator behind it wants numbers
    written: +8613800138000, 8613800138000, or 13800138000. `max_parts` is that group's `max-messages`, beyond which
    Kannel cuts a text and says nothing: a longer one is not sent.
    """

    kind: Literal["kannel"] = "kannel"
    channel: Literal["sms"] = "sms"
    base_url: BaseUrl = "http://127.0.0.1:13013"
    username: str = Field(min_length=1, max_length=64)
    password: Secret
    sender: str = Field(default="", max_length=20)
    smsc: str = Field(default="", max_length=64)
    to_format: Literal["e164", "digits", "national"] = "e164"
    max_parts: int = Field(default=10, ge=1, le=255)
