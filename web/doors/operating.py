"""Upstreams' second thoughts and operators' hands: withdraw, amend, hold, release."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Depends, Query, Request
from fastapi.responses import JSONResponse
from pydantic import BaseModel, ConfigDict, Field
from sqlalchemy import select

from dispatcher import holding, tables
from dispatcher.access import Visitor, note_deed
from dispatcher.alert import Fault
from dispatcher.alert.doubles import doubles_of, parsed_with_doubles
from dispatcher.alert.faults import WHOLE
from dispatcher.alert.unencrypted import NO_PERSON_IN_WORDS, holds_persons_number
from dispatcher.assign import units_of
from dispatcher.draft import Row
from dispatcher.intake import Incoming, Status
from dispatcher.subtree import region_bounds
from dispatcher.words import Role
from web.bodies import bounded_body
from web.doors.alerts import AlertResult
from web.house import House
from web.problems import Problem, problems, response
from web.visitors import HouseOf, address_of, one_of

router = APIRouter(prefix="/v1", tags=["operating"])

Speaker = Annotated[Visitor, Depends(one_of(Role.UPSTREAM))]
Administrator = Annotated[Visitor, Depends(one_of(Role.ADMINISTRATOR))]
Body = Annotated[bytes, Depends(bounded_body)]

REASON = Field(min_length=1, max_length=100, pattern=r"^[^\x00-\x1f\x7f-\x9f]*$")


class WithdrawBody(BaseModel):
    """Why an alert was wrong; no person's name or number."""

    model_config = ConfigDict(extra="forbid")

    reason: str = REASON


class FilterBody(BaseModel):
    """Which waiting dispatches are meant: all that is given must hold."""

    model_config = ConfigDict(extra="forbid")

    source: str | None = None
    batch: str | None = None
    risk: list[str] | None = None
    channel: list[str] | None = None
    region: str | None = None
    since: str | None = None
    until: str | None = None
    case: UUID | None = None


class HoldBody(BaseModel):
    """What to hold, and why; `all` where the filter is empty on purpose; `dry_run` only counts."""

    model_config = ConfigDict(extra="forbid")

    filter: FilterBody = FilterBody()
    reason: str = REASON
    all: bool = False
    dry_run: bool = False


class CountedBody(BaseModel):
    """Waiting dispatches by channel and level, and what their waiting costs."""

    total: int
    waiting: dict[str, dict[str, int]]
    cases: int
    held: int
    not_stopped: int
    late: int
    late_soon: int


class MadeBody(BaseModel):
    """A hold that was made (None after a dry run), and what it found waiting."""

    hold: UUID | None
    counted: CountedBody


class HeldBody(BaseModel):
    """A hold or a brake, with what it holds now."""

    id: UUID
    kind: str
    filter: dict[str, Any]
    source: str | None
    per_minute: int | None
    urgent_too: bool
    reason: str
    made_at: datetime
    made_by: str
    released_at: datetime | None
    released_by: str | None
    holding: CountedBody


class HoldsBody(BaseModel):
    """Newest first."""

    holds: list[HeldBody]


class ReleasedBody(BaseModel):
    """How many dispatches were let go and rung for."""

    hold: UUID
    freed: int


@router.post(
    "/alerts/{alert_id}/withdraw", responses=problems(401, 403, 404, 413, 422, 503), response_model=AlertResult
)
def withdraw(alert_id: UUID, body: WithdrawBody, visitor: Speaker, house: HouseOf, request: Request) -> JSONResponse:
    """Take an alert back: it counts nowhere; where nothing else speaks of the case, nobody sets out. Harmless twice."""
    alert = _alert(house, visitor, alert_id)
    _nobodys(body.reason)
    named = {"source": alert["source"], "source_ref": alert["source_ref"]}
    _note(house, visitor, "withdraw", alert, body.reason, request)
    return _taken(house, Incoming(value=named | {"withdraw": True, "reason": body.reason}))


@router.post(
    "/alerts/{alert_id}/amend",
    responses=problems(401, 403, 404, 413, 422, 503),
    response_model=AlertResult,
    openapi_extra={
        "requestBody": {
            "required": True,
            "description": "The whole alert as it is now, schema v1. Without `revision` it is the next one.",
            "content": {"application/json": {"schema": {"type": "object"}}},
        }
    },
)
def amend(alert_id: UUID, body: Body, visitor: Speaker, house: HouseOf, request: Request) -> JSONResponse:
    """Say anew what an alert says; the person stays the same. The same again is harmless."""
    alert = _alert(house, visitor, alert_id)
    try:
        value = parsed_with_doubles(body.decode("utf-8-sig"))
    except (ValueError, RecursionError) as fault:
        raise Problem(422, "the body must be JSON", [Fault(WHOLE, "must be JSON")]) from fault
    if not isinstance(value, dict) or value.get("withdraw") is True:
        raise Problem(
            422, "the body must be an alert", [Fault(WHOLE, "must be the whole alert as it is now, an object")]
        )
    named = {"source": alert["source"], "source_ref": alert["source_ref"]}
    faults = [
        Fault(name, "must be that of the alert, or be left out")
        for name, known in named.items()
        if value.get(name, known) != known
    ]
    if faults:
        raise Problem(422, "another alert is named", faults)
    doubled = tuple(doubles_of(value))
    told = {"revision": alert["revision"] + 1} | dict(value) | named
    _note(house, visitor, "amend", alert, f"revision {alert['revision'] + 1}", request)
    return _taken(house, Incoming(value=told, faults=doubled))


