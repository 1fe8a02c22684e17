"""The transactions of the plain design, a statement for each thing that has to be known or changed."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import Connection, and_, insert, select, update
from sqlalchemy.dialects.postgresql import insert as upsert

from dispatcher import tables, texts
from dispatcher.alert import Alert, Refused
from dispatcher.ids import new_id, new_stem, reference
from dispatcher.keys import Keyring
from dispatcher.words import FraudType

LEASE = timedelta(seconds=30)
NEWS_WITHIN = timedelta(days=3)
CONTACT_WITHIN = timedelta(days=1)
POLICY = "plain"
CARRIER = "simulator"
PROMISES = (("sms", "carrier"), ("call", "robot"))


@dataclass(frozen=True, slots=True)
class Letter:
    """One attempt that is about to be made, and what the carrier is told."""

    dispatch_id: UUID
    case_id: UUID
    attempt_id: UUID
    told: dict[str, Any] = field(repr=False)


def keep_alert(connection: Connection, keys: Keyring, alert: Alert, now: datetime) -> list[tuple[str, UUID]]:
    """Keep an alert, with a new case and its two dispatches unless the person's case is open. (channel, id) of each."""
    table = tables.alerts
    before = select(table.c.id).where(table.c.source == alert.source, table.c.source_ref == alert.source_ref)
    if connection.execute(before).scalar() is not None:
        return []
    phone_index = keys.phone_index(alert.phone)
    case = tables.cases
    open_case = (
        update(case)
        .where(
            case.c.phone_index == phone_index,
            case.c.fraud_type == alert.fraud_type.value,
            case.c.is_test == alert.test,
            case.c.state == "open",
        )
        .values(pushes=case.c.pushes + 1)
        .returning(case.c.id)
    )
    case_id = connection.execute(open_case).scalar()
    merged, made = case_id is not None, []
    if case_id is None:
        case_id = _open_case(connection, keys, alert, phone_index, now)
        made = _promise(connection, case_id, phone_index, alert, now)
    alert_id = new_id()
    personal = json.dumps(alert.personal(), ensure_ascii=False, default=str).encode()
    lag = None if alert.occurred_at is None else round((now - alert.occurred_at).total_seconds() * 1000)
    connection.execute(
        insert(table),
        {
            "id": alert_id,
            "source": alert.source,
            "source_ref": alert.source_ref,
            "batch": alert.batch,
            "body_index": keys.index("body", alert.canonical()),
            "door": "plain",
            "case_id": case_id,
            "merged": merged,
            "is_test": alert.test,
            "risk": alert.risk.value,
            "fraud_type": alert.fraud_type.value,
            "region": alert.region,
            "region_from": alert.region_from.value,
            "occurred_at": alert.occurred_at,
            "pushed_at": alert.pushed_at,
            "received_at": now,
            "push_lag_ms": lag,
            "phone_index": phone_index,
            "sex": alert.victim.sex,
            "age_band": alert.victim.age_band,
            "amount_yuan": alert.signal.amount_yuan if alert.signal else None,
            "sealed": keys.seal(personal, "alerts", alert_id),
            "key_id": keys.current,
        },
    )
    tell(connection, case_id, None, "pushed_again" if merged else "opened", now, "intake", to_state="open")
    return made


def keep_policy(connection: Connection, now: datetime) -> None:
    """The one policy row that cases of this design refer to; made at the start."""
    row = {"digest": POLICY, "name": POLICY, "body": "{}", "first_used_at": now}
    connection.execute(upsert(tables.policies).values(row).on_conflict_do_nothing())


def keep_refused(connection: Connection, keys: Keyring, body: bytes, refused: Refused, now: datetime) -> None:
    """Keep what was refused, sealed, with the reasons; the same body again counts up."""
    letter_id, table = new_id(), tables.dead_letters
    row = {
        "id": letter_id,
        "door": "plain",
        "source": refused.source,
        "source_ref": refused.source_ref,
        "body_index": keys.index("dead", body),
        "faults": [{"field": fault.field, "message": fault.message} for fault in refused.faults],
        "times": 1,
        "received_at": now,
        "last_at": now,
        "state": "kept",
        "sealed": keys.seal(body, "dead_letters", letter_id),
        "key_id": keys.current,
    }
    again = {"times": table.c.times + 1, "last_at": now}
    connection.execute(upsert(table).values(row).on_conflict_do_update(index_elements=["body_index"], set_=again))


def begin_attempt(connection: Connection, keys: Keyring, dispatch_id: UUID, now: datetime) -> Letter | None:
    """Take a waiting dispatch and write its attempt; None when it does not wait any more."""
    dispatch, case = tables.dispatches, tables.cases
    taken = connection.execute(
        update(dispatch)
        .where(dispatch.c.id == dispatch_id, dispatch.c.state == "waiting")
        .values(
            state="underway",
            lease_until=now + LEASE,
            fence=dispatch.c.fence + 1,
            tries=dispatch.c.tries + 1,
            attempts=dispatch.c.attempts + 1,
        )
        .returning(dispatch.c.case_id, dispatch.c.stem, dispatch.c.attempts, dispatch.c.channel)
    ).one_or_none()
    if taken is None:
        return None
    person = connection.execute(
        select(case.c.phone_sealed, case.c.key_id, case.c.fraud_type).where(case.c.id == taken.case_id)
    ).one()
    attempt_id, called = new_id(), reference(taken.stem, taken.attempts)
    connection.execute(
        insert(tables.attempts),
        {
            "id": attempt_id,
            "dispatch_id": dispatch_id,
            "number": taken.attempts,
            "reference": called,
            "carrier": CARRIER,
            "begun_at": now,
            "asks": 0,
        },
    )
    kind = FraudType(person.fraud_type)
    told = {
        "reference": called,
        "to": keys.open(person.phone_sealed, person.key_id, "cases", taken.case_id).decode(),
        "text": texts.text_for(kind) if taken.channel == "sms" else texts.script_for(kind),
    }
    return Letter(dispatch_id, taken.case_id, attempt_id, told)


