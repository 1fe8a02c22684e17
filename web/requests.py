"""Every request has an id: the caller's if it is short and says nothing of anybody, else one of ours.

It stands in every line that is logged for the request, and goes back with the answer, so that an upstream's complaint
is found in our log. What each door answered, and how fast, is counted here too.
"""

from __future__ import annotations

import re
import time

import structlog
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from dispatcher import measures
from dispatcher.alert.unencrypted import holds_persons_number
from dispatcher.ids import new_id
from dispatcher.traces import read_header
from web.meters import Meters
from web.tracing import incoming

HEADER = "X-Request-ID"
SAFE = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{7,63}")
ELSEWHERE = "none"
"""The door of a request that fits none."""

log = structlog.get_logger("requests")


class Requests:
    """ASGI middleware around all others, so that a fault of ours is answered and logged under its id too."""

    def __init__(self, app: ASGIApp, *, meters: Meters) -> None:
        self._app = app
        self._meters = meters

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Name the request, answer it, count it."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        request_id, status, begun = request_id_of(scope), 500, time.perf_counter()

        async def named(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                message["headers"] = [*message.get("headers", ()), (HEADER.lower().encode(), request_id.encode())]
            await send(message)

        for name, value in scope.get("headers", ()):
            if name == b"traceparent":
                incoming.set(read_header(value.decode("latin-1")))
        with structlog.contextvars.bound_contextvars(request=request_id):
            try:
                await self._app(scope, receive, named)
            except Exception as fault:
                log.error("request_broken", door=door_of(scope), fault=type(fault).__name__, exc_info=fault)
                raise
            finally:
                door, took_s = door_of(scope), time.perf_counter() - begun
                self._meters.add(measures.REQUESTS, (door, str(status)))
                self._meters.observe(measures.REQUEST, (door,), [took_s])
                log.debug("answered", door=door, status=status, took_ms=round(took_s * 1000))


def request_id_of(scope: Scope) -> str:
    """The caller's own id of this request if it may stand in a log, else a new one."""
    for name, value in scope.get("headers", ()):
        if name == HEADER.lower().encode():
            told: str = value.decode("latin-1")
            if SAFE.fullmatch(told) and not holds_persons_number(re.sub(r"[._-]", "", told)):
                return told
    return new_id().hex


def door_of(scope: Scope) -> str:
    """The pattern of the door, never the address: it holds ids, and whatever somebody tried."""
    route = scope.get("route")
    return str(getattr(route, "path", ELSEWHERE))
