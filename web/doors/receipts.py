"""Carriers' door: news is verified, stored raw, answered, and only then applied."""

from __future__ import annotations

from typing import Annotated, Any

import structlog
from fastapi import APIRouter, BackgroundTasks, Depends, Header
from sqlalchemy.exc import SQLAlchemyError

from dispatcher import receipts
from dispatcher.alert import Fault
from dispatcher.carriers import simulator
from dispatcher.news import BadNews
from web.bodies import bounded_body
from web.house import House
from web.problems import Problem, problems
from web.visitors import HouseOf

router = APIRouter(prefix="/v1/receipts", tags=["receipts"])
log = structlog.get_logger("receipts")


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
def news_of_simulator(
    house: HouseOf,
    later: BackgroundTasks,
    body: Annotated[bytes, Depends(bounded_body)],
    signature: Annotated[str | None, Header(alias=simulator.SIGNATURE_HEADER)] = None,
) -> dict[str, Any]:
    """The simulated carrier's news. 200: stored, tell it no more. What could not be read is named and left out."""
    secret = house.secrets.get(simulator.NAME, "")
    if not secret or not simulator.is_signed(secret, body, signature):
        raise Problem(401, f"{simulator.SIGNATURE_HEADER} does not fit the body")
    try:
        told, faults = simulator.read_news(body)
    except BadNews as fault:
        raise Problem(422, str(fault), [Fault("news", str(fault))]) from fault
    try:
        ids = receipts.keep(house.store, simulator.NAME, told, now=house.now())
    except SQLAlchemyError as fault:
        raise Problem(503, "nothing was stored; tell it again", (), {"Retry-After": "2"}) from fault
    later.add_task(_apply, house, ids)
    return {"stored": len(ids), "faults": faults}


def _apply(house: House, ids: list[Any]) -> None:
    """Apply what was just stored; what fails here is applied by the clock."""
    try:
        house.ring(receipts.apply(house.store, now=house.now(), ids=ids).bells)
    except SQLAlchemyError as fault:
        log.warning("receipts_left_to_the_clock", count=len(ids), fault=type(fault).__name__)
