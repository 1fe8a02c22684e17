"""How to break a connection without a word: ASGI has no message for it, so uvicorn's transport is asked."""

from collections.abc import Callable
from typing import Any

from starlette.responses import Response
from starlette.types import ASGIApp, Receive, Scope, Send

ABORT = "simulator.abort"


class Lines:
    """Puts into each request's scope the means to break its connection. Must be the outermost application."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http":
            scope[ABORT] = _abort_of(send)
        await self._app(scope, receive, send)


class HungUp(Response):
    """No answer at all: the client sees its connection end."""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        scope[ABORT]()
        # uvicorn answers 500 unless it has seen the connection go
        while (await receive())["type"] != "http.disconnect":
            pass


def _abort_of(send: Send) -> Callable[[], None]:
    # `send` is a bound method of uvicorn's request cycle, which holds the transport
    cycle: Any = getattr(send, "__self__", None)
    transport = getattr(cycle, "transport", None)
    if transport is None:
        return _cannot
    abort: Callable[[], None] = transport.abort
    return abort


def _cannot() -> None:
    raise RuntimeError("only uvicorn lets this carrier break a connection")
