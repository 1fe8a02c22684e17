"""The simulator's own HTTP client: one way to be made, and no URL of a request in any log."""

import logging

import httpx
from httpx_aiohttp import AiohttpTransport


def make_client(*, connections: int, timeout_s: float) -> httpx.AsyncClient:
    """A client over aiohttp's pool, which stays fast with many requests in flight. The caller closes it."""
    # httpx tells every URL at INFO, and a URL may name a person's case
    logging.getLogger("httpx").setLevel(logging.WARNING)
    limits = httpx.Limits(max_connections=connections, max_keepalive_connections=connections)
    return httpx.AsyncClient(
        transport=AiohttpTransport(limits=limits, trust_env=False),
        timeout=timeout_s,
        trust_env=False,
    )
