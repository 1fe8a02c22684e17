"""The door of meaning: alerts come in, and what is answered "accepted" is committed, planned, and never forgotten.

raw alerts -> read -> known before? -> join or open a case -> plan -> one transaction -> results, bells
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from uuid import UUID

from sqlalchemy import Connection, bindparam, select, text, tuple_, update
from sqlalchemy.exc import DataError, IntegrityError

from config.policy import Policy
from dispatcher import tables
from dispatcher.alert import Alert, Fault, Refused, Rules, check, read
from dispatcher.bells import Bell, bells_of
from dispatcher.casebook import OPEN, CaseBook, remember_policy, remembered_policy
from dispatcher.draft import Row
from dispatcher.ids import new_id
from dispatcher.join import Join, Known, Open, join
from dispatcher.keys import Keyring
from dispatcher.move import conclude_all
from dispatcher.plan import plan
from dispatcher.store import Store, is_postgres
from dispatcher.words import Risk


class Status(StrEnum):
    """How an alert was answered."""

    ACCEPTED = "accepted"
    REPEATED = "repeated"
    REFUSED = "refused"


@dataclass(frozen=True, slots=True)
class Incoming:
    """One alert as it came: raw bytes, or a JSON value that a door has already taken apart.

    `faults`: what the door itself found wrong (a file's line that cannot be read); such an alert is refused.
    """

    raw: bytes | None = field(default=None, repr=False)
    value: object = field(default=None, repr=False)
    batch: str | None = None
    faults: tuple[Fault, ...] = ()


@dataclass(frozen=True, slots=True)
class Result:
    """The answer to one alert; `dead_letter` names where a refused one is kept."""

    status: Status
    source: str | None
    source_ref: str | None
    alert_id: UUID | None = None
    case_id: UUID | None = None
    merged: bool = False
    faults: tuple[Fault, ...] = ()
    dead_letter: UUID | None = None


@dataclass(frozen=True, slots=True)
class Accepted:
    """What a batch came to: one result for each alert, in order, and what may be rung now."""

    results: list[Result]
    bells: list[Bell]


@dataclass(frozen=True, slots=True)
class Intake:
    """What every door of intake needs: where to keep, what is right, what is promised."""

    store: Store
    rules: Rules
    policy: Policy

    def accept(
        self, batch: Sequence[Incoming], *, door: str, now: datetime, only_source: str | None = None
    ) -> Accepted:
        """Take a batch. When this returns, every alert is committed: as an alert with its plan, or as a dead letter.

        One bad alert never fails its batch. Safe to call again with the same alerts. `only_source` refuses alerts
        that claim another source (an upstream's key speaks for one).

        Raises: SQLAlchemyError: nothing of the batch was kept; the sender must send it again.
        """
        parsed = [_refuse_strangers(self._parse(incoming, now), only_source) for incoming in batch]
        try:
            return self._keep(batch, parsed, door, now)
        except (IntegrityError, DataError):
            # something in it cannot be kept: find out which, and keep the others
            return self._one_by_one(batch, parsed, door, now)

    def _keep(self, batch: Sequence[Incoming], parsed: Sequence[Alert | Refused], door: str, now: datetime) -> Accepted:
        with self.store.write() as connection:
            session = _Session(connection, self, door, now)
            results = session.take(batch, parsed)
            bells = bells_of(session.book.draft.rows(tables.dispatches), now)
            session.write()
        return Accepted(results, bells)

    def _one_by_one(
        self, batch: Sequence[Incoming], parsed: Sequence[Alert | Refused], door: str, now: datetime
    ) -> Accepted:
        whole = Accepted([], [])
        for incoming, item in zip(batch, parsed, strict=True):
            try:
                one = self._keep([incoming], [item], door, now)
            except (IntegrityError, DataError):
                told = (item.source, item.source_ref)
                one = self._keep([incoming], [Refused((UNKEEPABLE,), *told)], door, now)
            whole.results.extend(one.results)
            whole.bells.extend(one.bells)
        return whole

    def _parse(self, incoming: Incoming, now: datetime) -> Alert | Refused:
        if incoming.faults:
            judged = check(incoming.value, now=now, rules=self.rules) if incoming.value is not None else None
            if isinstance(judged, Refused):
                return Refused((*incoming.faults, *judged.faults), judged.source, judged.source_ref)
            known = (None, None) if judged is None else (judged.source, judged.source_ref)
            return Refused(incoming.faults, *known)
        if incoming.raw is not None:
            return read(incoming.raw, now=now, rules=self.rules)
        return check(incoming.value, now=now, rules=self.rules)


def _refuse_strangers(parsed: Alert | Refused, only_source: str | None) -> Alert | Refused:
    if only_source is None or isinstance(parsed, Refused) or parsed.source == only_source:
        return parsed
    fault = Fault("source", "this key may only push alerts of its own source")
    return Refused((fault,), parsed.source, parsed.source_ref)


CONFLICT = Fault("source_ref", "was accepted before with other contents; a changed alert needs a source_ref of its own")

UNKEEPABLE = Fault("$", "is well-formed, but the database refuses it; show this dead letter to the operators")


class _Session:
    """One batch inside its transaction."""

    def __init__(self, connection: Connection, intake: Intake, door: str, now: datetime) -> None:
        self.connection = connection
        self.intake = intake
        self.keys: Keyring = intake.store.keys
        self.door = door
        self.now = now
        self.book = CaseBook(connection, now=now, actor="intake")
        self.seen: dict[tuple[str, str], Row] = {}
        self.people: dict[tuple[bytes, bool], list[Known]] = {}
        self.sources: dict[UUID, dict[str, datetime]] = {}
        self.refused: dict[bytes, Row] = {}

    def take(self, batch: Sequence[Incoming], parsed: Sequence[Alert | Refused]) -> list[Result]:
        alerts = [item for item in parsed if not isinstance(item, Refused)]
        indexes = {id(alert): self.keys.phone_index(alert.phone) for alert in alerts}
        self._lock_people(sorted(set(indexes.values())))
        self._load_seen(alerts)
        self._load_people(sorted(set(indexes.values())))
        self._load_sources()
        results = []
        for incoming, item in zip(batch, parsed, strict=True):
            if isinstance(item, Refused):
                results.append(self._refuse(incoming, item))
            else:
                results.append(self._accept_one(incoming, item, indexes[id(item)]))
        conclude_all(self.book)
        return results

    def write(self) -> None:
        self._keep_policies()
        self.book.flush()
        self._keep_dead_letters()

    # -- one alert ----------------------------------------------------------------------------------------------

    def _accept_one(self, incoming: Incoming, alert: Alert, phone_index: bytes) -> Result:
        body_index = self.keys.index("body", alert.canonical())
        before = self.seen.get((alert.source, alert.source_ref))
        if before is not None:
            if before["body_index"] != body_index:
                return self._refuse(incoming, Refused((CONFLICT,), alert.source, alert.source_ref))
            return Result(
                Status.REPEATED,
                alert.source,
                alert.source_ref,
                before["id"],
                before["case_id"],
                before["merged"],
            )
        case, merged = self._find_case(alert, phone_index)
        row = self._keep_alert(incoming, alert, phone_index, body_index, case, merged)
        return Result(Status.ACCEPTED, alert.source, alert.source_ref, row["id"], case["id"], merged)

    def _find_case(self, alert: Alert, phone_index: bytes) -> tuple[Row, bool]:
        """The case that the alert joins, raised as it asks; or a new one, planned."""
        policy = self.intake.policy.for_region(alert.region)
        known = self.people.setdefault((phone_index, alert.test), [])
        place = join(alert.fraud_type, known, rules=policy.joining, now=self.now)
        if isinstance(place, Join):
            return self._join(alert, place), True
        case = self._open_case(alert, phone_index, place, policy)
        known.append(_known(case))
        self._lift_leader(alert, case, is_new=True)
        return case, False

    def _join(self, alert: Alert, place: Join) -> Row:
        self.book.load_whole([place.case])
        case = self.book.cases[place.case]
        case["pushes"] += 1
        self.book.touch_case(case)
        self.book.draft.event(case["id"], "pushed_again", why=alert.source)
        if place.second_warning:
            self.book.warn_again(case, pushed_at=alert.pushed_at)
        self._raise_for(alert, case, second_source=self._is_second_source(alert, case))
        self._refresh(case)
        return case

    def _raise_for(self, alert: Alert, case: Row, *, second_source: bool) -> None:
        """Raise to the higher of the levels, and one more for a second source within a day."""
        old = Risk(case["risk"])
        new = old.higher(alert.risk)
        if second_source:
            new = new.raised()
        self.sources.setdefault(case["id"], {})[alert.source] = self.now
        if new is old:
            return
        why = "second_source" if second_source else "higher_alert"
        self.book.raise_level(case, new, why=why, pushed_at=alert.pushed_at)
        if case["shares_case_id"] is not None:
            self._lift_leader(alert, case)

    def _lift_leader(self, alert: Alert, case: Row, *, is_new: bool = False) -> None:
        """A sharer has no call and visit of its own, so its danger is its leader's too.

        A second source that opens a linked case within a day raises the leader one more: rule 3 speaks of the person,
        not of the type. Where the linked case was there, it has been raised itself.
        """
        if case["shares_case_id"] is None:
            return
        self.book.load_whole([case["shares_case_id"]])
        leader = self.book.cases[case["shares_case_id"]]
        second_source = is_new and self._is_second_source(alert, leader)
        self.sources.setdefault(leader["id"], {})[alert.source] = self.now
        new = Risk(leader["risk"]).higher(Risk(case["risk"]))
        if second_source:
            new = new.raised()
        if new != leader["risk"] and leader["state"] == OPEN:
            why = "second_source" if second_source else "linked_case"
            self.book.raise_level(leader, new, why=why, pushed_at=alert.pushed_at)

    def _is_second_source(self, alert: Alert, case: Row) -> bool:
        heard = self.sources.get(case["id"], {})
        within_s = self.book.policy_of(case).joining.second_source_s
        recent = [source for source, at in heard.items() if (self.now - at).total_seconds() <= within_s]
        return bool(recent) and alert.source not in heard

    def _open_case(self, alert: Alert, phone_index: bytes, place: Open, policy: Policy) -> Row:
        case_id = new_id()
        case = self.book.adopt(
            {
                "id": case_id,
                "phone_index": phone_index,
                "phone_sealed": self.keys.seal(alert.phone.encode(), "cases", case_id),
                "key_id": self.keys.current,
                "fraud_type": alert.fraud_type.value,
                "first_risk": alert.risk.value,
                "risk": alert.risk.value,
                "raised_at": None,
                "region": alert.region,
                "is_test": alert.test,
                "pushes": 1,
                "second_warning": False,
                "state": OPEN,
                "opened_at": self.now,
                "contacted_at": None,
                "contacted_by": None,
                "verdict": None,
                "dissuasion": None,
                "close_code": None,
                "closed_at": None,
                "closes_itself_at": None,
                "previous_case_id": place.previous,
                "shares_case_id": place.shares,
                "policy_digest": policy.digest,
            }
        )
        remember_policy(policy)
        planned = plan(
            policy,
            alert.risk,
            received_at=self.now,
            pushed_at=alert.pushed_at,
            shared=place.shares is not None,
        )
        case["closes_itself_at"] = planned.closes_itself_at
        self.book.draft.event(case_id, "opened", to_state=OPEN, why=alert.source)
        self.book.write_plan(case, planned)
        self.sources[case_id] = {alert.source: self.now}
        return case

    def _keep_alert(
        self, incoming: Incoming, alert: Alert, phone_index: bytes, body_index: bytes, case: Row, merged: bool
    ) -> Row:
        alert_id = new_id()
        personal = json.dumps(alert.personal(), ensure_ascii=False, default=str).encode()
        row = self.book.draft.add(
            tables.alerts,
            {
                "id": alert_id,
                "source": alert.source,
                "source_ref": alert.source_ref,
                "batch": alert.batch or incoming.batch,
                "body_index": body_index,
                "door": self.door,
                "case_id": case["id"],
                "merged": merged,
                "is_test": alert.test,
                "withdrawn_at": None,
                "risk": alert.risk.value,
                "fraud_type": alert.fraud_type.value,
                "region": alert.region,
                "region_from": alert.region_from.value,
                "occurred_at": alert.occurred_at,
                "pushed_at": alert.pushed_at,
                "received_at": self.now,
                "push_lag_ms": _lag_ms(alert.occurred_at, self.now),
                "phone_index": phone_index,
                "sex": alert.victim.sex,
                "age_band": alert.victim.age_band,
                "amount_yuan": alert.signal.amount_yuan if alert.signal else None,
                "sealed": self.keys.seal(personal, "alerts", alert_id),
                "key_id": self.keys.current,
            },
        )
        self.seen[alert.source, alert.source_ref] = row
        return row

    # -- refusals -----------------------------------------------------------------------------------------------

    def _refuse(self, incoming: Incoming, refused: Refused) -> Result:
        body = incoming.raw if incoming.raw is not None else _as_json(incoming.value)
        body_index = self.keys.index("dead", body)
        row = self.refused.get(body_index)
        if row is None:
            letter_id = new_id()
            row = self.refused[body_index] = {
                "id": letter_id,
                "door": self.door,
                "batch": _cut(incoming.batch, 128),
                "source": _cut(refused.source, 64),
                "source_ref": _cut(refused.source_ref, 128),
                "body_index": body_index,
                "faults": [{"field": fault.field, "message": fault.message} for fault in refused.faults],
                "times": 0,
                "received_at": self.now,
                "last_at": self.now,
                "state": "kept",
                "alert_id": None,
                "sealed": self.keys.seal(body, "dead_letters", letter_id),
                "key_id": self.keys.current,
            }
            found = self.connection.execute(
                select(tables.dead_letters.c.id).where(tables.dead_letters.c.body_index == body_index)
            ).scalar()
            row["known_as"] = found
        row["times"] += 1
        return Result(
            Status.REFUSED,
            refused.source,
            refused.source_ref,
            faults=refused.faults,
            dead_letter=row["known_as"] or row["id"],
        )

    def _keep_dead_letters(self) -> None:
        table = tables.dead_letters
        known = [row for row in self.refused.values() if row["known_as"] is not None]
        fresh = [row for row in self.refused.values() if row["known_as"] is None]
        if fresh:
            rows = [{name: value for name, value in row.items() if name != "known_as"} for row in fresh]
            self.connection.execute(table.insert(), rows)
        if known:
            again = update(table).where(table.c.id == bindparam("row_id"))
            changes = [{"row_id": row["known_as"], "more": row["times"]} for row in known]
            self.connection.execute(again.values(times=table.c.times + bindparam("more"), last_at=self.now), changes)

    # -- what is there ------------------------------------------------------------------------------------------

    def _lock_people(self, indexes: list[bytes]) -> None:
        """Two batches never plan for one person at once: PostgreSQL locks each person, SQLite the whole file."""
        if indexes and is_postgres(self.connection):
            names = [{"name": int.from_bytes(index[:8], "big", signed=True)} for index in indexes]
            self.connection.execute(text("SELECT pg_advisory_xact_lock(:name)"), names)

    def _load_seen(self, alerts: Sequence[Alert]) -> None:
        table = tables.alerts
        pairs = sorted({(alert.source, alert.source_ref) for alert in alerts})
        if not pairs:
            return
        columns = (table.c.id, table.c.source, table.c.source_ref, table.c.body_index, table.c.case_id, table.c.merged)
        query = select(*columns).where(tuple_(table.c.source, table.c.source_ref).in_(pairs))
        for row in self.connection.execute(query).mappings():
            self.seen[row["source"], row["source_ref"]] = dict(row)

    def _load_people(self, indexes: list[bytes]) -> None:
        """All cases of these people, locked in one order: see `CaseBook.lock_people`."""
        table = tables.cases
        if not indexes:
            return
        query = select(table).where(table.c.phone_index.in_(indexes)).order_by(table.c.id).with_for_update()
        for row in self.connection.execute(query).mappings():
            self.people.setdefault((row["phone_index"], row["is_test"]), []).append(_known(dict(row)))

    def _load_sources(self) -> None:
        """Which source spoke last when of the cases that may be joined."""
        table = tables.alerts
        ids = [known.id for cases in self.people.values() for known in cases]
        if not ids:
            return
        query = select(table.c.case_id, table.c.source, table.c.received_at).where(table.c.case_id.in_(ids))
        for case_id, source, at in self.connection.execute(query.order_by(table.c.received_at)):
            self.sources.setdefault(case_id, {})[source] = at

    def _refresh(self, case: Row) -> None:
        """Later alerts of this batch see the case as it now is."""
        known = self.people[case["phone_index"], case["is_test"]]
        known[:] = [_known(case) if item.id == case["id"] else item for item in known]

    def _keep_policies(self) -> None:
        table = tables.policies
        used = {row["policy_digest"] for row in self.book.draft.rows(tables.cases)}
        if not used:
            return
        there = set(self.connection.execute(select(table.c.digest).where(table.c.digest.in_(used))).scalars())
        for digest in sorted(used - there):
            policy = remembered_policy(digest)
            assert policy is not None
            self.book.draft.add(
                table, {"digest": digest, "name": policy.name, "body": policy.text, "first_used_at": self.now}
            )


def _known(row: Row) -> Known:
    return Known(
        row["id"],
        row["fraud_type"],
        row["state"],
        row["opened_at"],
        row["close_code"],
        row["closed_at"],
        row["shares_case_id"],
    )


def _lag_ms(occurred_at: datetime | None, now: datetime) -> int | None:
    return None if occurred_at is None else round((now - occurred_at).total_seconds() * 1000)


def _as_json(value: object) -> bytes:
    return json.dumps(value, ensure_ascii=False, sort_keys=True, default=repr).encode("utf-8", "surrogatepass")


def _cut(value: str | None, length: int) -> str | None:
    return None if value is None else value[:length]
