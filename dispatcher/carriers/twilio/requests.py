"""What every request to Twilio has in common: where it goes, who we are, and how the reply to it is read."""

from __future__ import annotations

import base64
import json
from collections.abc import Mapping, Sequence
from urllib.parse import quote, urlencode

from config.carriers.twilio import Twilio
from dispatcher.carriers.request import Request
from dispatcher.carriers.twilio.codes import BUSY, OUR_FAULTS
from dispatcher.happenings import Answered
from dispatcher.words import Answer, Outcome

VERSION = "2010-04-01"
FORM = "application/x-www-form-urlencoded"


def request(
    settings: Twilio, method: str, resource: str, fields: Sequence[tuple[str, str]] = (), query: str = ""
) -> Request:
    """A request for a resource of the account, such as `Messages.json`."""
    url = f"{settings.base_url}/{VERSION}/Accounts/{settings.account_sid}/{resource}"
    headers = {"Authorization": authorization(settings), "Accept": "application/json"}
    if method != "POST":
        return Request(method, f"{url}?{query}" if query else url, headers, b"")
    return Request(method, url, headers | {"Content-Type": FORM}, urlencode(fields).encode())


def authorization(settings: Twilio) -> str:
    """HTTP basic, by the API key if there is one."""
    if settings.api_key is not None and settings.api_secret is not None:
        user, password = settings.api_key, settings.api_secret.get_secret_value()
    else:
        user, password = settings.account_sid, settings.auth_token.get_secret_value()
    return "Basic " + base64.b64encode(f"{user}:{password}".encode()).decode()


def secrets_of(settings: Twilio) -> tuple[str, ...]:
    """What must not be shown of a request."""
    callback = settings.callback_secret.get_secret_value() if settings.callback_secret else ""
    once = quote(callback, safe="")
    return authorization(settings).removeprefix("Basic "), callback, once, quote(once, safe="")


def told(callback: str, **query: str) -> str:
    """Our callback URL with what it is to bring back."""
    return f"{callback}{'&' if '?' in callback else '?'}{urlencode(query)}"


def taken(body: bytes) -> str:
    """The sid of what was created. Raises: ValueError: the reply tells none."""
    reply = _object(body)
    sid = reply.get("sid")
    if not (isinstance(sid, str) and sid.isascii() and sid.isalnum() and len(sid) <= 64):
        raise ValueError("a created resource has a sid")
    return sid


def refused(body: bytes, outcomes: Mapping[str, Outcome | None]) -> Answered | None:
    """What Twilio's own error says: surely not sent. None: no error of Twilio's can be read.

    A code that no table has is kept; it is no reason to give the person up.
    """
    try:
        code = str(int(str(_object(body)["code"])))
    except (ValueError, KeyError, TypeError):
        return None
    if code in BUSY:
        return Answered(Answer.BUSY, code=code)
    outcome = Outcome.OUR_FAULT if code in OUR_FAULTS else outcomes.get(code) or Outcome.GATEWAY_TEMPORARY
    return Answered(Answer.REFUSED, outcome, code=code)


def _object(body: bytes) -> Mapping[str, object]:
    try:
        reply = json.loads(body)
    except RecursionError as fault:
        raise ValueError("nested too deep") from fault
    if not isinstance(reply, dict):
        raise ValueError("must be a JSON object")
    return reply
