"""Officers' and callers' door: what is to be done, who has it, what came of it."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from decimal import Decimal
from typing import Annotated, Any, Literal
from uuid import UUID

from fastapi import APIRouter, Depends, Query, Request
from pydantic import BaseModel, ConfigDict, Field

from dispatcher import worklist
from dispatcher.access import Visitor
from dispatcher.alert import Fault
from dispatcher.alert.faults import WHOLE, safe_name
from dispatcher.stop_payments import stops_of
from dispatcher.words import Role
from dispatcher.worklist.passing import NoSuchUnit
from dispatcher.worklist.reports import Disagrees
from dispatcher.worklist.scope import NoLongerOpen
from web.bodies import bounded_body
from web.doors.stop_payments import StopBody, as_body
from web.problems import Problem, problems
from web.visitors import HouseOf, address_of, one_of

router = APIRouter(prefix="/v1/worklist", tags=["worklist"])

Worker = Annotated[Visitor, Depends(one_of(Role.CALLER, Role.OFFICER, Role.SUPERVISOR))]


class TaskBody(BaseModel):
    """One try of a call or visit that awaits a report. `reference` names the try, `task` stays over redials.

    `test`: an exercise; nobody is in danger.
    """

    task: UUID
    reference: str
    try_: int = Field(serialization_alias="try")
    channel: str
    target: str
    case: UUID
    risk: str
    fraud_type: str
    region: str
    test: bool
    unit: str
    phone_masked: str
    assigned_at: datetime
    sign_in_by: datetime | None
    contact_by: datetime | None
    met_by: datetime | None
    feedback_by: datetime | None
    signed_in_at: datetime | None


class FollowUpBody(BaseModel):
    """One follow-up that is due."""

    id: UUID
    case: UUID
    due_at: datetime
    step: int
    fraud_type: str
    region: str
    test: bool


class WorklistBody(BaseModel):
    """What the key's unit and all below it have to do now: stops of payments above all, then most dangerous first."""

    now: datetime
    stop_payments: list[StopBody]
    tasks: list[TaskBody]
    follow_ups: list[FollowUpBody]


class TryBody(BaseModel):
    """Which try is meant."""

    model_config = ConfigDict(extra="forbid")

    reference: str = Field(pattern="^[A-Za-z0-9]{1,15}$")


class ReturnBody(TryBody):
    """Why a task goes back to the desk above."""

    reason: Literal["out_of_jurisdiction", "duplicate"]


class TransferBody(TryBody):
    """To which unit a task goes."""

    unit: str = Field(min_length=1, max_length=16)


class FollowUpReport(BaseModel):
    """What a follow-up found; a later loss in yuan, if there was one."""

    model_config = ConfigDict(extra="forbid")

    result: Literal["valid", "invalid"]
    later_loss_yuan: Annotated[Decimal, Field(ge=0, max_digits=14, decimal_places=2)] | None = None


class PersonBody(BaseModel):
    """Whom a task is about; reading it is logged."""

    phone: str
    name: str | None
    address: str | None


class SignedInBody(BaseModel):
    """Who signs in first stays signed in."""

    task: UUID
    signed_in_at: datetime
    sign_in_by: datetime | None
    on_time: bool | None
    person: PersonBody


class ReportedBody(BaseModel):
    """A report that was kept; `repeat` when it had been kept before."""

    feedback: UUID
    received_at: datetime
    feedback_by: datetime | None
    on_time: bool | None
    state: str
    repeat: bool


class PassedOnBody(BaseModel):
    """Who has the task now."""

    task: UUID
    unit: str


@router.get("", responses=problems(401, 403, 422, 503))
def list_tasks(visitor: Worker, house: HouseOf, limit: Annotated[int, Query(ge=1, le=1000)] = 500) -> WorklistBody:
    """A caller's key lists calls, an officer's visits, a supervisor's both."""
    now = house.now()
    with house.store.read() as connection:
        scope = worklist.Scope.of(connection, visitor)
        follow_ups = worklist.follow_ups(connection, scope, now=now)
        stops = [] if visitor.role is Role.CALLER else stops_of(connection, house.store.keys, visitor)
    tasks = worklist.tasks_of(house.store, scope, now=now, limit=limit)
    return WorklistBody(
        now=now,
        stop_payments=[as_body(stop) for stop in stops],
        tasks=[_task(task) for task in tasks],
        follow_ups=[FollowUpBody(**{name: getattr(item, name) for name in item.__slots__}) for item in follow_ups],
    )


