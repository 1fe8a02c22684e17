"""A case and its timeline, for those who judge."""

from __future__ import annotations

from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Depends
from pydantic import BaseModel

from dispatcher.access import Visitor
from dispatcher.timeline import timeline
from dispatcher.why import why
from dispatcher.words import Role
from web.doors.dispatches import as_body
from web.problems import Problem, problems
from web.visitors import HouseOf, one_of

router = APIRouter(prefix="/v1/cases", tags=["cases"])

Insider = Annotated[Visitor, Depends(one_of(Role.SUPERVISOR, Role.OFFICER, Role.CALLER))]


class CaseBody(BaseModel):
    """A case, its dispatches (every try, and why each stands so), its promises of time, its timeline, oldest first."""

    case: dict[str, Any]
    dispatches: list[dict[str, Any]]
    deadlines: list[dict[str, Any]]
    events: list[dict[str, Any]]


@router.get("/{case_id}", responses=problems(401, 403, 404, 422, 503))
def get_case(case_id: UUID, visitor: Insider, house: HouseOf) -> CaseBody:
    """One case of the own region's subtree."""
    with house.store.read() as connection:
        found = timeline(connection, case_id, region=visitor.region)
        for one in found.dispatches if found else ():
            one["why"] = as_body(one["id"], why(connection, one["id"], house.now(), house.network))
    if found is None:
        raise Problem(404, "no such case for this key")
    return CaseBody(case=found.case, dispatches=found.dispatches, deadlines=found.deadlines, events=found.events)
