"""Twilio's sections: texts (`twilio_sms`) and robot calls (`twilio_voice`)."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field, SecretStr, StringConstraints, model_validator

from config.carriers.base import CarrierSettings, Secret
from config.carriers.urls import BaseUrl

Sid = Annotated[str, StringConstraints(pattern=r"^[A-Z]{2}[0-9a-f]{32}$")]
"""Two letters and 32 hexadecimal digits. Source: the ids in Twilio's API reference."""

Phone = Annotated[str, StringConstraints(pattern=r"^\+[1-9]\d{6,14}$")]


class Twilio(CarrierSettings):
    """Both channels' fields.

    `auth_token` signs Twilio's callbacks, and our requests too unless an API key (`api_key`, `api_secret`) does.
    Twilio keeps no reference of ours: it is asked for a try by the number called and the time, once `settling_s` after
    the request (our first guess, to be measured).
    """

    base_url: BaseUrl = "https://api.twilio.com"
    account_sid: Sid
    auth_token: Secret
    api_key: Sid | None = None
    api_secret: Secret | None = None
    askable: bool = True
    settling_s: float = Field(default=15.0, gt=0, le=600)

    @model_validator(mode="after")
    def _a_key_has_its_secret(self) -> Twilio:
        if (self.api_key is None) != (self.api_secret is None):
            raise ValueError("api_key and api_secret go together: give both or neither")
        return self

    @property
    def signing_secret(self) -> SecretStr:
        """What Twilio signs its callbacks with."""
        return self.auth_token


class TwilioTexts(Twilio):
    """`kind = "twilio_sms"`: from a number of one's own, or through a messaging service that chooses one."""

    kind: Literal["twilio_sms"] = "twilio_sms"
    channel: Literal["sms"] = "sms"
    from_number: str = Field(default="", pattern=r"^(\+[1-9]\d{6,14}|[A-Za-z0-9 ]{1,11}|\d{3,8}|)$")
    messaging_service: Sid | None = None

    @model_validator(mode="after")
    def _one_sender(self) -> TwilioTexts:
        if bool(self.from_number) == (self.messaging_service is not None):
            raise ValueError("give from_number or messaging_service, one of the two")
        return self


class TwilioCalls(Twilio):
    """`kind = "twilio_voice"`: the script is spoken by Twilio, in `language` and, if said, a `voice` of its own.

    `key_s`: how long a key is awaited after the script. `ring_s`: how long it rings. `detect_machines`: an answering
    machine is told apart, which holds up the script while Twilio listens. `speech_per_s`: spoken characters a second,
    by which a call that ended too soon to have been heard is told (our first guess, to be measured).
    """

    kind: Literal["twilio_voice"] = "twilio_voice"
    channel: Literal["call"] = "call"
    from_number: Phone
    per_s: float = Field(default=1.0, ge=0, le=100_000)
    language: str = Field(default="zh-CN", pattern=r"^[a-z]{2,3}-[A-Z]{2}$")
    voice: str = Field(default="", pattern=r"^[\w.-]{0,64}$")
    key_s: int = Field(default=8, ge=1, le=60)
    ring_s: int = Field(default=30, ge=5, le=600)
    detect_machines: bool = True
    speech_per_s: float = Field(default=6.0, gt=0, le=30)