def _task(task: worklist.Task) -> TaskBody:
    return TaskBody(
        task=task.task,
        reference=task.reference,
        try_=task.try_number,
        channel=task.channel,
        target=task.target,
        case=task.case,
        risk=task.risk,
        fraud_type=task.fraud_type,
        region=task.region,
        test=task.is_test,
        unit=task.unit,
        phone_masked=task.phone_masked,
        assigned_at=task.assigned_at,
        signed_in_at=task.signed_in_at,
        sign_in_by=task.limits.get("sign_in"),
        contact_by=task.limits.get("contact"),
        met_by=task.limits.get("met"),
        feedback_by=task.limits.get("feedback"),
    )


@router.post("/{task}/sign-in", responses=problems(401, 403, 404, 409, 413, 422, 503))
def sign_in(task: UUID, body: TryBody, visitor: Worker, house: HouseOf, request: Request) -> SignedInBody:
    """Take a task, and see whom it is about."""
    with _refusals():
        signed = worklist.sign_in(
            house.store, visitor, task, body.reference, remote=address_of(request), now=house.now()
        )
    return SignedInBody(
        task=signed.task,
        signed_in_at=signed.signed_in_at,
        sign_in_by=signed.sign_in_by,
        on_time=signed.on_time,
        person=PersonBody(phone=signed.phone, name=signed.name, address=signed.address),
    )


@router.post(
    "/{task}/report",
    responses=problems(401, 403, 404, 413, 422, 503),
    openapi_extra={
        "requestBody": {
            "required": True,
            "content": {"application/json": {"schema": worklist.Report.model_json_schema()}},
        }
    },
)
def report(task: UUID, visitor: Worker, house: HouseOf, body: Annotated[bytes, Depends(bounded_body)]) -> ReportedBody:
    """Report what came of a try. The same report again is answered as before; the latest report counts."""
    told = worklist.read_report(_json(body), now=house.now())
    if isinstance(told, list):
        raise Problem(422, "the report cannot be read", [_nameable(fault) for fault in told])
    with _refusals():
        kept = worklist.report(house.store, visitor, task, told, now=house.now())
    house.ring(kept.bells)
    return ReportedBody(
        feedback=kept.feedback_id,
        received_at=kept.received_at,
        feedback_by=kept.feedback_by,
        on_time=kept.on_time,
        state=kept.state,
        repeat=kept.repeat,
    )


def _nameable(fault: Fault) -> Fault:
    """A field that is none of ours may be named like anything, a phone number too."""
    ours = fault.field.partition(".")[0] in worklist.Report.model_fields
    return fault if ours or fault.field == WHOLE else Fault(safe_name(fault.field), fault.message)


def _json(body: bytes) -> Any:
    try:
        return json.loads(body)
    except (ValueError, RecursionError) as fault:
        raise Problem(422, "the body must be JSON", [Fault("$", "must be JSON")]) from fault


@router.post("/{task}/return", responses=problems(401, 403, 404, 409, 413, 422, 503))
def hand_back(task: UUID, body: ReturnBody, visitor: Worker, house: HouseOf) -> PassedOnBody:
    """Give a task back to the desk above, with the reason."""
    with _refusals():
        unit = worklist.hand_back(house.store, visitor, task, body.reference, why=body.reason, now=house.now())
    return PassedOnBody(task=task, unit=unit)


@router.post("/{task}/transfer", responses=problems(401, 403, 404, 409, 413, 422, 503))
def transfer(task: UUID, body: TransferBody, visitor: Worker, house: HouseOf) -> PassedOnBody:
    """Give a task to another unit."""
    with _refusals():
        unit = worklist.transfer(house.store, visitor, task, body.reference, unit=body.unit, now=house.now())
    return PassedOnBody(task=task, unit=unit)


@router.post("/follow-ups/{follow_up}", responses=problems(401, 403, 404, 413, 422, 503))
def report_follow_up(follow_up: UUID, body: FollowUpReport, visitor: Worker, house: HouseOf) -> dict[str, Any]:
    """Report what a follow-up found."""
    with _refusals():
        due_at = worklist.report_follow_up(
            house.store,
            visitor,
            follow_up,
            valid=body.result == "valid",
            later_loss_yuan=body.later_loss_yuan,
            now=house.now(),
        )
    return {"follow_up": follow_up, "due_at": due_at}


@contextmanager
def _refusals() -> Iterator[None]:
    """Expected refusals of the worklist, as problems."""
    try:
        yield
    except worklist.NotYours as fault:
        raise Problem(404, str(fault)) from fault
    except NoLongerOpen as fault:
        raise Problem(409, str(fault)) from fault
    except NoSuchUnit as fault:
        raise Problem(422, str(fault), [Fault("unit", "must be the code of a unit, such as a county's")]) from fault
    except Disagrees as fault:
        raise Problem(422, str(fault), fault.faults) from fault
