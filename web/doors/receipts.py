"""Carriers' door: news is verified, stored raw, answered, and only then applied.

/v1/receipts/simulator           the simulated carrier's, signed
/v1/receipts/{carrier}/{secret}  a configured carrier's, in its own language
/v1/receipts/{carrier}           the same, of one that signs and was given no secret: a simulator under another name

Nothing of a request that is not believed is stored or told, and no log has these addresses: the secret is in them,
and with some vendors the phone.
"""

from __future__ import annotations

from collections.abc import Callable, Coroutine, Sequence
from typing import Any

import structlog
from fastapi import APIRouter, Request, Response
from fastapi.responses import JSONResponse
from fastapi.routing import APIRoute
from sqlalchemy.exc import SQLAlchemyError

from dispatcher import measures
from dispatcher.alert import Fault
from dispatcher.carriers import simulator
from dispatcher.carriers.language import Callback, Reply
from dispatcher.news import BadNews, Told
from web.bodies import MOST, body_of_at_most
from web.correspondents import Correspondent, Doubt, at_the_door
from web.house import House
from web.mailroom import Mailroom
from web.problems import Problem, problems
from web.visitors import address_of, house_of

log = structlog.get_logger("receipts")

LONGEST = 4 * 1024 * 1024
"""Bytes of one callback: an array of 500 reports is a twentieth of it."""
NOBODY = "unknown"
"""The carrier of a request that names none of ours; what it named is told nowhere."""


class PlainRoute(APIRoute):
    """A door without dependencies and models: a callback is bytes, and its answer too. See also web/straight.py."""

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        """The endpoint itself, with what is named in the path."""
        endpoint = self.endpoint

        async def handle(request: Request) -> Response:
            answer: Response = await endpoint(request=request, **request.path_params)
            return answer

        return handle


router = APIRouter(prefix="/v1/receipts", tags=["receipts"], route_class=PlainRoute)


def routes() -> list[APIRoute]:
    """Every route of this door, in the order in which they are tried."""
    return [route for route in router.routes if isinstance(route, APIRoute)]


def mailroom_of(request: Request) -> Mailroom:
    """The mailroom of this app."""
    mailroom: Mailroom = request.app.state.mailroom
    return mailroom


STORED: dict[int | str, dict[str, Any]] = {200: {"description": "Stored.", "content": {"application/json": {}}}}


@router.post(
    "/simulator",
    response_class=JSONResponse,
    responses=STORED | problems(401, 413, 422, 503),
    openapi_extra={
        "parameters": [
            {"name": simulator.SIGNATURE_HEADER, "in": "header", "required": True, "schema": {"type": "string"}}
        ],
        "requestBody": {
            "required": True,
            "content": {"application/json": {"schema": {"type": "object", "required": ["news"]}}},
        },
    },
)
async def news_of_simulator(request: Request) -> Response:
    """The simulated carrier's news. 200: stored, tell it no more. What could not be read is named and left out."""
    house, body = house_of(request), await body_of_at_most(request, MOST)
    signature = request.headers.get(simulator.SIGNATURE_HEADER)
    secret = house.secrets.get(simulator.NAME, "")
    # only ASCII can be compared in constant time, and only ASCII can be right
    honest = signature is not None and signature.isascii() and simulator.is_signed(secret, body, signature)
    if not secret or not honest:
        raise Problem(401, f"{simulator.SIGNATURE_HEADER} does not fit the body")
    try:
        told, faults = simulator.read_news(body)
    except BadNews as fault:
        raise Problem(422, str(fault), [Fault("news", str(fault))]) from fault
    try:
        stored = await mailroom_of(request).store(simulator.NAME, told) if told else 0
    except SQLAlchemyError as fault:
        raise Problem(503, "nothing was stored; tell it again", (), {"Retry-After": "2"}) from fault
    return JSONResponse({"stored": stored, "faults": faults})


