"""A town in a test: people are warned, carriers tell, officers report, and the clock is moved by hand.

town.hears_of(GRANDMOTHER, risk="L1")      an upstream pushes an alert
town.works()                               workers claim what is due; the carrier takes all of it
town.told(letter, "DELIVRD")               the carrier's news
town.reports(town.one(HUMAN), …)           a caller or officer
town.later(minutes=5); town.ticks()        time passes; the clock runs once
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime, timedelta
from itertools import count
from typing import Any
from uuid import UUID

from sqlalchemy import Table, insert, select, update

from config.policy import Policy, load_policy
from dispatcher import clock, holding, receipts, tables
from dispatcher.access import Visitor, make_key, who
from dispatcher.alert import Rules
from dispatcher.assign import assign
from dispatcher.bells import Bell
from dispatcher.carriers import simulator
from dispatcher.casebook import CaseBook, way_of
from dispatcher.claim import Lease, Letter, claim
from dispatcher.happenings import Answered, Happening
from dispatcher.ids import new_id
from dispatcher.intake import Incoming, Intake, Result
from dispatcher.move import Happened, Moved, move
from dispatcher.news import Told
from dispatcher.plan import Way
from dispatcher.settle import Settled, Settlement, settle
from dispatcher.store import Store
from dispatcher.units import RegionRow, seed_units
from dispatcher.words import Answer, Role
from dispatcher.worklist import Report, Reported, report, sign_in

Row = dict[str, Any]

NOON = datetime(2026, 11, 22, 4, 0, tzinfo=UTC)
"""Twelve o'clock in Shanghai: every robot may call."""

GRANDMOTHER, GRANDFATHER, STUDENT = "13800138000", "13900139000", "15000150000"
COUNTY = "140105"
REGIONS = (
    RegionRow("140000", "山西省", None),
    RegionRow("140100", "太原市", "140000"),
    RegionRow(COUNTY, "小店区", "140100"),
)
RULES = Rules.shipped()
DEFAULT = load_policy("default")
LEASE = timedelta(seconds=20)
SETTLING_S = 4.0


