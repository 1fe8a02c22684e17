"""Errors as RFC 9457 problem+json: what is wrong, field by field, and never a value that was sent."""

from __future__ import annotations

from collections.abc import Iterable
from http import HTTPStatus
from typing import Any

from fastapi import FastAPI, HTTPException, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from pydantic import BaseModel
from starlette.exceptions import HTTPException as StarletteHTTPException

from dispatcher.alert import Fault

MEDIA_TYPE = "application/problem+json"


class FieldFault(BaseModel):
    """One field and what would be right."""

    field: str
    message: str


class ProblemBody(BaseModel):
    """An error; `errors` names every field that is wrong."""

    type: str = "about:blank"
    title: str
    status: int
    detail: str | None = None
    errors: list[FieldFault] = []


class Problem(HTTPException):
    """An expected refusal of a request."""

    def __init__(
        self,
        status: int,
        detail: str,
        faults: Iterable[Fault] = (),
        headers: dict[str, str] | None = None,
        extra: dict[str, Any] | None = None,
    ) -> None:
        super().__init__(status, detail, headers)
        self.faults = list(faults)
        self.extra = extra or {}


def install(app: FastAPI) -> None:
    """Make every error of the app a problem."""
    app.add_exception_handler(StarletteHTTPException, _on_http)
    app.add_exception_handler(RequestValidationError, _on_validation)


def response(status: int, detail: str | None, faults: Iterable[Fault], **extra: Any) -> JSONResponse:
    """A problem as a response."""
    body: dict[str, Any] = {"type": "about:blank", "title": HTTPStatus(status).phrase, "status": status}
    if detail:
        body["detail"] = detail
    body["errors"] = [{"field": fault.field, "message": fault.message} for fault in faults]
    return JSONResponse(body | extra, status, media_type=MEDIA_TYPE)


async def _on_http(_request: Request, fault: Exception) -> JSONResponse:
    assert isinstance(fault, StarletteHTTPException)
    faults = fault.faults if isinstance(fault, Problem) else []
    extra = fault.extra if isinstance(fault, Problem) else {}
    answer = response(fault.status_code, str(fault.detail), faults, **extra)
    answer.headers.update(fault.headers or {})
    return answer


async def _on_validation(_request: Request, fault: Exception) -> JSONResponse:
    assert isinstance(fault, RequestValidationError)
    faults = [
        Fault(".".join(str(part) for part in error["loc"][1:]) or str(error["loc"][0]), error["msg"])
        for error in fault.errors()
    ]
    return response(422, "the request does not fit", faults)


RESPONSES: dict[int | str, dict[str, Any]] = {
    status: {"model": ProblemBody, "content": {MEDIA_TYPE: {}}, "description": HTTPStatus(status).phrase}
    for status in (400, 401, 403, 404, 409, 413, 422, 503)
}


def problems(*statuses: int) -> dict[int | str, dict[str, Any]]:
    """The responses of these statuses, for the OpenAPI page."""
    return {status: RESPONSES[status] for status in statuses}
