"""History becomes rows: each alert a closed case of its own with its old times, marked by its door as imported."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from uuid import UUID

from sqlalchemy import Connection, insert, select

from config.policy import Policy
from dispatcher import tables
from dispatcher.bulk import among
from dispatcher.draft import Draft
from dispatcher.figures.facts import HISTORY
from dispatcher.history.reading import MEANS, Past, PastDispatch
from dispatcher.ids import new_id, new_stem, reference
from dispatcher.keys import Keyring
from dispatcher.outcomes import GOOD
from dispatcher.store import Store
from dispatcher.touched import note_touched
from dispatcher.words import Answer, Channel, DispatchState, Means, Outcome, Target

NOTE = 250
"""Cases in one note to the fold: what a worker folds in one transaction on SQLite."""

Name = tuple[str, str]
"""A source, and its reference."""

FULFILLED = GOOD | {Outcome.REACHED, Outcome.REFUSED_ADVICE, Outcome.MET}


@dataclass(frozen=True, slots=True)
class Kept:
    """How many alerts of a batch are new, and how many were known by their source and reference."""

    new: int
    known: int


def keep_past(store: Store, pasts: Sequence[Past], *, policy: Policy, now: datetime) -> Kept:
    """Keep a batch of history. Commits. Safe to call again: what is known stays as it is.

    Raises: IntegrityError: the same alerts were kept this very moment by another; call again.
    """
    with store.read() as connection:
        fresh = list(_unknown(connection, pasts))
    draft = Draft(now, "import")
    case_ids = [_draw_up(draft, store.keys, past, policy) for past in fresh]  # sealing takes time: before the write
    with store.write() as connection:
        _keep_policy(connection, policy, now)
        draft.write(connection)
        for start in range(0, len(case_ids), NOTE):
            note_touched(connection, case_ids[start : start + NOTE], now=now)
    return Kept(len(fresh), len(pasts) - len(fresh))


def known_of(connection: Connection, names: Iterable[Name]) -> set[Name]:
    """Those of these sources and references of which an alert is kept."""
    table = tables.alerts
    references: dict[str, set[str]] = {}
    for source, reference_ in names:
        references.setdefault(source, set()).add(reference_)
    return {
        (source, found)
        for source, mine in references.items()
        for found in connection.execute(
            select(table.c.source_ref).where(
                table.c.source == source, among(connection, table.c.source_ref, sorted(mine))
            )
        ).scalars()
    }


def _unknown(connection: Connection, pasts: Sequence[Past]) -> Iterator[Past]:
    """Those that no alert of their source and reference is kept of, the first of each."""
    known = known_of(connection, (past.name for past in pasts))
    for past in pasts:
        if past.name not in known:
            known.add(past.name)
            yield past


def _draw_up(draft: Draft, keys: Keyring, past: Past, policy: Policy) -> UUID:
    """All rows of one alert. Returns the case's id."""
    case_id, alert, told = new_id(), past.alert, past.told
    index = keys.phone_index(alert.phone)
    draft.add(
        tables.cases,
        {
            "id": case_id,
            "phone_index": index,
            "phone_sealed": keys.seal(alert.phone.encode(), "cases", case_id),
            "key_id": keys.current,
            "fraud_type": alert.fraud_type.value,
            "first_risk": alert.risk.value,
            "risk": alert.risk.value,
            "raised_at": None,
            "region": alert.region,
            "is_test": alert.test,
            "pushes": 1,
            "second_warning": False,
            "state": "closed",
            "opened_at": past.received_at,
            "contacted_at": told.contacted_at,
            "contacted_by": told.contacted_by,
            "verdict": told.verdict,
            "dissuasion": told.dissuasion,
            "close_code": told.close_code.value,
            "closed_at": past.closed_at,
            "closes_itself_at": None,
            "previous_case_id": None,
            "shares_case_id": None,
            "policy_digest": policy.digest,
        },
    )
    _alert(draft, keys, past, case_id, index)
    for one in told.dispatches:
        _dispatch(draft, past, one, case_id, index)
    draft.event(case_id, "imported", to_state="closed", why=alert.source)
    return case_id


