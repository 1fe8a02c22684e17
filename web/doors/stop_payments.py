"""Emergency stops of payments: proposed by a key or a report, decided here by officers and supervisors, by name."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from decimal import Decimal
from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Depends, Query, Request
from pydantic import BaseModel, ConfigDict, Field, model_validator

from dispatcher import stop_payments
from dispatcher.access import Visitor
from dispatcher.alert import Fault
from dispatcher.alert.unencrypted import NO_PERSON_IN_WORDS, holds_persons_number
from dispatcher.stop_payments import AlreadyDecided, AlreadyRequested, NoSuchStop, Stop, StoppedTwice, Wanted
from dispatcher.stop_payments.listing import OPEN
from dispatcher.words import Role, StopReply, StopState
from web.problems import Problem, problems
from web.visitors import HouseOf, address_of, one_of

router = APIRouter(prefix="/v1/stop-payments", tags=["stop-payments"])

Decider = Annotated[Visitor, Depends(one_of(Role.OFFICER, Role.SUPERVISOR))]
Yuan = Annotated[Decimal, Field(gt=0, max_digits=14, decimal_places=2)]
PRINTABLE = r"^[^\x00-\x1f\x7f-\x9f]*$"


class DecisionBody(BaseModel):
    """Who decides, by name, and why; the reason stands in the case's timeline, and names nobody."""

    model_config = ConfigDict(extra="forbid")

    name: str = Field(min_length=2, max_length=32, pattern=PRINTABLE)
    reason: str = Field(min_length=1, max_length=100, pattern=PRINTABLE)


class RequestBody(DecisionBody):
    """What the bank is asked to stop: on which account, and how much."""

    bank: str = Field(min_length=2, max_length=64, pattern=PRINTABLE)
    account: str = Field(min_length=4, max_length=64, pattern=r"^[0-9A-Za-z@._+ -]+$")
    amount_yuan: Yuan


class AnswerBody(DecisionBody):
    """What the bank answered; with the amount where it stopped money, and only there."""

    reply: StopReply
    stopped_yuan: Yuan | None = None

    @model_validator(mode="after")
    def _money_where_it_was_stopped(self) -> AnswerBody:
        if (self.reply is StopReply.STOPPED) != (self.stopped_yuan is not None):
            raise ValueError("stopped_yuan must be given where the reply is stopped, and only there")
        return self


class ReasonBody(BaseModel):
    """Why the account is read."""

    model_config = ConfigDict(extra="forbid")

    reason: str = Field(min_length=1, max_length=100, pattern=PRINTABLE)


class StopBody(BaseModel):
    """One stop; the account is masked. `number`: the first or second of its account; `test`: an exercise."""

    id: UUID
    case: UUID
    state: StopState
    why: str
    risk: str
    fraud_type: str
    region: str
    test: bool
    proposed_at: datetime
    bank: str | None
    account_masked: str | None
    number: int | None
    amount_yuan: Decimal | None
    reason: str | None
    decided_by: str | None
    requested_at: datetime | None
    dismissed_at: datetime | None
    answered_at: datetime | None
    reply: StopReply | None
    stopped_yuan: Decimal | None
    stopped_until: datetime | None


class StopsBody(BaseModel):
    """What awaits a decision first, the oldest first."""

    now: datetime
    stop_payments: list[StopBody]


class AccountBody(BaseModel):
    """The receiving account, whole."""

    account: str


@router.get("", responses=problems(401, 403, 422, 503))
def list_stops(
    visitor: Decider,
    house: HouseOf,
    state: Annotated[list[StopState] | None, Query(description="Open ones unless said otherwise.")] = None,
    case: UUID | None = None,
    limit: Annotated[int, Query(ge=1, le=1000)] = 200,
) -> StopsBody:
    """Proposals and requests of the key's region."""
    with house.store.read() as connection:
        found = stop_payments.stops_of(
            connection, house.store.keys, visitor, states=state or OPEN, case_id=case, limit=limit
        )
    return StopsBody(now=house.now(), stop_payments=[as_body(one) for one in found])


def as_body(stop: Stop) -> StopBody:
    """A stop as the doors tell it."""
    return StopBody(**{name: getattr(stop, name) for name in Stop.__slots__})


@router.post("/{stop}/request", responses=problems(401, 403, 404, 409, 413, 422, 503))
def request_stop(stop: UUID, body: RequestBody, visitor: Decider, house: HouseOf, request: Request) -> StopBody:
    """Ask the bank to stop, in your name. We record it; the bank is told by whoever tells banks, and executes."""
    _nobodys(bank=body.bank, reason=body.reason, name=body.name)
    wanted = Wanted(body.bank, body.account, body.amount_yuan)
    with _refusals():
        return as_body(
            stop_payments.request(house.store, visitor, stop, wanted, **_who(body, request), now=house.now())
        )


@router.post("/{stop}/dismiss", responses=problems(401, 403, 404, 409, 413, 422, 503))
def dismiss_stop(stop: UUID, body: DecisionBody, visitor: Decider, house: HouseOf, request: Request) -> StopBody:
    """Find, in your name, that nothing is to be stopped."""
    _nobodys(reason=body.reason, name=body.name)
    with _refusals():
        return as_body(stop_payments.dismiss(house.store, visitor, stop, **_who(body, request), now=house.now()))


@router.post("/{stop}/answer", responses=problems(401, 403, 404, 409, 413, 422, 503))
def answer_stop(stop: UUID, body: AnswerBody, visitor: Decider, house: HouseOf, request: Request) -> StopBody:
    """Note what the bank answered. A stop lasts 48 hours; one account is stopped twice at the most."""
    _nobodys(reason=body.reason, name=body.name)
    with _refusals():
        return as_body(
            stop_payments.answer(
                house.store,
                visitor,
                stop,
                body.reply,
                stopped_yuan=body.stopped_yuan,
                **_who(body, request),
                now=house.now(),
            )
        )


@router.post("/{stop}/account", responses=problems(401, 403, 404, 413, 422, 503))
def read_account(stop: UUID, body: ReasonBody, visitor: Decider, house: HouseOf, request: Request) -> AccountBody:
    """The receiving account whole, for a reason; who reads it is logged."""
    _nobodys(reason=body.reason)
    with _refusals():
        account = stop_payments.account_of(
            house.store, visitor, stop, reason=body.reason, remote=address_of(request), now=house.now()
        )
    return AccountBody(account=account)


def _who(body: DecisionBody, request: Request) -> dict[str, Any]:
    return {"name": body.name, "reason": body.reason, "remote": address_of(request)}


def _nobodys(**told: str) -> None:
    """Raises: Problem 422: a phone or identity number where words are kept unencrypted."""
    faults = [Fault(name, NO_PERSON_IN_WORDS) for name, value in told.items() if holds_persons_number(value)]
    if faults:
        raise Problem(422, "somebody's number is in the words", faults)


@contextmanager
def _refusals() -> Iterator[None]:
    """Expected refusals, as problems."""
    try:
        yield
    except NoSuchStop as fault:
        raise Problem(404, str(fault)) from fault
    except (AlreadyDecided, AlreadyRequested, StoppedTwice) as fault:
        raise Problem(409, str(fault)) from fault
