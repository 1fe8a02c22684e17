"""Errors as RFC 9457 problem+json: what is wrong, field by field, and never a value that was sent."""

from __future__ import annotations

from collections.abc import Iterable
from http import HTTPStatus
from typing import Any

import structlog
from fastapi import FastAPI, HTTPException, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from pydantic import BaseModel
from sqlalchemy.exc import (
    DataError,
    DBAPIError,
    IntegrityError,
    ProgrammingError,
    SQLAlchemyError,
    StatementError,
)
from starlette.exceptions import HTTPException as StarletteHTTPException

from dispatcher.alert import Fault
from dispatcher.alert.faults import WHOLE, path_of

log = structlog.get_logger("doors")

MEDIA_TYPE = "application/problem+json"
NO_FIT = "the request does not fit"


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
    app.add_exception_handler(SQLAlchemyError, _on_database)
    app.add_exception_handler(Exception, _on_fault)


async def answer_to(request: Request, fault: Exception) -> tuple[JSONResponse, Exception | None]:
    """The same answer for a door that the app's handlers do not stand around; and the fault, if it is one of ours."""
    if isinstance(fault, StarletteHTTPException):
        return await _on_http(request, fault), None
    if isinstance(fault, SQLAlchemyError):
        return await _on_database(request, fault), None
    return await _on_fault(request, fault), fault


def response(status: int, detail: str | None, faults: Iterable[Fault], **extra: Any) -> JSONResponse:
    """A problem as a response."""
    body: dict[str, Any] = {"type": "about:blank", "title": HTTPStatus(status).phrase, "status": status}
    if detail:
        body["detail"] = detail
    body["errors"] = [{"field": fault.field, "message": fault.message} for fault in faults]
    return JSONResponse(body | extra, status, media_type=MEDIA_TYPE)


async def _on_http(_request: Request, fault: Exception) -> JSONResponse:
    assert isinstance(fault, StarletteHTTPException)
    if fault.status_code == 400 and not isinstance(fault, Problem):
        # the framework's word for a body that broke its parser: nested endlessly, or no text at all
        return response(422, NO_FIT, [Fault(WHOLE, "must be JSON")])
    faults = fault.faults if isinstance(fault, Problem) else []
    extra = fault.extra if isinstance(fault, Problem) else {}
    answer = response(fault.status_code, str(fault.detail), faults, **extra)
    answer.headers.update(fault.headers or {})
    return answer


async def _on_validation(_request: Request, fault: Exception) -> JSONResponse:
    assert isinstance(fault, RequestValidationError)
    return response(422, NO_FIT, [_named(error) for error in fault.errors()])


def _named(error: dict[str, Any]) -> Fault:
    """A fault of the framework in our words: a body that is no JSON is told as a whole, its position is no field."""
    if error["type"] == "json_invalid":
        return Fault(WHOLE, "must be JSON")
    return Fault(path_of(error["loc"][1:]), error["msg"])


async def _on_database(request: Request, fault: Exception) -> JSONResponse:
    """Whatever door met it: nothing was kept, and it may be sent again; unless no database could keep it."""
    never_sent = isinstance(fault, StatementError) and not isinstance(fault, DBAPIError)
    if never_sent or isinstance(fault, DataError):
        return response(422, "the request holds what no database can keep, such as NUL", ())
    if isinstance(fault, IntegrityError | ProgrammingError):
        log.error("refused_by_the_tables", fault=type(fault).__name__, exc_info=fault)
        return await _on_fault(request, fault)
    log.warning("database_unavailable", fault=type(fault).__name__)
    answer = response(503, "the database is not available; nothing was kept, send it again", ())
    answer.headers["Retry-After"] = "5"
    return answer


async def _on_fault(_request: Request, _fault: Exception) -> JSONResponse:
    """A fault of ours; the server logs it."""
    return response(500, "a fault of ours; it is in the log", ())


RESPONSES: dict[int | str, dict[str, Any]] = {
    status: {"model": ProblemBody, "content": {MEDIA_TYPE: {}}, "description": HTTPStatus(status).phrase}
    for status in (400, 401, 403, 404, 409, 413, 422, 503)
}


def problems(*statuses: int) -> dict[int | str, dict[str, Any]]:
    """The responses of these statuses, for the OpenAPI page."""
    return {status: RESPONSES[status] for status in statuses}


def told_apart(description: dict[str, Any]) -> dict[str, Any]:
    """The same OpenAPI description, in which an error is a problem only: the framework lists it as plain JSON too."""
    for path in description["paths"].values():
        for operation in path.values():
            for answer in operation["responses"].values():
                content = answer.get("content", {})
                if MEDIA_TYPE in content and "application/json" in content:
                    content[MEDIA_TYPE] = content.pop("application/json")
    return description