class Town:
    """One store, one policy, one hand-moved clock."""

    def __init__(self, store: Store, policy: Policy = DEFAULT, *, askable: bool = True) -> None:
        self.store = store
        self.intake = Intake(store, RULES, policy)
        self.now = NOON
        self.askable = askable
        self._numbers = count(1)
        with store.write() as connection:
            seed_units(connection, REGIONS, self.now)
            top = connection.execute(select(tables.units.c.id).where(tables.units.c.parent_id.is_(None))).scalar_one()
            key = make_key(connection, role=Role.SUPERVISOR, unit_id=top, label="desk", now=self.now)
            visitor = who(connection, key)
        assert visitor is not None
        self.desk: Visitor = visitor

    def later(self, **much: float) -> datetime:
        """Time passes: `seconds=`, `minutes=`, `hours=`, `days=`."""
        self.now += timedelta(**much)
        return self.now

    # -- intake -------------------------------------------------------------------------------------------------

    def alert(self, person: str = GRANDMOTHER, **told: Any) -> dict[str, Any]:
        """A right alert of schema v1, with a reference of its own."""
        return {
            "source": "bank",
            "source_ref": f"B-{next(self._numbers)}",
            "risk": "L3",
            "fraud_type": "fake_police",
            "pushed_at": (self.now - timedelta(minutes=1)).isoformat(),
            "region": COUNTY,
            "victim": {"phone": person},
        } | told

    def hears_of(self, person: str = GRANDMOTHER, **told: Any) -> Result:
        """One alert comes in."""
        return self.hears([self.alert(person, **told)])[0]

    def hears(self, alerts: Iterable[dict[str, Any] | bytes]) -> list[Result]:
        """A batch comes in."""
        batch = [Incoming(raw=one if isinstance(one, bytes) else json.dumps(one).encode()) for one in alerts]
        return self.intake.accept(batch, door="test", now=self.now).results

    def withdraws(self, source_ref: str, *, source: str = "bank", **told: Any) -> Result:
        """The upstream takes an alert back."""
        return self.hears([{"source": source, "source_ref": source_ref, "withdraw": True} | told])[0]

    # -- operators ----------------------------------------------------------------------------------------------

    def holds(self, **wanted: Any) -> UUID:
        """An operator holds what matches."""
        filter_ = holding.read_filter(wanted)
        return holding.hold(self.store, filter_, self.desk, reason="wrong batch", remote="test", now=self.now)

    def brakes(self, source: str = "bank", per_minute: int = 1, **how: Any) -> UUID:
        """An operator brakes a source."""
        told = {"reason": "too many", "remote": "test", "now": self.now}
        return holding.brake(self.store, source, self.desk, per_minute=per_minute, **told, **how)

    def releases(self, hold_id: UUID) -> list[Bell]:
        """An operator lets go. Returns the bells."""
        holding.release(self.store, hold_id, self.desk, remote="test", now=self.now)
        return [bell for bells in holding.let_go(self.store, hold_id, now=self.now) for bell in bells]

    def cancels(self, **wanted: Any) -> int:
        """An operator cancels what waits and matches."""
        filter_ = holding.read_filter(wanted)
        return holding.cancel(self.store, filter_, self.desk, reason="not needed", remote="test", now=self.now)

    def counts(self, **wanted: Any) -> holding.Counted:
        """What an operator is told before he decides."""
        with self.store.read() as connection:
            return holding.count(connection, holding.read_filter(wanted), now=self.now)

    # -- workers ------------------------------------------------------------------------------------------------

    def due(self) -> list[UUID]:
        """What a bell would name: everything that waits."""
        return [row["id"] for row in self.rows(tables.dispatches, state="waiting")]

    def takes(self, ids: Sequence[UUID] | None = None, *, owner: str = "worker") -> list[Letter]:
        """A worker claims."""
        lease = Lease(owner, simulator.NAME, LEASE)
        return claim(self.store, self.due() if ids is None else ids, lease=lease, now=self.now)

    def assigns(self) -> int:
        """People's work goes onto worklists."""
        return assign(self.store, self.due(), now=self.now)

    def answered(self, letters: Iterable[Letter], answer: Answer = Answer.ACCEPTED, **told: Any) -> Settled:
        """The carrier answers these letters, all alike."""
        said = Answered(answer, **told)
        return settle(self.store, [Settlement(letter, said, self.now) for letter in letters], now=self.now)

    def works(self) -> list[Letter]:
        """Everything due is claimed and taken by the carrier, or assigned. Returns the letters."""
        letters = self.takes()
        self.answered(letters)
        self.assigns()
        return letters

    # -- news and reports ---------------------------------------------------------------------------------------

    def told(self, letter: Letter | str, *codes: str) -> receipts.Applied:
        """The carrier calls back, once for each code, and the news is applied."""
        reference = letter if isinstance(letter, str) else letter.reference
        for code in codes:
            self.overhears(reference, code)
        return receipts.apply(self.store, now=self.now)

    def overhears(self, reference: str, code: str, *, at: datetime | None = None) -> list[UUID]:
        """News is kept, and not yet applied."""
        told = Told(reference, code, at or self.now, json.dumps({"code": code}).encode())
        return receipts.keep(self.store, simulator.NAME, [told], now=self.now)

    def signs_in(self, task: Row) -> None:
        """Somebody of the unit takes the task."""
        sign_in(self.store, self.desk, task["id"], self.reference(task), remote="test", now=self.now)

    def reports(self, task: Row, *, reference: str | None = None, **codes: Any) -> Reported:
        """What came of the task's latest try (or the one of `reference`), in the worklist's codes."""
        told: dict[str, Any] = {
            "reference": reference or self.reference(task),
            "happened_at": self.now,
            "target": "relative" if task["target"] == "relative" else "self",
            "reach": "reached",
        }
        report_ = Report.model_validate(told | codes)
        return report(self.store, self.desk, task["id"], report_, now=self.now)

    def reached(self, task: Row, **codes: Any) -> Reported:
        """The person himself was spoken to, and dissuaded in time."""
        return self.reports(task, **({"verdict": "not_defrauded", "dissuasion": "timely"} | codes))

    def missed(self, task: Row, reason: str = "no_answer", **codes: Any) -> Reported:
        """Nobody answered."""
        return self.reports(task, reach="not_reached", reason=reason, **codes)

    def met(self, task: Row, **codes: Any) -> Reported:
        """The officer met the person."""
        return self.reached(task, visit="met", **codes)

    def not_met(self, task: Row, why: str = "not_home", **codes: Any) -> Reported:
        """The officer came in vain."""
        return self.reports(task, reach="not_reached", reason="no_answer", visit="invalid", visit_reason=why, **codes)

    def happens(self, dispatch: Row, what: Happening) -> Moved:
        """Something happens to a dispatch, past every door."""
        with self.store.write() as connection:
            book = CaseBook(connection, now=self.now, actor="test")
            moved = move(book, [Happened(dispatch["id"], what, self.now)])
            book.flush()
        return moved[0]

    # -- the clock ----------------------------------------------------------------------------------------------

    def ticks(self) -> list[Bell]:
        """Every duty of the clock once, but asking. Returns all bells."""
        bells = receipts.apply(self.store, now=self.now).bells
        bells += clock.free_leases(self.store, ask_in=self.ask_in, now=self.now)[1]
        bells += clock.close_news(self.store, now=self.now)[1]
        clock.watch_promises(self.store, now=self.now)
        bells += clock.notice_idle_units(self.store, now=self.now)
        clock.close_due(self.store, now=self.now)
        bells += clock.finish_releases(self.store, now=self.now)
        return bells + clock.ring_due(self.store, now=self.now)

    def ask_in(self, _carrier: str) -> float | None:
        """When the carrier can be asked for a lost try."""
        return SETTLING_S if self.askable else None

    def asks(self, *, found: bool, code: str | None = None) -> int:
        """The carrier is asked for what nobody can tell. Returns for how many."""
        asks = clock.asks_due(self.store, now=self.now)
        answers = [clock.Asked(ask, found, "C-1" if found else None, code, self.now if code else None) for ask in asks]
        clock.settle_asked(self.store, answers, now=self.now)
        return len(asks)

    # -- looking ------------------------------------------------------------------------------------------------

    def rows(self, table: Table, **where: Any) -> list[Row]:
        """The rows of a table, oldest first."""
        query = select(table).filter_by(**where).order_by(*table.primary_key.columns)
        with self.store.read() as connection:
            return [dict(row) for row in connection.execute(query).mappings()]

    def cases(self, **where: Any) -> list[Row]:
        """The cases, oldest first."""
        return self.rows(tables.cases, **where)

    def case(self, **where: Any) -> Row:
        """The only case."""
        (found,) = self.cases(**where)
        return found

    def all(self, way: Way, **where: Any) -> list[Row]:
        """The dispatches of a way, oldest first."""
        return [row for row in self.rows(tables.dispatches, **where) if way_of(row) == way]

    def one(self, way: Way, **where: Any) -> Row:
        """The only dispatch of a way."""
        (found,) = self.all(way, **where)
        return found

    def state(self, way: Way, **where: Any) -> str:
        """Where the only dispatch of a way stands."""
        return str(self.one(way, **where)["state"])

    def ways(self, **where: Any) -> list[Way]:
        """The ways promised so far, sorted."""
        return sorted(way_of(row) for row in self.rows(tables.dispatches, **where))

    def tries(self, dispatch: Row) -> list[Row]:
        """The attempts of a dispatch, in order."""
        return sorted(self.rows(tables.attempts, dispatch_id=dispatch["id"]), key=lambda row: int(row["number"]))

    def reference(self, task: Row) -> str:
        """The reference of a dispatch's latest try."""
        return str(self.tries(task)[-1]["reference"])

    def limits(self, kind: str, **where: Any) -> list[Row]:
        """The promises of time of one kind."""
        return self.rows(tables.deadlines, kind=kind, **where)

    def tells(self, what: str, **where: Any) -> list[Row]:
        """The timeline's lines of one kind."""
        return self.rows(tables.events, what=what, **where)

    def change(self, table: Table, row_id: UUID, **values: Any) -> None:
        """Write past every rule of ours: the table alone decides."""
        with self.store.write() as connection:
            connection.execute(update(table).where(table.c.id == row_id).values(values))

    def copy(self, table: Table, row: Row, **values: Any) -> None:
        """Insert a copy of a row under a new id."""
        with self.store.write() as connection:
            connection.execute(insert(table), [row | {"id": new_id()} | values])