def end_attempt(connection: Connection, letter: Letter, answer: dict[str, Any], now: datetime) -> None:
    """Write down the carrier's answer; a receipt may have been faster, and then nothing moves."""
    attempt, dispatch = tables.attempts, tables.dispatches
    connection.execute(
        update(attempt)
        .where(attempt.c.id == letter.attempt_id, attempt.c.answer.is_(None))
        .values(answer=answer["answer"], answered_at=now, code=answer.get("code"), carrier_ref=answer.get("carrier_id"))
    )
    moved = {"state": "handed_over", "handed_over_at": now, "news_due_at": now + NEWS_WITHIN, "lease_until": None}
    event = "accept"
    if answer["answer"] == "refused":
        moved = {"state": "missed", "ended_at": now, "outcome": "gateway_temporary", "lease_until": None}
        event = "spend"
    # busy and unsure are handed over as well: a plain design waits for news, and a nightly job looks after the rest
    found = connection.execute(
        update(dispatch).where(dispatch.c.id == letter.dispatch_id, dispatch.c.state == "underway").values(moved)
    )
    if found.rowcount:
        tell(
            connection,
            letter.case_id,
            letter.dispatch_id,
            event,
            now,
            "carrier",
            from_state="underway",
            to_state=str(moved["state"]),
        )


def _open_case(connection: Connection, keys: Keyring, alert: Alert, phone_index: bytes, now: datetime) -> UUID:
    case_id = new_id()
    connection.execute(
        insert(tables.cases),
        {
            "id": case_id,
            "phone_index": phone_index,
            "phone_sealed": keys.seal(alert.phone.encode(), "cases", case_id),
            "key_id": keys.current,
            "fraud_type": alert.fraud_type.value,
            "first_risk": alert.risk.value,
            "risk": alert.risk.value,
            "region": alert.region,
            "is_test": alert.test,
            "pushes": 1,
            "second_warning": False,
            "state": "open",
            "opened_at": now,
            "policy_digest": POLICY,
        },
    )
    return case_id


def _promise(
    connection: Connection, case_id: UUID, phone_index: bytes, alert: Alert, now: datetime
) -> list[tuple[str, UUID]]:
    rows = [
        {
            "id": new_id(),
            "case_id": case_id,
            "phone_index": phone_index,
            "stem": new_stem(),
            "channel": channel,
            "means": means,
            "target": "self",
            "risk": alert.risk.value,
            "lane": "routine",
            "state": "waiting",
            "planned_at": now,
            "due_at": now,
            "ring_at": now,
            "rings": 1,
            "fence": 0,
            "tries": 0,
            "attempts": 0,
        }
        for channel, means in PROMISES
    ]
    connection.execute(insert(tables.dispatches), rows)
    connection.execute(
        insert(tables.deadlines),
        {
            "id": new_id(),
            "case_id": case_id,
            "kind": "contact",
            "step": 0,
            "started_at": now,
            "due_at": now + CONTACT_WITHIN,
            "late_on_arrival": False,
        },
    )
    return [(str(row["channel"]), UUID(str(row["id"]))) for row in rows]


def contact(connection: Connection, case_id: UUID, dispatch_id: UUID, at: datetime) -> None:
    """The person was reached by voice: note it on the case, keep the limit."""
    case, deadline = tables.cases, tables.deadlines
    connection.execute(
        update(case)
        .where(case.c.id == case_id, case.c.contacted_at.is_(None))
        .values(contacted_at=at, contacted_by="robot")
    )
    connection.execute(
        update(deadline)
        .where(and_(deadline.c.case_id == case_id, deadline.c.kind == "contact", deadline.c.done_at.is_(None)))
        .values(done_at=at)
    )
    tell(connection, case_id, dispatch_id, "contacted", at, "news")


def close_if_dissuaded(connection: Connection, case_id: UUID, now: datetime) -> None:
    """A case whose dispatches have all ended, and whose person said to the robot that he understood, is closed."""
    case, dispatch = tables.cases, tables.dispatches
    found = select(dispatch.c.outcome, dispatch.c.ended_at).where(dispatch.c.case_id == case_id)
    all_of_it = connection.execute(found).all()
    understood = any(row.outcome == "key_understood" for row in all_of_it)
    if understood and all(row.ended_at is not None for row in all_of_it):
        closed = {"state": "closed", "close_code": "dissuaded", "closed_at": now}
        connection.execute(update(case).where(case.c.id == case_id, case.c.state == "open").values(closed))
        tell(connection, case_id, None, "closed", now, "news", from_state="open", to_state="closed")


def tell(
    connection: Connection,
    case_id: UUID,
    dispatch_id: UUID | None,
    what: str,
    at: datetime,
    actor: str,
    *,
    from_state: str | None = None,
    to_state: str | None = None,
) -> None:
    connection.execute(
        insert(tables.events),
        {
            "id": new_id(),
            "case_id": case_id,
            "dispatch_id": dispatch_id,
            "at": at,
            "actor": actor,
            "what": what,
            "from_state": from_state,
            "to_state": to_state,
        },
    )
