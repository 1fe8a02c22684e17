"""TC3-HMAC-SHA256: how Tencent Cloud's API 3.0 wants a JSON request signed.

POST, a JSON body; content-type and host are signed. The key is derived from the secret, the day (UTC) and the service.
Source: the vendor's signature V3, checked against its own SDK (tests/unit/test_carrier_signing.py).
"""

from __future__ import annotations

import hashlib
import hmac
import json
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from dispatcher.carriers.request import Request, host_of, path_of

ALGORITHM = "TC3-HMAC-SHA256"
CONTENT_TYPE = "application/json"
SIGNED = "content-type;host"


def _hmac(key: bytes, text: str) -> bytes:
    return hmac.new(key, text.encode(), hashlib.sha256).digest()


def signed(
    url: str,
    service: str,
    action: str,
    version: str,
    params: Mapping[str, Any],
    *,
    region: str,
    secret_id: str,
    secret_key: str,
    at: datetime,
) -> Request:
    """The request that does `action` of `service` with `params`, signed at `at` (UTC)."""
    body = json.dumps(params, ensure_ascii=False).encode()
    host, day, timestamp = host_of(url), at.astimezone(UTC).strftime("%Y-%m-%d"), str(int(at.timestamp()))
    lines = (f"content-type:{CONTENT_TYPE}", f"host:{host}")
    canonical = "\n".join(["POST", path_of(url), "", *lines, "", SIGNED, hashlib.sha256(body).hexdigest()])
    scope = f"{day}/{service}/tc3_request"
    to_sign = "\n".join([ALGORITHM, timestamp, scope, hashlib.sha256(canonical.encode()).hexdigest()])
    key = _hmac(_hmac(_hmac(f"TC3{secret_key}".encode(), day), service), "tc3_request")
    signature = _hmac(key, to_sign).hex()
    headers = {
        "host": host,
        "content-type": CONTENT_TYPE,
        "x-tc-action": action,
        "x-tc-version": version,
        "x-tc-timestamp": timestamp,
        "x-tc-region": region,
        "authorization": f"{ALGORITHM} Credential={secret_id}/{scope}, SignedHeaders={SIGNED}, Signature={signature}",
    }
    return Request("POST", url, headers, body)
