"""How Twilio signs a callback: base64 HMAC-SHA1, by the auth token, over the whole URL and the sorted form fields.

Source: Twilio, "Webhooks security"; its SDK's RequestValidator, against which tests hold this.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
from collections.abc import Iterator, Sequence
from urllib.parse import parse_qsl, urlsplit

from dispatcher.carriers.language import Callback

HEADER = "x-twilio-signature"


def fields_of(body: bytes) -> list[tuple[str, str]]:
    """The form fields in order, empty ones and repeated ones too. Raises: ValueError: it is no form."""
    return parse_qsl(body.decode("utf-8"), keep_blank_values=True, errors="strict", max_num_fields=200)


def signature(token: str, url: str, fields: Sequence[tuple[str, str]]) -> str:
    """What the header must say. A value that is given twice for one name counts once."""
    told = url + "".join(name + value for name, value in sorted(set(fields)))
    # Twilio's own form of the algorithm; HMAC does not need SHA-1 to withstand collisions
    return base64.b64encode(hmac.new(token.encode(), told.encode(), hashlib.sha1).digest()).decode()


def is_signed(callback: Callback, token: str) -> bool:
    """True when the callback is Twilio's."""
    claimed = callback.headers.get(HEADER, "")
    try:
        fields = fields_of(callback.body)
    except ValueError:
        return False
    claims = claimed.encode("utf-8", "replace")
    return any(hmac.compare_digest(signature(token, url, fields).encode(), claims) for url in _spellings(callback.url))


def _spellings(url: str) -> Iterator[str]:
    """As it is, and with and without its port: Twilio is not of one mind about the scheme's own."""
    yield url
    parts = urlsplit(url)
    host = parts.netloc.rpartition("@")[2]
    bare = host[: -len(f":{parts.port}")] if parts.port is not None else host
    port = parts.port or (443 if parts.scheme == "https" else 80)
    for other in (bare, f"{bare}:{port}"):
        yield parts._replace(netloc=other).geturl()
