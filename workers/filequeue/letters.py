"""Is this file a message? Whatever lies in a queue's folder, the answer is a word, never an exception."""

import base64
import binascii
from typing import Any

from kombu.utils.json import loads


def read_letter(data: bytes) -> tuple[dict[str, Any], None] | tuple[None, str]:
    """The message and None, or None and the fault; the fault holds nothing of the content."""
    if not data:
        return None, "empty"
    try:
        payload: Any = loads(data)
    except Exception:  # a stranger's bytes may make the parser and its type hooks raise anything
        return None, "not JSON"
    fault = _fault(payload)
    return (None, fault) if fault else (payload, None)


def _fault(payload: Any) -> str | None:
    if not isinstance(payload, dict):
        return "not a message"
    properties = payload.get("properties")
    if not isinstance(properties, dict) or not isinstance(properties.get("delivery_info"), dict):
        return "no delivery information"
    if not isinstance(payload.get("headers"), dict | None):
        return "headers are no mapping"
    body, encoding = payload.get("body"), properties.get("body_encoding")
    if not isinstance(body, str):
        return "no body"
    if encoding == "base64":
        try:
            base64.b64decode(body)
        except (binascii.Error, ValueError):
            return "body is not base64"
    elif encoding not in (None, "utf-8"):
        return "unknown body encoding"
    return None
