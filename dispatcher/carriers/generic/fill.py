"""Requests to a described gateway: templates filled in, escaped as their place needs, and signed."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any
from urllib.parse import quote, quote_plus, urlencode, urlsplit
from xml.sax.saxutils import escape

from config.carriers.generic import OF_SECRETS, SLOT, Call, Http, Signature
from dispatcher.carriers.numbers import written
from dispatcher.carriers.request import Request
from dispatcher.claim import Letter

TYPES = {"json": "application/json", "form": "application/x-www-form-urlencoded", "xml": "application/xml"}
Values = Mapping[str, Any]


def of_number(number: str) -> dict[str, Any]:
    """The slots that tell to whom."""
    return {"to": number, "to_digits": written(number, "digits"), "to_national": written(number, "national")}


def of_letter(settings: Http, letter: Letter, callback: str) -> dict[str, Any]:
    """The slots of a letter."""
    return {
        **of_number(letter.to),
        "text": letter.text,
        "text_id": letter.text_id,
        "template": settings.templates.get(letter.text_id, settings.templates.get("default", "")),
        "reference": letter.reference,
        "callback": callback,
        "flash": letter.flash,
    }


def of_now(now: datetime, nonce: str) -> dict[str, Any]:
    """The slots of a request: its instant, and what makes it unlike any other."""
    seconds = now.timestamp()
    return {"timestamp": int(seconds), "timestamp_ms": int(seconds * 1000), "at": now.isoformat(), "nonce": nonce}


def request(settings: Http, call: Call, values: Values) -> Request:
    """The request, its slots filled with `values` and the section's secrets."""
    known = {**values, **{OF_SECRETS + name: secret.get_secret_value() for name, secret in settings.secrets.items()}}
    url = settings.base_url + filled(call.path, known, lambda value: quote(value, safe=""))
    if call.query:
        url += "?" + urlencode({name: filled(value, known) for name, value in call.query.items()}, quote_via=quote)
    headers = {name: filled(value, known) for name, value in call.headers.items()}
    body = _body(call, known)
    if call.form in TYPES and not any(name.lower() == "content-type" for name in headers):
        headers["Content-Type"] = TYPES[call.form]
    if call.signature is not None:
        headers[call.signature.header] = signature(call.signature, call.method, url, body, known)
    return Request(call.method, url, headers, body)


def signature(rule: Signature, method: str, url: str, body: bytes, values: Values) -> str:
    """What the signature's header must say."""
    parts = urlsplit(url)
    known = {**values, "method": method, "path": parts.path or "/", "query": parts.query}
    over = b""
    for place, part in enumerate(SLOT.split(rule.over)):  # text and names by turns
        over += part.encode() if place % 2 == 0 else body if part == "body" else str(known[part]).encode()
    digest = hmac.new(rule.secret.get_secret_value().encode(), over, getattr(hashlib, rule.hash)).digest()
    return rule.prefix + (digest.hex() if rule.encoding == "hex" else base64.b64encode(digest).decode())


def secrets_of(settings: Http) -> tuple[str, ...]:
    """What must not be shown of a request."""
    held = [*settings.secrets.values()]
    held += [settings.callback_secret] if settings.callback_secret is not None else []
    plain = [secret.get_secret_value() for secret in held]
    return tuple(form for secret in plain for form in _spellings(secret))


def _spellings(secret: str) -> tuple[str, ...]:
    """As it is, in a URL, in a form, in JSON, in XML."""
    in_json = json.dumps(secret, ensure_ascii=False)[1:-1]
    return secret, quote(secret, safe=""), quote_plus(secret), in_json, escape(secret)


def filled(template: str, known: Values, escaped: Callable[[str], str] = str) -> str:
    """The text with its slots filled, each value escaped."""
    return SLOT.sub(lambda slot: escaped(_plain(known[slot[1]])), template)


def _body(call: Call, known: Values) -> bytes:
    match call.form:
        case "json":
            return json.dumps(_nested(call.body, known), ensure_ascii=False).encode()
        case "form":
            assert isinstance(call.body, dict)
            return urlencode({name: filled(value, known) for name, value in call.body.items()}).encode()
        case "xml":
            return filled(str(call.body), known, escape).encode()
    return b""


def _nested(value: Any, known: Values) -> Any:
    """A text that is one slot and nothing else keeps its kind: `"{flash}"` is true, and `"{timestamp}"` a number."""
    match value:
        case str() if (whole := SLOT.fullmatch(value)) is not None:
            return known[whole[1]]
        case str():
            return filled(value, known)
        case dict():
            return {name: _nested(part, known) for name, part in value.items()}
        case list():
            return [_nested(part, known) for part in value]
    return value


def _plain(value: Any) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)
