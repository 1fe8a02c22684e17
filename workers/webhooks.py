"""Upstreams with an address of their own: outcomes go there in signed requests, each upstream at its own pace.

One thread claims what is due and writes what came of it; the requests run side by side on the process's event loop,
with no transaction open. Nothing of an address or an answer's body is ever logged.
"""

from __future__ import annotations

import asyncio
import secrets
import threading
from collections.abc import Awaitable, Callable
from concurrent.futures import FIRST_COMPLETED, Future
from concurrent.futures import wait as wait_for
from datetime import UTC, datetime, timedelta
from typing import TypeVar
from uuid import UUID

import httpx
import structlog
from httpx_aiohttp import HttpxAiohttpClient

from dispatcher.keys import KeyMissing, SealBroken
from dispatcher.upstreams import webhooks
from dispatcher.upstreams.messages import SCHEMA
from dispatcher.upstreams.signing import HEADER, AddressRefused, host_of, sign
from dispatcher.upstreams.webhooks import Address, Errand
from workers.engine import Engine

log = structlog.get_logger("webhooks")

T = TypeVar("T")

LOOK_S = 1.0
REQUEST_S = 10.0
"""A whole request ends within this, whatever the other side does."""
CLAIM = timedelta(seconds=25)
"""How long nobody else delivers to the same address: longer than any request, so that order holds."""
chance = secrets.SystemRandom().random


async def post(client: httpx.AsyncClient, address: Address, body: bytes) -> tuple[bool, str]:
    """One signed request: whether the upstream took it (2xx), and its status or our word for the fault.

    Redirects are not followed; the answer's body is not read.
    """
    try:
        host_of(address.url)
        headers = {
            HEADER: sign(address.secret, body, datetime.now(UTC)),
            "Content-Type": "application/json",
            "User-Agent": "quanzu",
            "Quanzu-Schema": SCHEMA,
        }
        async with (
            asyncio.timeout(REQUEST_S),
            client.stream("POST", address.url, content=body, headers=headers) as response,
        ):
            return response.is_success, str(response.status_code)
    except TimeoutError:
        return False, "timeout"
    except (httpx.HTTPError, httpx.InvalidURL, httpx.StreamError, AddressRefused, OSError) as fault:
        return False, type(fault).__name__


async def make_client() -> httpx.AsyncClient:
    """A client of our own: what an upstream does to it never touches the carriers'."""
    limits = httpx.Limits(max_connections=100, max_keepalive_connections=20)
    return HttpxAiohttpClient(limits=limits, timeout=httpx.Timeout(REQUEST_S), follow_redirects=False)


def run_once(work: Callable[[httpx.AsyncClient], Awaitable[T]]) -> T:
    """Do one thing with a client on a loop of its own, and close both: for commands."""

    async def do() -> T:
        async with await make_client() as client:
            return await work(client)

    return asyncio.run(do())


class Messenger(threading.Thread):
    """See the module."""

    def __init__(self, engine: Engine) -> None:
        super().__init__(name="webhooks", daemon=True)
        self._engine = engine
        self._client: httpx.AsyncClient | None = None
        self._flying: dict[UUID, tuple[Errand, Future[tuple[bool, str]]]] = {}
        self._waking = threading.Event()
        self._stopping = threading.Event()

    def wake(self) -> None:
        """Something was put in a line: look now."""
        self._waking.set()

    def stop(self, within_s: float = 5.0) -> None:
        """Ask it to end. Requests in hand are given up: unconfirmed, they are sent again by whoever comes next."""
        self._stopping.set()
        self._waking.set()
        self.join(within_s)

    def run(self) -> None:
        """Deliver until stopped. A fault of one turn never ends the messenger."""
        while not self._stopping.is_set():
            try:
                self.turn()
                continue
            except Exception as fault:  # the database may be away: look again
                log.warning("webhooks_wait", fault=type(fault).__name__)
            self._stopping.wait(LOOK_S)
        self._end()

    def turn(self) -> None:
        """Begin what is due, then wait for the first that ends, or for a second."""
        self._begin()
        if not self._flying:
            self._waking.wait(LOOK_S)
            self._waking.clear()
            return
        done, _ = wait_for([future for _, future in self._flying.values()], LOOK_S / 2, FIRST_COMPLETED)
        for webhook_id, (errand, future) in list(self._flying.items()):
            if future in done:
                del self._flying[webhook_id]
                self._settle(errand, future)

    def _begin(self) -> None:
        store, now = self._engine.store, datetime.now(UTC)
        for webhook_id in webhooks.due(store, now=now):
            if webhook_id in self._flying:
                continue
            try:
                errand = webhooks.claim(store, webhook_id, length=CLAIM, now=now)
            except (KeyMissing, SealBroken) as fault:  # one that cannot be opened holds up no other
                log.error("webhook_unreadable", webhook=str(webhook_id), fault=type(fault).__name__)
                continue
            if errand is not None:
                request = post(self._connected(), errand.address, errand.body)
                self._flying[webhook_id] = (errand, self._engine.run(request))

    def _connected(self) -> httpx.AsyncClient:
        if self._client is None:
            self._client = self._engine.run(make_client()).result(REQUEST_S)
        return self._client

    def _end(self) -> None:
        try:
            for errand, future in self._flying.values():
                future.cancel()
                webhooks.release(self._engine.store, errand, now=datetime.now(UTC))
            if self._client is not None:
                self._engine.run(self._client.aclose()).result(REQUEST_S)
        except Exception as fault:  # the database may be away: then the claims run out by themselves
            log.warning("webhooks_left", fault=type(fault).__name__)

    def _settle(self, errand: Errand, future: Future[tuple[bool, str]]) -> None:
        fault = future.exception()
        delivered, status = (False, type(fault).__name__) if fault is not None else future.result()
        if not delivered:
            source, tries = errand.address.source, errand.tries + 1
            log.warning("webhook_fails", source=source, tries=tries, status=status, waiting=len(errand.letters))
        now = datetime.now(UTC)
        webhooks.settle(self._engine.store, errand, delivered=delivered, status=status, chance=chance(), now=now)
