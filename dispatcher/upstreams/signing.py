"""Addresses that may be told, and the signature by which an upstream knows us. Pure functions."""

from __future__ import annotations

import hashlib
import hmac
import re
from datetime import datetime, timedelta
from ipaddress import ip_address
from urllib.parse import urlsplit

HEADER = "Quanzu-Signature"
OLDEST = timedelta(minutes=5)
"""How old a signature may be for `is_signed`; a recording that is played again later is refused."""

_signature = re.compile(r"t=(\d{1,12}),v1=([0-9a-f]{64})", re.ASCII)


class AddressRefused(ValueError):
    """This address may not be told; the sentence says what would be right."""


def host_of(url: str) -> str:
    """The part of an address that may be shown.

    Raises: AddressRefused: neither https nor this machine, or an address with a user, a password or a fragment.
    """
    try:
        parts = urlsplit(url)
        host, port = parts.hostname, parts.port
    except ValueError:
        raise AddressRefused("url: must be an address such as https://host/path") from None
    if not host or parts.username or parts.password or parts.fragment or not url.isprintable() or " " in url:
        raise AddressRefused("url: must be https://host/path, without user, password or fragment")
    if parts.scheme != "https" and not (parts.scheme == "http" and _is_this_machine(host)):
        raise AddressRefused("url: must be https://; http:// is only for this machine (localhost, 127.0.0.1, [::1])")
    shown = f"[{host}]" if ":" in host else host
    return (shown if port is None else f"{shown}:{port}")[:255]


def _is_this_machine(host: str) -> bool:
    if host == "localhost":
        return True
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return False


def sign(secret: str, body: bytes, at: datetime) -> str:
    """The header's value: HMAC-SHA-256, by the secret, over the time in whole seconds, a full stop and the body."""
    stamp = int(at.timestamp())
    return f"t={stamp},v1={_digest(secret, stamp, body)}"


def is_signed(secret: str, body: bytes, header: str, *, now: datetime, oldest: timedelta = OLDEST) -> bool:
    """What an upstream does with the header: recompute, compare in constant time, refuse what is old."""
    found = _signature.fullmatch(header)
    if found is None:
        return False
    stamp = int(found[1])
    return (
        hmac.compare_digest(_digest(secret, stamp, body), found[2])
        and abs(now.timestamp() - stamp) <= oldest.total_seconds()
    )


def _digest(secret: str, stamp: int, body: bytes) -> str:
    return hmac.new(secret.encode(), f"{stamp}.".encode() + body, hashlib.sha256).hexdigest()