def _alert(draft: Draft, keys: Keyring, past: Past, case_id: UUID, index: bytes) -> None:
    alert, alert_id = past.alert, new_id()
    personal = alert.personal_json()
    lag = None if alert.occurred_at is None else past.received_at - alert.occurred_at
    draft.add(
        tables.alerts,
        {
            "id": alert_id,
            "source": alert.source,
            "source_ref": alert.source_ref,
            "batch": alert.batch,
            "body_index": keys.index("body", alert.canonical()),
            "door": HISTORY,
            "case_id": case_id,
            "merged": False,
            "is_test": alert.test,
            "withdrawn_at": None,
            "revision": alert.revision,
            "risk": alert.risk.value,
            "fraud_type": alert.fraud_type.value,
            "region": alert.region,
            "region_from": alert.region_from.value,
            "occurred_at": alert.occurred_at,
            "pushed_at": alert.pushed_at,
            "received_at": past.received_at,
            "push_lag_ms": None if lag is None else round(lag.total_seconds() * 1000),
            "phone_index": index,
            "sex": alert.victim.sex,
            "age_band": alert.victim.age_band,
            "amount_yuan": alert.signal.amount_yuan if alert.signal else None,
            "sealed": keys.seal(personal, "alerts", alert_id),
            "key_id": keys.current,
        },
    )


def _dispatch(draft: Draft, past: Past, told: PastDispatch, case_id: UUID, index: bytes) -> None:
    """An ended dispatch and its one try."""
    stem, dispatch_id, risk = new_stem(), new_id(), past.alert.risk
    at = told.at.astimezone(UTC)
    unknown = told.outcome is Outcome.UNKNOWN
    ended = DispatchState.FULFILLED if told.outcome in FULFILLED else DispatchState.MISSED
    machine = told.channel is not Channel.VISIT and told.means is not Means.HUMAN
    draft.add(
        tables.dispatches,
        {
            "id": dispatch_id,
            "case_id": case_id,
            "phone_index": index,
            "stem": stem,
            "channel": told.channel.value,
            "means": (told.means or MEANS[told.channel]).value,
            "target": Target.SELF.value,
            "risk": risk.value,
            "lane": "urgent" if risk.urgent or not machine else "routine",
            "state": (DispatchState.UNKNOWN if unknown else ended).value,
            "planned_at": past.received_at,
            "due_at": past.received_at,
            "hand_over_by": None,
            "ring_at": past.received_at,
            "rings": 0,
            "lease_until": None,
            "lease_owner": None,
            "fence": 0,
            "tries": 1,
            "attempts": 1,
            "handed_over_at": at,
            "news_due_at": None,
            "outcome": told.outcome.value,
            "reason": None,
            "ended_at": at,
            "held_by": None,
            "unit_id": None,
            "assigned_at": None,
            "signed_in_at": None,
            "signed_in_by": None,
        },
    )
    draft.add(
        tables.attempts,
        {
            "id": new_id(),
            "dispatch_id": dispatch_id,
            "number": 1,
            "reference": reference(stem, 1),
            "carrier": HISTORY,
            "begun_at": at,
            "answered_at": at,
            "answer": Answer.ACCEPTED.value,
            "code": None,
            "carrier_ref": None,
            "ask_at": None,
            "asks": 0,
            "outcome": None if unknown else told.outcome.value,
            "outcome_code": None,
            "outcome_at": None if unknown else at,
        },
    )


def _keep_policy(connection: Connection, policy: Policy, now: datetime) -> None:
    table = tables.policies
    if connection.execute(select(table.c.digest).where(table.c.digest == policy.digest)).first() is None:
        row = {"digest": policy.digest, "name": policy.name, "body": policy.text, "first_used_at": now}
        connection.execute(insert(table), row)
