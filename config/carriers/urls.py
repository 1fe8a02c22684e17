"""Addresses of carriers, as a section of the carriers file may say them."""

from __future__ import annotations

from typing import Annotated
from urllib.parse import urlsplit

from pydantic import AfterValidator


def _base(value: str) -> str:
    parts = urlsplit(value)
    try:
        _ = parts.port
    except ValueError:
        raise ValueError("must have a port from 0 to 65535, or none") from None
    if not value.isprintable() or " " in value:
        raise ValueError("must have no spaces")
    if parts.scheme not in ("http", "https") or not parts.hostname or parts.username or parts.query or parts.fragment:
        raise ValueError("must be http:// or https://, a host and no user, query or fragment")
    return value.rstrip("/")


BaseUrl = Annotated[str, AfterValidator(_base)]
"""Where a carrier answers: its own address, unless a rehearsal names the simulator's."""
