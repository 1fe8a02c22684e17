"""An alert that was wrong is taken back: it counts nowhere, and where nothing else speaks of the case, nobody sets out.

others speak of the case          nothing is cancelled
none does, nobody was reached     what waits and people's open tasks are cancelled, the case closes as a false alarm
none does, but the person was     machines' waiting work is cancelled; people finish what they began
reached or judged
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from uuid import UUID

from sqlalchemy import Uuid, bindparam, select, update

from dispatcher import tables
from dispatcher.alert import Withdrawal
from dispatcher.casebook import OPEN, CaseBook
from dispatcher.draft import Row
from dispatcher.intake.known import Memory
from dispatcher.words import CloseCode, DispatchState, Means, Target

WITHDRAWN = "withdrawn"
PEOPLE = (Means.HUMAN, Means.OFFICER)


class Withdrawing:
    """The withdrawals of one batch. Changes book and memory; `write` writes what the book does not."""

    def __init__(self, book: CaseBook, memory: Memory) -> None:
        self.book = book
        self.memory = memory
        self._live: dict[UUID, dict[UUID, Row]] = {}
        self._withdrawn: list[Row] = []
        self._standing: list[Row] = []

    def load(self, withdrawals: Iterable[Withdrawal], fresh: Mapping[tuple[str, str], bytes]) -> None:
        """Fetch what the withdrawals of the batch speak of, all at once.

        `fresh`: the phone index of each alert of the batch by source and reference. One that comes in the batch of its
        own withdrawal may join any case of its person, of which others may have spoken long before.
        """
        names = {(item.source, item.source_ref) for item in withdrawals}
        before = [self.memory.seen[name] for name in names if name in self.memory.seen]
        people = {fresh[name] for name in names if name in fresh}
        cases = {row["case_id"] for row in before}
        cases |= {known.id for index in people for known in self.memory.all_cases_of(index)}
        if not cases:
            return
        self.book.load_whole(cases)
        leaders = {self.book.cases[case_id]["shares_case_id"] for case_id in cases} - {None}
        self.book.load_whole(leaders)
        self.book.load_families(cases | leaders)
        table = tables.alerts
        people |= {row["phone_index"] for row in before}
        theirs = table.c.case_id.in_(select(tables.cases.c.id).where(tables.cases.c.phone_index.in_(sorted(people))))
        query = select(table.c.id, table.c.case_id, table.c.received_at).where(theirs, table.c.withdrawn_at.is_(None))
        for row in self.book.connection.execute(query).mappings():
            self._live.setdefault(row["case_id"], {})[row["id"]] = dict(row)

    def withdraw(self, before: Row, told: Withdrawal) -> None:
        """Take back the alert that stands in `before`; it is not yet withdrawn."""
        case = self.book.cases[before["case_id"]]
        before["withdrawn_at"] = self.book.now
        self._withdrawn.append({"row_id": before["id"], "at": self.book.now})
        why = told.source if told.reason is None else f"{told.source}: {told.reason}"
        self.book.draft.event(case["id"], WITHDRAWN, why=why[:128])
        others = self._others(case["id"], before["id"])
        if others:
            if not before["merged"]:
                self._stand(before, min(others, key=lambda row: (row["received_at"], row["id"])))
            return
        self.memory.forget(case["id"])
        self._end(case)

    def write(self) -> None:
        """Mark the alerts; what the draft inserts must be there."""
        table = tables.alerts
        one = update(table).where(table.c.id == bindparam("row_id", type_=Uuid()))
        if self._withdrawn:
            self.book.connection.execute(one.values(withdrawn_at=bindparam("at")), self._withdrawn)
        if self._standing:
            self.book.connection.execute(one.values(merged=bindparam("joined")), self._standing)

    def _others(self, case_id: UUID, withdrawn: UUID) -> list[Row]:
        """The alerts that still speak of a case: those of the database, and those of this batch."""
        live = self._live.setdefault(case_id, {})
        live |= {row["id"]: row for row in self.book.draft.rows(tables.alerts) if row["case_id"] == case_id}
        for row_id in [withdrawn, *(row["row_id"] for row in self._withdrawn)]:
            live.pop(row_id, None)
        return list(live.values())

    def _stand(self, before: Row, after: Row) -> None:
        """Another alert stands for the case, so that figures go on counting it, in that alert's window."""
        before["merged"], after["merged"] = True, False
        self._standing += [{"row_id": before["id"], "joined": True}, {"row_id": after["id"], "joined": False}]

    def _end(self, case: Row) -> None:
        """Nothing speaks of the case any more; but one that shares its call and visit may need them still."""
        leader = self.book.cases.get(case["shares_case_id"])
        if leader is not None and leader["state"] == OPEN:
            self._stop(case)
            if not self._is_needed(leader):
                self._stop(leader)
        elif any(self._is_needed(member) for member in self.book.family(case)):
            self.book.draft.event(case["id"], "goes_on", why="a linked case needs its call and visit")
            self._cancel(case, texts_only=True)
        else:
            self._stop(case)

    def _is_needed(self, case: Row) -> bool:
        """Some alert still speaks of the case, or of an open one that shares its call and visit."""
        return any(self._others(member["id"], member["id"]) for member in self.book.family(case))

    def _stop(self, case: Row) -> None:
        touched = case["contacted_at"] is not None or case["verdict"] is not None
        self._cancel(case, spare_people=touched)
        if case["state"] == OPEN and not touched:
            self.book.close(case, CloseCode.FALSE_ALARM, why=WITHDRAWN)
        if (case["phone_index"], case["is_test"]) in self.memory.people:
            self.memory.refresh(case)

    def _cancel(self, case: Row, *, texts_only: bool = False, spare_people: bool = False) -> None:
        for row in self.book.of_case(case["id"]):
            of_people = row["means"] in PEOPLE
            if row["target"] == Target.DUTY or (texts_only and row["means"] != Means.CARRIER):
                continue
            if of_people and spare_people:
                continue
            waits = row["state"] == DispatchState.WAITING
            if waits or (of_people and row["state"] == DispatchState.HANDED_OVER):
                self.book.cancel(row, WITHDRAWN)
