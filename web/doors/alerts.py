"""Upstreams' door: alerts come in, one or up to 1,000, with a result for each."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Sequence
from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Depends
from fastapi.responses import JSONResponse
from pydantic import BaseModel
from sqlalchemy import select
from sqlalchemy.exc import SQLAlchemyError

from dispatcher import measures, tables
from dispatcher.access import Visitor
from dispatcher.alert import Fault
from dispatcher.alert.doubles import doubles_of, parsed_with_doubles
from dispatcher.intake import Incoming, Result, Status
from dispatcher.words import Role
from dispatcher.worklist.scope import region_bounds
from web import tracing
from web.bodies import bounded_body
from web.house import House
from web.problems import FieldFault, Problem, problems, response
from web.visitors import HouseOf, one_of

router = APIRouter(prefix="/v1/alerts", tags=["alerts"])

MOST_ALERTS = 1_000
Upstream = Annotated[Visitor, Depends(one_of(Role.UPSTREAM))]


class AlertResult(BaseModel):
    """What became of one alert; `errors` says why it was refused, `dead_letter` where it is kept."""

    status: Status
    source: str | None
    source_ref: str | None
    alert: UUID | None
    case: UUID | None
    merged: bool
    errors: list[FieldFault]
    dead_letter: UUID | None


class AlertResults(BaseModel):
    """One result for each alert, in the order sent."""

    results: list[AlertResult]


@router.post(
    "",
    status_code=202,
    responses={202: {"model": AlertResults}, **problems(401, 403, 413, 422, 503)},
    openapi_extra={
        "requestBody": {
            "required": True,
            "description": "One alert of schema v1, or a list of up to 1,000; see docs/reference/alert-schema.md.",
            "content": {"application/json": {"schema": {"oneOf": [{"type": "object"}, {"type": "array"}]}}},
        }
    },
)
def push_alerts(visitor: Upstream, house: HouseOf, body: Annotated[bytes, Depends(bounded_body)]) -> JSONResponse:
    """Push alerts. 202: each has a result, `accepted` ones are committed and planned. 422: not one was accepted.

    Repeating a push is harmless: the same alert is answered with its first id.
    """
    batch = _taken_apart(house, body)
    only_source = visitor.source if visitor.role is Role.UPSTREAM else None
    begun, received_at = time.perf_counter(), house.now()
    try:
        accepted = house.intake.accept(batch, door="api", now=house.now(), only_source=only_source)
    except SQLAlchemyError as fault:
        raise Problem(503, "nothing was kept: the database is not available; send it again", (), _AGAIN) from fault
    house.ring(accepted.bells)
    _count(house, accepted.results, time.perf_counter() - begun)
    tracing.accepted(house.tell, accepted.results, received_at, house.now())
    results = [_told(result) for result in accepted.results]
    if all(result.status is Status.REFUSED for result in accepted.results):
        faults = [
            Fault(f"[{number}].{fault.field}" if len(results) > 1 else fault.field, fault.message)
            for number, result in enumerate(accepted.results)
            for fault in result.faults
        ]
        return response(422, "refused, and kept as a dead letter", faults, results=results)
    return JSONResponse({"results": results}, 202)


def _count(house: House, results: Sequence[Result], took_s: float) -> None:
    for status, many in Counter(result.status.value for result in results).items():
        house.meters.add(measures.ALERTS, ("api", status), many)
    house.meters.observe(measures.BATCH, ("api",), [len(results)])
    house.meters.observe(measures.INTAKE, ("api",), [took_s])


_AGAIN = {"Retry-After": "5"}


def _taken_apart(house: House, body: bytes) -> list[Incoming]:
    """The alerts of a body. What cannot be taken apart is one alert: intake refuses and keeps it whole."""
    if not body.lstrip(b"\xef\xbb\xbf \t\r\n").startswith(b"["):
        return [Incoming(raw=body)]
    try:
        items = parsed_with_doubles(body.decode("utf-8-sig"))
    except (ValueError, RecursionError):
        return [Incoming(raw=body)]
    if len(items) > MOST_ALERTS:
        return [
            Incoming(raw=body, faults=(Fault("$", f"may hold at most {MOST_ALERTS} alerts, and holds {len(items)}"),))
        ]
    if not items:
        raise Problem(422, "an empty list", [Fault("$", f"must hold 1 to {MOST_ALERTS} alerts")])
    return [Incoming(value=item, faults=tuple(doubles_of(item))) for item in items]


def _told(result: Result) -> dict[str, Any]:
    return {
        "status": result.status.value,
        "source": result.source,
        "source_ref": result.source_ref,
        "alert": str(result.alert_id) if result.alert_id else None,
        "case": str(result.case_id) if result.case_id else None,
        "merged": result.merged,
        "errors": [{"field": fault.field, "message": fault.message} for fault in result.faults],
        "dead_letter": str(result.dead_letter) if result.dead_letter else None,
    }


class AlertBody(BaseModel):
    """An accepted alert, without what identifies a person."""

    alert: UUID
    source: str
    source_ref: str
    case: UUID
    merged: bool
    risk: str
    fraud_type: str
    region: str
    test: bool
    revision: int
    received_at: str
    withdrawn_at: str | None


@router.get("/{alert_id}", responses=problems(401, 403, 404, 422, 503))
def get_alert(
    alert_id: UUID, visitor: Annotated[Visitor, Depends(one_of(Role.UPSTREAM, Role.SUPERVISOR))], house: HouseOf
) -> AlertBody:
    """One alert; an upstream sees its own source's, a supervisor the own region's."""
    table = tables.alerts
    query = select(table).where(table.c.id == alert_id)
    if visitor.role is Role.UPSTREAM and visitor.source is not None:
        query = query.where(table.c.source == visitor.source)
    low, high = region_bounds(visitor.region)
    query = query.where(table.c.region >= low, table.c.region < high)
    with house.store.read() as connection:
        row = connection.execute(query).mappings().first()
    if row is None:
        raise Problem(404, "no such alert for this key")
    return AlertBody(
        alert=row["id"],
        source=row["source"],
        source_ref=row["source_ref"],
        case=row["case_id"],
        merged=row["merged"],
        risk=row["risk"],
        fraud_type=row["fraud_type"],
        region=row["region"],
        test=row["is_test"],
        revision=row["revision"],
        received_at=row["received_at"].isoformat(),
        withdrawn_at=row["withdrawn_at"].isoformat() if row["withdrawn_at"] else None,
    )
