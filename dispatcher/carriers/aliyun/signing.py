"""ACS3-HMAC-SHA256: how Aliyun's OpenAPI wants a request of the RPC style signed.

POST, the parameters in the query, an empty body; host and all `x-acs-*` headers are signed. Every request has a nonce
and a time of its own: one that was used, or is more than 15 minutes off, is refused.
Source: the vendor's signature V3, checked against its own SDK (tests/unit/test_carrier_signing.py).
"""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Mapping
from datetime import UTC, datetime
from urllib.parse import quote

from dispatcher.carriers.request import Request, host_of, path_of

ALGORITHM = "ACS3-HMAC-SHA256"


def escaped(text: str) -> str:
    """Percent-encoded as RFC 3986 has it: a space is %20, `*` is %2A, `~` stays."""
    return quote(text, safe="~")


def query_of(params: Mapping[str, str]) -> str:
    """The parameters in the order in which they are signed, and sent."""
    return "&".join(f"{escaped(name)}={escaped(value)}" for name, value in sorted(params.items()))


def signed(
    url: str,
    action: str,
    version: str,
    params: Mapping[str, str],
    *,
    key_id: str,
    secret: str,
    at: datetime,
    nonce: str,
) -> Request:
    """The request that does `action` with `params`, signed at `at` (UTC)."""
    headers = {
        "host": host_of(url),
        "x-acs-action": action,
        "x-acs-content-sha256": hashlib.sha256(b"").hexdigest(),
        "x-acs-date": at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ"),
        "x-acs-signature-nonce": nonce,
        "x-acs-version": version,
    }
    query = query_of(params)
    names = ";".join(headers)  # written above in the order in which they are signed
    lines = (f"{name}:{value}" for name, value in headers.items())
    canonical = "\n".join(["POST", path_of(url), query, *lines, "", names, headers["x-acs-content-sha256"]])
    digest = hashlib.sha256(canonical.encode()).hexdigest()
    signature = hmac.new(secret.encode(), f"{ALGORITHM}\n{digest}".encode(), hashlib.sha256).hexdigest()
    authorization = f"{ALGORITHM} Credential={key_id},SignedHeaders={names},Signature={signature}"
    return Request("POST", f"{url}?{query}" if query else url, headers | {"authorization": authorization}, b"")
