"""Faults of a page in plain words; a refusal never tells whether what was asked for exists."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import Response
from sqlalchemy.exc import SQLAlchemyError
from starlette.exceptions import HTTPException as StarletteHTTPException

from web.pages.asking import Asking, language_of
from web.pages.guard import under_pages
from web.pages.rendering import html
from web.visitors import house_of

SAID = {403: "f403", 404: "f404", 405: "f404", 413: "f413", 422: "f422", 503: "f503"}
Handler = Callable[[Request, Any], Awaitable[Response]]


def install(app: FastAPI) -> None:
    """Let the pages' faults be pages: the API's handlers stay what they are for all else."""
    for kind in (StarletteHTTPException, RequestValidationError, SQLAlchemyError, Exception):
        handler: Handler = app.exception_handlers[kind]  # type: ignore[assignment]  # set by problems.install
        app.add_exception_handler(kind, _as_page(handler))


def _as_page(handler: Handler) -> Handler:
    """The same status as the API would answer with, in words."""

    async def answer(request: Request, fault: Any) -> Response:
        plain = await handler(request, fault)
        if not under_pages(request.url.path):
            return plain
        status = 404 if plain.status_code == 405 else plain.status_code
        house = house_of(request)
        asking = Asking(request, house, language_of(request), house.now())
        page = html(asking, "fault.html", status, words=SAID.get(status, "f500"))
        if "Retry-After" in plain.headers:
            page.headers["Retry-After"] = plain.headers["Retry-After"]
        return page

    return answer
