"""What a Twilio account holds."""

from __future__ import annotations

import json
from decimal import Decimal, InvalidOperation

from config.carriers.twilio import Twilio
from dispatcher.carriers.request import Request
from dispatcher.carriers.twilio.requests import request


def request_of(settings: Twilio) -> Request:
    """The request for it."""
    return request(settings, "GET", "Balance.json")


def read(body: bytes) -> str:
    """The amount and its currency. Raises: ValueError, KeyError, TypeError: the reply tells none."""
    reply = json.loads(body)
    amount, currency = reply["balance"], reply["currency"]
    try:
        held = Decimal(amount)
    except InvalidOperation as fault:
        raise ValueError("balance must be an amount") from fault
    if not (held.is_finite() and isinstance(currency, str) and currency.isalpha() and len(currency) <= 8):
        raise ValueError("balance and currency must be told")
    return f"{held:f} {currency}"