ANY_REPLY: dict[int | str, dict[str, Any]] = {
    200: {"description": "Stored; the body is what this vendor expects to hear.", "content": {"*/*": {}}}
}
ANY_BODY = {"requestBody": {"required": False, "content": {"*/*": {}}}}


@router.get("/{carrier}/{secret}", response_class=Response, responses=ANY_REPLY | problems(401, 404, 413, 422, 503))
async def news_in_the_address(carrier: str, secret: str, request: Request) -> Response:
    """A carrier's news, told in the query. The reply is the vendor's own; 503: nothing was stored, tell it again."""
    return await _received(carrier, secret, request)


@router.post(
    "/{carrier}/{secret}",
    response_class=Response,
    responses=ANY_REPLY | problems(401, 404, 413, 422, 503),
    openapi_extra=ANY_BODY,
)
async def news_in_the_body(carrier: str, secret: str, request: Request) -> Response:
    """A carrier's news, told in the body. The reply is the vendor's own; 503: nothing was stored, tell it again."""
    return await _received(carrier, secret, request)


@router.post(
    "/{carrier}",
    response_class=Response,
    responses=ANY_REPLY | problems(401, 404, 413, 422, 503),
    openapi_extra=ANY_BODY,
)
async def signed_news(carrier: str, request: Request) -> Response:
    """News of a carrier that signs and has no secret of its own: simulators of a rehearsal under other names."""
    return await _received(carrier, "", request)


async def _received(name: str, secret: str, request: Request) -> Response:
    house = house_of(request)
    there = at_the_door(house.correspondents, name, secret, address_of(request))
    if isinstance(there, Doubt):
        raise _refused(house, NOBODY if there is Doubt.UNKNOWN else name, there, Problem(404, "there is no such door"))
    try:
        body = await body_of_at_most(request, LONGEST)
    except Problem as too_long:
        raise _refused(house, name, Doubt.TOO_LONG, too_long) from too_long
    callback = _callback(house, request, body)
    if not there.signed(callback):
        raise _refused(house, name, Doubt.SIGNATURE, Problem(401, "the signature does not fit"))
    told = _read(house, name, there, callback)
    try:
        if told:
            await mailroom_of(request).store(name, told)
    except SQLAlchemyError as fault:
        log.warning("news_not_stored", carrier=name, fault=type(fault).__name__)
        return _as_response(there.language.try_again)
    return _as_response(there.language.reply(callback))


def _read(house: House, name: str, there: Correspondent, callback: Callback) -> Sequence[Told]:
    """What is told; elements that cannot be read are counted and left out. Raises: Problem 422: nothing can be."""
    try:
        told, faults = there.language.read_news(callback)
    except (BadNews, RecursionError) as fault:  # no vendor nests its lists a thousand deep
        raise _refused(house, name, Doubt.UNREADABLE, Problem(422, "this is no callback of this carrier")) from fault
    if faults:
        house.meters.add(measures.RECEIPTS, ("unread",), len(faults))
        log.warning("news_unread", carrier=name, elements=len(faults), read=len(told))
    return told


def _refused(house: House, carrier: str, doubt: Doubt, problem: Problem) -> Problem:
    """Count it and tell it, without a word of what was sent."""
    house.meters.add(measures.CALLBACKS, (carrier, doubt.value))
    log.warning("callback_refused", carrier=carrier, reason=doubt.value)
    return problem


def _callback(house: House, request: Request, body: bytes) -> Callback:
    """The request as it came, at the address that the vendor was told: signatures are over that one."""
    scope = request.scope
    path = (scope.get("raw_path") or request.url.path.encode()).decode("latin-1")
    query = scope["query_string"].decode("latin-1")
    return Callback(
        method=request.method,
        url=f"{house.public_url}{path}" + (f"?{query}" if query else ""),
        query=dict(request.query_params),
        headers={name.lower(): value for name, value in request.headers.items()},
        body=body,
    )


def _as_response(reply: Reply) -> Response:
    return Response(reply.body, reply.status, media_type=reply.media_type)
