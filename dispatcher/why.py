"""Why a dispatch stands where it stands, and until when: for whoever is asked why a person has not been warned yet.

    why(connection, dispatch_id, now, network) -> Why(Reason.REDIAL_PAUSE, until, {…})

Read from the rows alone, so that it is what a worker would find. Nothing of a person is in it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any
from uuid import UUID

from sqlalchemy import Connection, and_, select

from dispatcher import tables
from dispatcher.fatigue import MACHINES
from dispatcher.routing.breaker import State
from dispatcher.routing.network import SIMULATED, Network
from dispatcher.routing.reasons import BREAKER_OPEN, ONLY_LIVE, OUTSIDE_HOURS, THROTTLED, WINDOW
from dispatcher.words import Channel, DispatchState, Risk


class Reason(StrEnum):
    """Why it waits, or how it ended; each has one sentence in SAYS."""

    HELD = "held"
    BRAKED = "braked"
    DUE_LATER = "due_later"
    DUE_NOW = "due_now"
    NEXT_CARRIER = "next_carrier"
    REDIAL_PAUSE = "redial_pause"
    RETRY_PAUSE = "retry_pause"
    OUTSIDE_HOURS = "outside_hours"
    THROTTLED = "throttled"
    WINDOW = "window"
    BREAKER_OPEN = "breaker_open"
    NO_ROUTE = "no_route"
    UNDERWAY = "underway"
    LEASE_OVER = "lease_over"
    ASKING = "asking"
    AWAITS_NEWS = "awaits_news"
    ASSIGNED = "assigned"
    SIGNED_IN = "signed_in"
    ENDED = "ended"


SAYS = {
    Reason.HELD: "an operator holds it back",
    Reason.BRAKED: "its source sent more than its brake lets through; an operator has to let it go",
    Reason.DUE_LATER: "it is planned for later",
    Reason.DUE_NOW: "it is due and waits for a worker",
    Reason.NEXT_CARRIER: "a carrier surely did not send it; the next one of its route has it at once",
    Reason.REDIAL_PAUSE: "the last call did not reach the person; it is called again",
    Reason.RETRY_PAUSE: "the last try failed; it is tried again",
    Reason.OUTSIDE_HOURS: "robots do not call at this hour",
    Reason.THROTTLED: "its carriers have been given all that they take for now",
    Reason.WINDOW: "its carriers have reached for this person as often as they may for now",
    Reason.BREAKER_OPEN: "its carriers fail, and are tried again with a few letters",
    Reason.NO_ROUTE: "no carrier of its route may have it: it is a test, and they reach real people",
    Reason.UNDERWAY: "a worker has it and its carrier is asked",
    Reason.LEASE_OVER: "its worker's lease ran out; the clock decides within seconds",
    Reason.ASKING: "nobody can tell whether the carrier has it; the carrier is asked",
    Reason.AWAITS_NEWS: "the carrier has it; its news is awaited",
    Reason.ASSIGNED: "it is on a unit's worklist and nobody has signed in",
    Reason.SIGNED_IN: "somebody has signed in; a report is awaited",
    Reason.ENDED: "it has ended",
}

PUT_OFF = {
    OUTSIDE_HOURS: Reason.OUTSIDE_HOURS,
    THROTTLED: Reason.THROTTLED,
    WINDOW: Reason.WINDOW,
    BREAKER_OPEN: Reason.BREAKER_OPEN,
    ONLY_LIVE: Reason.NO_ROUTE,
}
"""By the reason that a claim leaves on a dispatch that it put off."""


@dataclass(frozen=True, slots=True)
class Why:
    """`reason` is the sentence's code, `says` the sentence. `until`: when that is looked at again; None: not by time.

    `details` by name, each a word, a number or an instant: state, channel, means, level, and what the reason needs.
    """

    reason: Reason
    until: datetime | None = None
    details: Mapping[str, str | int | datetime] = field(default_factory=dict)

    @property
    def says(self) -> str:
        """The sentence."""
        return SAYS[self.reason]


def why(connection: Connection, dispatch_id: UUID, now: datetime, network: Network = SIMULATED) -> Why | None:
    """Why this dispatch stands where it stands; None: there is no such dispatch."""
    dispatch, attempt, hold = tables.dispatches, tables.attempts, tables.holds
    query = (
        select(
            dispatch,
            attempt.c.carrier,
            attempt.c.answer,
            attempt.c.code,
            attempt.c.ask_at,
            hold.c.kind.label("hold_kind"),
            hold.c.made_at.label("held_since"),
        )
        .select_from(dispatch)
        .outerjoin(attempt, and_(attempt.c.dispatch_id == dispatch.c.id, attempt.c.number == dispatch.c.attempts))
        .outerjoin(hold, hold.c.id == dispatch.c.held_by)
        .where(dispatch.c.id == dispatch_id)
    )
    row = connection.execute(query).mappings().first()
    if row is None:
        return None
    match DispatchState(row["state"]):
        case DispatchState.WAITING:
            return _waiting(connection, row, now, network)
        case DispatchState.UNDERWAY:
            reason = Reason.UNDERWAY if row["lease_until"] > now else Reason.LEASE_OVER
            return _why(row, reason, row["lease_until"], carrier=row["carrier"], attempt=row["attempts"])
        case DispatchState.HANDED_OVER:
            return _handed_over(row)
    return _why(row, Reason.ENDED, None, outcome=row["outcome"], why=row["reason"], ended_at=row["ended_at"])


def _waiting(connection: Connection, row: Mapping[Any, Any], now: datetime, network: Network) -> Why:
    if row["held_by"] is not None:
        reason = Reason.BRAKED if row["hold_kind"] == "brake" else Reason.HELD
        return _why(row, reason, None, hold=str(row["held_by"]), since=row["held_since"])
    due_at = row["due_at"]
    if put_off := PUT_OFF.get(row["reason"] or ""):
        if due_at > now:
            return _why(row, put_off, due_at, **_breakers(connection, row, network))
    elif row["passed_over"]:
        return _why(row, Reason.NEXT_CARRIER, due_at, failed=row["passed_over"], code=row["code"])
    elif due_at > now and row["attempts"]:
        pause = Reason.RETRY_PAUSE if row["channel"] == Channel.SMS else Reason.REDIAL_PAUSE
        return _why(row, pause, due_at, after=row["reason"], tries=row["tries"], carrier=row["carrier"])
    elif due_at > now:
        return _why(row, Reason.DUE_LATER, due_at)
    return _why(row, Reason.DUE_NOW, row["ring_at"], due_at=due_at, rings=row["rings"])


def _handed_over(row: Mapping[Any, Any]) -> Why:
    until = row["news_due_at"]
    if row["means"] not in MACHINES:
        reason = Reason.ASSIGNED if row["signed_in_at"] is None else Reason.SIGNED_IN
        return _why(row, reason, until, unit=str(row["unit_id"]), since=row["assigned_at"])
    if row["answer"] == "unsure" and row["ask_at"] is not None:
        return _why(row, Reason.ASKING, row["ask_at"], carrier=row["carrier"], code=row["code"], news_due_at=until)
    return _why(row, Reason.AWAITS_NEWS, until, carrier=row["carrier"], answer=row["answer"], code=row["code"])


def _breakers(connection: Connection, row: Mapping[Any, Any], network: Network) -> dict[str, str]:
    """The carriers of its route that are passed by just now."""
    route = network.routes.get((Channel(row["channel"]), Risk(row["risk"])))
    table = tables.carrier_health
    shut = select(table.c.carrier).where(table.c.state != State.CLOSED).order_by(table.c.carrier)
    failing = [one for one in connection.execute(shut).scalars() if route is not None and one in route.carriers]
    return {"failing": ", ".join(failing)} if failing else {}


def _why(row: Mapping[Any, Any], reason: Reason, until: datetime | None, **details: str | int | datetime | None) -> Why:
    common = {"state": row["state"], "channel": row["channel"], "means": row["means"], "level": row["risk"]}
    return Why(reason, until, common | {name: value for name, value in details.items() if value is not None})
