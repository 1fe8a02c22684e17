"""Bodies are read with a bound, so that nobody can fill the memory."""

from __future__ import annotations

from fastapi import Request

from web.problems import Problem

MOST = 16 * 1024 * 1024
"""The longest body that is read at all, bytes."""


async def bounded_body(request: Request) -> bytes:
    """The whole body. Raises: Problem 413: longer than `MOST`; nothing of it was kept, the sender still has it."""
    parts, size = [], 0
    async for part in request.stream():
        size += len(part)
        if size > MOST:
            raise Problem(413, f"a body may be at most {MOST} bytes long", headers={"Connection": "close"})
        parts.append(part)
    return b"".join(parts)
