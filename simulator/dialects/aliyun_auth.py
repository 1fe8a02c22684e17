"""Whether a request is signed as Alibaba Cloud asks: V3, ACS3-HMAC-SHA256.

    canonical = method \n path \n sorted query \n each signed "header:value" \n \n signed names \n SHA-256 of the body
    signature = HMAC-SHA256(secret, "ACS3-HMAC-SHA256\n" + SHA-256 of canonical), hex

Source: Alibaba Cloud, "V3 request body and signature mechanism".
"""

from __future__ import annotations

import hmac
import re
import time
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from hashlib import sha256
from typing import NamedTuple
from urllib.parse import parse_qsl, quote

from simulator.clock import Clock, utc_now
from simulator.dialects.common import House, same

ALGORITHM = "ACS3-HMAC-SHA256"
AUTHORIZATION = re.compile(r"ACS3-HMAC-SHA256 Credential=([^,]+), ?SignedHeaders=([^,]+), ?Signature=([0-9a-f]+)")
MOST_OFF_S = 15 * 60


class Refused(NamedTuple):
    """Why a request is not let in."""

    status: int
    code: str
    message: str


class Signatures:
    """Verifies signatures, and remembers nonces for as long as their request could be repeated."""

    def __init__(self, house: House, *, now: Clock = utc_now, monotonic: Callable[[], float] = time.monotonic) -> None:
        self._house, self._now, self._monotonic = house, now, monotonic
        self._nonces: dict[str, float] = {}

    def refuse(self, method: str, path: str, query: str, headers: Mapping[str, str], body: bytes) -> Refused | None:
        """What is wrong with a request, or None. `query` raw, as it came; header names in lower case."""
        found = AUTHORIZATION.fullmatch(headers.get("authorization", ""))
        if found is None:
            return Refused(400, "IncompleteSignature", "The request signature does not conform to Aliyun standards.")
        account, signed, signature = found.groups()
        if not self._house.is_account(account):
            return Refused(404, "InvalidAccessKeyId.NotFound", "Specified access key is not found.")
        if not self._in_time(headers.get("x-acs-date", "")):
            return Refused(400, "InvalidTimeStamp.Expired", "Specified time stamp or date value is expired.")
        names = signed.split(";")
        needed = {"host", *(name for name in headers if name.startswith("x-acs-"))}
        hashed = sha256(body).hexdigest()
        whole = needed <= set(names) and names == sorted(names) and set(names) <= set(headers)
        if not whole or not same(headers.get("x-acs-content-sha256"), hashed):
            return _mismatch()
        values = "".join(f"{name}:{headers[name].strip()}\n" for name in names)
        canonical = f"{method}\n{path}\n{_sorted(query)}\n{values}\n{signed}\n{hashed}"
        spoken = f"{ALGORITHM}\n{sha256(canonical.encode()).hexdigest()}"
        right = hmac.new(self._house.sim.secret.encode(), spoken.encode(), sha256).hexdigest()
        if not same(signature, right):
            return _mismatch()
        if not self._is_new(headers.get("x-acs-signature-nonce", "")):
            return Refused(400, "SignatureNonceUsed", "Specified signature nonce was used already.")
        return None

    def _in_time(self, told: str) -> bool:
        try:
            at = datetime.strptime(told, "%Y-%m-%dT%H:%M:%SZ").replace(tzinfo=UTC)
        except ValueError:
            return False
        return abs((self._now() - at).total_seconds()) <= MOST_OFF_S

    def _is_new(self, nonce: str) -> bool:
        now = self._monotonic()
        while self._nonces and now - next(iter(self._nonces.values())) > 2 * MOST_OFF_S:
            del self._nonces[next(iter(self._nonces))]
        if not nonce or nonce in self._nonces:
            return False
        self._nonces[nonce] = now
        return True


def _mismatch() -> Refused:
    return Refused(400, "SignatureDoesNotMatch", "Specified signature is not matched with our calculation.")


def _sorted(query: str) -> str:
    pairs = sorted(parse_qsl(query, keep_blank_values=True))
    return "&".join(f"{quote(name, safe='-_.~')}={quote(value, safe='-_.~')}" for name, value in pairs)
