"""Bodies are read with a bound at every door, so that nobody can fill the memory."""

from __future__ import annotations

from fastapi import Request
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from web.problems import Problem

MOST = 16 * 1024 * 1024
"""The longest body that is read at all, bytes."""


class Bounded:
    """ASGI middleware: a request whose body grows beyond `MOST` ends as problem 413, wherever it is read."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Count while it is read."""
        size = 0

        async def counted() -> Message:
            nonlocal size
            message = await receive()
            size += len(message.get("body", b""))
            if size > MOST:
                raise Problem(413, f"a body may be at most {MOST} bytes long", headers={"Connection": "close"})
            return message

        await self._app(scope, counted, send)


async def bounded_body(request: Request) -> bytes:
    """The whole body. Raises: Problem 413: longer than `MOST`; nothing of it was kept, the sender still has it."""
    return await request.body()


async def body_of_at_most(request: Request, most: int) -> bytes:
    """The whole body. Raises: Problem 413: longer than `most`, told before the rest of it is read."""
    size, parts = 0, []
    async for part in request.stream():
        size += len(part)
        if size > most:
            raise Problem(413, f"a body may be at most {most} bytes long", headers={"Connection": "close"})
        parts.append(part)
    return b"".join(parts)
