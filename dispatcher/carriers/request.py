"""One signed request to a vendor, and how an operator is shown it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from urllib.parse import urlsplit

STARS = "****"
DEFAULT_PORTS = {"http": 80, "https": 443}


@dataclass(frozen=True, slots=True)
class Request:
    """As it goes out, to the byte. A person's number may be anywhere in it: never logged."""

    method: str
    url: str = field(repr=False)
    headers: Mapping[str, str] = field(repr=False)
    body: bytes = field(repr=False)

    def shown(self, *secrets: str) -> str:
        """The whole request as text, with stars for each of `secrets`."""
        lines = [f"{self.method} {self.url}", *(f"{name}: {value}" for name, value in self.headers.items())]
        text = "\n".join([*lines, "", self.body.decode("utf-8", "replace")]).rstrip()
        for secret in sorted(filter(None, secrets), key=len, reverse=True):
            text = text.replace(secret, STARS)
        return text


def host_of(url: str) -> str:
    """The Host header of a request to `url`: with its port, unless that is the scheme's own."""
    parts = urlsplit(url)
    host = parts.hostname or ""
    host = f"[{host}]" if ":" in host else host
    return host if parts.port in (None, DEFAULT_PORTS.get(parts.scheme)) else f"{host}:{parts.port}"


def path_of(url: str) -> str:
    """The path of `url`, at least `/`."""
    return urlsplit(url).path or "/"
