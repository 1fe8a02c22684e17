"""Every carrier over HTTP, made for an address of a test's own: one line a kind. And a letter to nobody."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import httpx
from pydantic import SecretStr

from config.carriers.generic import Http
from config.carriers.kannel import Kannel
from config.carriers.twilio import TwilioCalls, TwilioTexts
from dispatcher.claim import Letter
from dispatcher.ids import new_id
from dispatcher.words import Channel
from workers.carriers.generic import HttpCarrier
from workers.carriers.interface import Carrier
from workers.carriers.kannel import KannelCarrier
from workers.carriers.twilio import TwilioCarrier

WITHIN_S = 2.5
CALLBACK = "https://quanzu.example/v1/receipts/one/guess-me-not"
TOKEN = SecretStr("made-up-token")
TWILIO: Mapping[str, Any] = {"name": "one", "account_sid": "AC" + "0" * 32, "auth_token": TOKEN}
COMMON: Mapping[str, Any] = {"request_timeout_s": WITHIN_S, "callback_secret": SecretStr("guess-me-not")}


def twilio_texts(base_url: str, **more: Any) -> TwilioTexts:
    """A section for texts."""
    return TwilioTexts.model_validate({**TWILIO, **COMMON, "base_url": base_url, "from_number": "+15005550006", **more})


def twilio_calls(base_url: str, **more: Any) -> TwilioCalls:
    """A section for calls."""
    return TwilioCalls.model_validate({**TWILIO, **COMMON, "base_url": base_url, "from_number": "+15005550006", **more})


def kannel(base_url: str, **more: Any) -> Kannel:
    """A section for a gateway of one's own."""
    told = {"name": "one", "username": "fraud", "password": SecretStr("s3cret"), "base_url": base_url}
    return Kannel.model_validate({**COMMON, **told, **more})


INHOUSE: Mapping[str, Any] = {
    "name": "one",
    "channel": "sms",
    "secrets": {"key": SecretStr("hush-hush")},
    "request": {
        "path": "/v2/send",
        "headers": {"X-Key": "{secret.key}"},
        "body": {"to": ["{to_national}"], "words": "{text}", "our": {"ref": "{reference}", "flash": "{flash}"}},
        "signature": {"header": "X-Sign", "secret": SecretStr("hmac"), "over": "{timestamp}.{body}", "prefix": "v1="},
    },
    "answer": {
        "id": {"json": "/data/0/id"},
        "code": {"json": "/code"},
        "accepted": ["0"],
        "busy": ["42"],
        "unsure": ["77"],
        "refused": {"1001": "bad_number"},
    },
}
"""A gateway as a city may have built it."""


def inhouse(base_url: str, **more: Any) -> Http:
    """A section for it."""
    return Http.model_validate({**COMMON, **INHOUSE, "base_url": base_url, **more})


MADE: Mapping[str, Callable[[str, httpx.AsyncClient], Carrier]] = {
    "twilio_sms": lambda url, client: TwilioCarrier(twilio_texts(url), client, callback=CALLBACK),
    "twilio_voice": lambda url, client: TwilioCarrier(twilio_calls(url), client, callback=CALLBACK),
    "kannel": lambda url, client: KannelCarrier(kannel(url), client, callback=CALLBACK),
    "http": lambda url, client: HttpCarrier(inhouse(url), client, callback=CALLBACK),
}
"""By kind: one made for the server at this address."""


def letter(reference: str, *, text: str = "made up", to: str = "+8613800138000", flash: bool = False) -> Letter:
    """A letter to nobody."""
    return Letter(
        dispatch_id=new_id(),
        attempt_id=new_id(),
        number=1,
        fence=1,
        reference=reference,
        channel=Channel.SMS,
        to=to,
        text=text,
        flash=flash,
        text_id="fake_police",
    )
