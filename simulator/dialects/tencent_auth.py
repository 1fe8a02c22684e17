"""Whether a request is signed as Tencent Cloud asks: TC3-HMAC-SHA256.

    canonical = method \n / \n query \n each signed "header:value" \n \n signed names \n SHA-256 of the body
    text      = TC3-HMAC-SHA256 \n timestamp \n date/service/tc3_request \n SHA-256 of canonical
    key       = HMAC chain over "TC3" + secret: date, service, "tc3_request"

Source: Tencent Cloud, "Signature v3". Its path is always "/"; under a prefix the path as it came is right as well.
"""

from __future__ import annotations

import hmac
import re
from collections.abc import Mapping
from datetime import UTC, datetime
from hashlib import sha256

from simulator.clock import Clock, utc_now
from simulator.dialects.common import House, same

ALGORITHM = "TC3-HMAC-SHA256"
AUTHORIZATION = re.compile(
    r"TC3-HMAC-SHA256 Credential=([^/,]+)/([0-9-]+)/([a-z]+)/tc3_request, ?"
    r"SignedHeaders=([^,]+), ?Signature=([0-9a-f]+)"
)
MOST_OFF_S = 5 * 60


class Signatures:
    """Verifies signatures."""

    def __init__(self, house: House, *, now: Clock = utc_now) -> None:
        self._house, self._now = house, now

    def refuse(
        self, service: str, method: str, path: str, query: str, headers: Mapping[str, str], body: bytes
    ) -> tuple[str, str] | None:
        """Code and message of what is wrong with a request, or None. Header names in lower case."""
        found = AUTHORIZATION.fullmatch(headers.get("authorization", ""))
        if found is None:
            return "AuthFailure.SignatureFailure", "The provided credentials could not be validated."
        account, day, scope, signed, signature = found.groups()
        if not self._house.is_account(account):
            return "AuthFailure.SecretIdNotFound", "The SecretId is not found."
        told = headers.get("x-tc-timestamp", "")
        if not told.isdecimal() or abs(self._now().timestamp() - int(told)) > MOST_OFF_S:
            return "AuthFailure.SignatureExpire", "The provided credentials have expired."
        names = signed.split(";")
        right_day = datetime.fromtimestamp(int(told), UTC).strftime("%Y-%m-%d")
        whole = {"content-type", "host"} <= set(names) <= set(headers) and names == sorted(names)
        if not (whole and scope == service and day == right_day):
            return _mismatch()
        values = "".join(f"{name}:{headers[name].strip().lower()}\n" for name in names)
        for place in ("/", path):
            canonical = f"{method}\n{place}\n{query}\n{values}\n{signed}\n{sha256(body).hexdigest()}"
            spoken = f"{ALGORITHM}\n{told}\n{day}/{service}/tc3_request\n{sha256(canonical.encode()).hexdigest()}"
            if same(signature, self._signature(day, service, spoken)):
                return None
        return _mismatch()

    def _signature(self, day: str, service: str, spoken: str) -> str:
        key = f"TC3{self._house.sim.secret}".encode()
        for part in (day, service, "tc3_request"):
            key = hmac.new(key, part.encode(), sha256).digest()
        return hmac.new(key, spoken.encode(), sha256).hexdigest()


def _mismatch() -> tuple[str, str]:
    return "AuthFailure.SignatureFailure", "The provided credentials could not be validated: check your signature."
