"""A dispatch, and why it stands where it stands."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Depends
from pydantic import BaseModel

from dispatcher.access import Visitor
from dispatcher.meant import meant_by
from dispatcher.why import Why, why
from dispatcher.words import Role
from web.problems import Problem, problems
from web.visitors import HouseOf, one_of

router = APIRouter(prefix="/v1/dispatches", tags=["dispatches"])

Insider = Annotated[Visitor, Depends(one_of(Role.SUPERVISOR, Role.OFFICER, Role.CALLER))]


class WhyBody(BaseModel):
    """Why a dispatch stands where it stands: a code, its sentence, until when; and what the code needs to be read."""

    dispatch: UUID
    reason: str
    says: str
    until: datetime | None
    details: dict[str, str | int | datetime]


def as_body(dispatch_id: UUID, found: Why | None) -> WhyBody | None:
    """As the doors tell it; None: there is no such dispatch."""
    if found is None:
        return None
    return WhyBody(
        dispatch=dispatch_id,
        reason=found.reason.value,
        says=found.says,
        until=found.until,
        details=dict(found.details),
    )


@router.get("/{dispatch}/why", responses=problems(401, 403, 404, 422, 503))
def why_of_dispatch(dispatch: UUID, visitor: Insider, house: HouseOf) -> WhyBody:
    """Why this dispatch of the own region waits, or how it ended."""
    with house.store.read() as connection:
        mine = dispatch in meant_by(connection, str(dispatch), region=visitor.region)
        found = as_body(dispatch, why(connection, dispatch, house.now(), house.network)) if mine else None
    if found is None:
        raise Problem(404, "no such dispatch for this key")
    return found
