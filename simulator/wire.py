"""The simulator's own HTTP clients: one way each to be made, and no URL of a request in any log."""

import logging
from collections.abc import Mapping

import aiohttp
import httpx
import yarl
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


class Poster:
    """Sends bytes and hears how that ended: aiohttp as it is, which takes half of httpx's time a request.

    A carrier that tells its news one by one makes as many requests as it takes, and must not be what is measured.
    """

    def __init__(self, *, connections: int, timeout_s: float) -> None:
        self._connections, self._timeout_s = connections, timeout_s
        self._session: aiohttp.ClientSession | None = None

    async def send(self, method: str, url: str, body: bytes, headers: Mapping[str, str]) -> tuple[int, bytes]:
        """Status and body of the reply. Raises: aiohttp.ClientError, OSError (and so TimeoutError): there was none."""
        if self._session is None:
            # made by its first request: a session belongs to a running loop
            self._session = aiohttp.ClientSession(
                connector=aiohttp.TCPConnector(limit=self._connections, keepalive_timeout=15),
                timeout=aiohttp.ClientTimeout(total=self._timeout_s),
                cookie_jar=aiohttp.DummyCookieJar(),
            )
        # a vendor calls the address letter by letter as it was told it: it may have signed it
        address = yarl.URL(url, encoded=True)
        async with self._session.request(
            method, address, data=body or None, headers=headers, allow_redirects=False
        ) as reply:
            return reply.status, await reply.read()

    async def aclose(self) -> None:
        """Let the connections go."""
        if self._session is not None:
            await self._session.close()