def _alert(house: House, visitor: Visitor, alert_id: UUID) -> Row:
    """The alert, if it is of the upstream's own source, or of the administrator's region. Raises: Problem 404."""
    table = tables.alerts
    low, high = region_bounds(visitor.region)
    query = select(table).where(table.c.id == alert_id, table.c.region >= low, table.c.region < high)
    if visitor.role is Role.UPSTREAM and visitor.source is not None:
        query = query.where(table.c.source == visitor.source)
    with house.store.read() as connection:
        row = connection.execute(query).mappings().first()
    if row is None:
        raise Problem(404, "no such alert for this key")
    return dict(row)


def _note(house: House, visitor: Visitor, deed: str, alert: Row, why: str, request: Request) -> None:
    """The deed is in the access log before it is done: none can be done unseen."""
    with house.store.write() as connection:
        note_deed(
            connection,
            visitor,
            deed=deed,
            why=f"alert {alert['id']}: {why}",
            remote=address_of(request),
            now=house.now(),
            case_id=alert["case_id"],
        )


def _taken(house: House, incoming: Incoming) -> JSONResponse:
    accepted = house.intake.accept([incoming], door="api", now=house.now())
    house.ring(accepted.bells)
    (result,) = accepted.results
    if result.status is Status.REFUSED:
        return response(422, "refused, and kept as a dead letter", result.faults, dead_letter=str(result.dead_letter))
    return JSONResponse(
        {
            "status": result.status.value,
            "source": result.source,
            "source_ref": result.source_ref,
            "alert": str(result.alert_id),
            "case": str(result.case_id),
            "merged": result.merged,
            "errors": [],
            "dead_letter": None,
        }
    )


@router.post("/holds", status_code=201, responses=problems(401, 403, 413, 422, 503))
def make_hold(body: HoldBody, visitor: Administrator, house: HouseOf, request: Request) -> MadeBody:
    """Hold what waits and matches, now and until the release. What is underway is not stopped; deadlines go on."""
    _nobodys(body.reason)
    given = body.filter.model_dump(mode="json", exclude_none=True)
    if not given and not body.all:
        raise Problem(
            422,
            "every waiting dispatch would be meant",
            [Fault("filter", "must name something; where everything is meant, say so with `all`")],
        )
    try:
        wanted = holding.read_filter(_scope(house, visitor) | given)
    except holding.FilterWrong as wrong:
        raise Problem(422, "the filter cannot be read", wrong.faults) from wrong
    if not _within(wanted.region, house, visitor):
        raise Problem(422, "out of reach", [Fault("filter.region", "must lie in the region of this key")])
    now = house.now()
    with house.store.read() as connection:
        counted = holding.count(connection, wanted, now=now)
    made = None
    if not body.dry_run:
        remote = address_of(request)
        made = holding.hold(house.store, wanted, visitor, reason=body.reason, remote=remote, now=now)
    return MadeBody(hold=made, counted=CountedBody(**counted.as_json()))


@router.get("/holds", responses=problems(401, 403, 422, 503))
def list_holds(
    visitor: Administrator, house: HouseOf, released: Annotated[bool, Query(description="Released ones too.")] = False
) -> HoldsBody:
    """Holds and brakes within the key's region, what they hold, and what the waiting costs."""
    with house.store.read() as connection:
        found = holding.holds(connection, now=house.now(), released=released)
    return HoldsBody(
        holds=[HeldBody(**one.as_json()) for one in found if _within(one.filter.get("region"), house, visitor)]
    )


@router.post("/holds/{hold_id}/release", responses=problems(401, 403, 404, 422, 503))
def release(hold_id: UUID, visitor: Administrator, house: HouseOf, request: Request) -> ReleasedBody:
    """End a hold or a brake, let go what it held, and ring for what is due. Harmless twice."""
    now = house.now()
    with house.store.read() as connection:
        found = holding.holds(connection, now=now, released=True, hold_id=hold_id)
    if not found or not _within(found[0].filter.get("region"), house, visitor):
        raise Problem(404, "no such hold for this key")
    holding.release(house.store, hold_id, visitor, remote=address_of(request), now=now)
    for bells in holding.let_go(house.store, hold_id, now=now):
        house.ring(bells)
    return ReleasedBody(hold=hold_id, freed=found[0].holding.total)


def _nobodys(reason: str) -> None:
    if holds_persons_number(reason):
        raise Problem(422, "the reason names somebody", [Fault("reason", NO_PERSON_IN_WORDS)])


def _scope(house: House, visitor: Visitor) -> dict[str, str]:
    """The region that bounds a filter: the key's own, without trailing "00" pairs; nothing bounds the root's."""
    with house.store.read() as connection:
        is_root = units_of(connection).root() == visitor.unit_id
    return {} if is_root else {"region": region_bounds(visitor.region)[0]}


def _within(region: str | None, house: House, visitor: Visitor) -> bool:
    """Whether a filter of this region lies in the key's; one without a region is the root's alone."""
    scope = _scope(house, visitor)
    return not scope or (region is not None and region.startswith(scope["region"]))
