"""Carriers' door: news is verified, stored raw, answered, and only then applied."""

from __future__ import annotations

import asyncio
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Header, Request
from sqlalchemy.exc import SQLAlchemyError

from dispatcher.alert import Fault
from dispatcher.carriers import simulator
from dispatcher.news import BadNews
from web.bodies import bounded_body
from web.mailroom import Mailroom
from web.problems import Problem, problems
from web.visitors import HouseOf

router = APIRouter(prefix="/v1/receipts", tags=["receipts"])


def mailroom_of(request: Request) -> Mailroom:
    """The mailroom of this app."""
    mailroom: Mailroom = request.app.state.mailroom
    return mailroom


MailroomOf = Annotated[Mailroom, Depends(mailroom_of)]


@router.post(
    "/simulator",
    responses=problems(401, 413, 422, 503),
    openapi_extra={
        "requestBody": {
            "required": True,
            "content": {"application/json": {"schema": {"type": "object", "required": ["news"]}}},
        }
    },
)
async def news_of_simulator(
    house: HouseOf,
    mailroom: MailroomOf,
    body: Annotated[bytes, Depends(bounded_body)],
    signature: Annotated[str | None, Header(alias=simulator.SIGNATURE_HEADER)] = None,
) -> dict[str, Any]:
    """The simulated carrier's news. 200: stored, tell it no more. What could not be read is named and left out."""
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
        stored = await asyncio.wrap_future(mailroom.store(simulator.NAME, told)) if told else 0
    except SQLAlchemyError as fault:
        raise Problem(503, "nothing was stored; tell it again", (), {"Retry-After": "2"}) from fault
    return {"stored": stored, "faults": faults}
