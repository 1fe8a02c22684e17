"""What officers and callers report: kept as feedback, and moved on like any other news."""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from uuid import UUID

from sqlalchemy import Connection, select, update

from dispatcher import tables
from dispatcher.access import Visitor
from dispatcher.alert import Fault
from dispatcher.bells import Bell, bells_of
from dispatcher.casebook import OPEN, CaseBook
from dispatcher.draft import Row
from dispatcher.happenings import Reported as Happening
from dispatcher.happenings import WrongPerson
from dispatcher.ids import new_id
from dispatcher.move import Happened, conclude_all, move
from dispatcher.outcomes import GOOD
from dispatcher.store import Store
from dispatcher.words import Channel, CloseCode, DeadlineKind, DispatchState, Outcome, Role, Target
from dispatcher.worklist.codes import AHEAD, Report, disagreements
from dispatcher.worklist.scope import NotYours, Scope, find_try, hold_try

IN_PERSON = (Outcome.MET, Outcome.REACHED, Outcome.REFUSED_ADVICE)
"""What stands once it is reported: a later and worse report of the same try does not undo it, a correction does."""


class Disagrees(Exception):
    """The codes of a report do not agree; `faults` names each field and what would be right."""

    def __init__(self, faults: list[Fault]) -> None:
        self.faults = faults
        super().__init__("the codes of this report do not agree")


@dataclass(frozen=True, slots=True)
class Reported:
    """A report that was kept: by when feedback was owed, and where the dispatch stands now."""

    feedback_id: UUID
    received_at: datetime
    feedback_by: datetime | None
    state: str
    repeat: bool
    bells: list[Bell]

    @property
    def on_time(self) -> bool | None:
        """None where no feedback was owed."""
        return None if self.feedback_by is None else self.received_at <= self.feedback_by


def report(store: Store, visitor: Visitor, task: UUID, told: Report, *, now: datetime) -> Reported:
    """Keep a report of one try, and move its dispatch. Commits.

    The same report again is answered as before. A later one of the same try is kept too: the latest counts, and may
    better what was known, or (wrong person) take it back.
    Raises: NotYours. Disagrees: every disagreement of the codes.
    """
    with store.read() as connection:  # what takes time is done before the write begins
        scope = Scope.of(connection, visitor)
        row = find_try(connection, scope, task, told.reference)
        if told.happened_at < row["begun_at"] - AHEAD:
            raise Disagrees([Fault("happened_at", "must not lie before the task was put on the list")])
        closer = visitor.role in (Role.SUPERVISOR, Role.ADMINISTRATOR)
        channel, target = Channel(row["channel"]), Target(row["target"])
        if faults := disagreements(told, channel, target, may_close_unreachable=closer):
            raise Disagrees(faults)
        body_index = store.keys.index("feedback", json.dumps(told.model_dump(mode="json"), sort_keys=True).encode())
    with store.write() as connection:
        row = hold_try(connection, scope, task, told.reference)
        feedback_by = _feedback_limit(connection, row["case_id"])
        before = _same(connection, row["attempt_id"], body_index)
        if before is not None:
            return Reported(before["id"], before["received_at"], feedback_by, row["state"], True, [])
        book = CaseBook(connection, now=now, actor=visitor.label)
        feedback_id = _keep(book, row, told, visitor, body_index, feedback_by)
        book.done(row["case_id"], DeadlineKind.FEEDBACK, now)
        if row["signed_in_at"] is None:
            _sign_by_reporting(book, row, visitor)
        book.load_cases([row["case_id"]])
        newly_paid = told.verdict == "defrauded" and book.cases[row["case_id"]]["verdict"] != "defrauded"
        _verdict(book, row, told)
        state = _move(book, row, told, newly_paid=newly_paid)
        _close(book, row, told)
        bells = bells_of([book.dispatches[row["id"]], *book.draft.rows(tables.dispatches)], now)
        book.flush()
    return Reported(feedback_id, now, feedback_by, state, False, bells)


def _sign_by_reporting(book: CaseBook, row: Row, visitor: Visitor) -> None:
    """Who reports without having signed in signs in by reporting, late or not."""
    table = tables.dispatches
    mine = update(table).where(table.c.id == row["id"], table.c.signed_in_at.is_(None))
    book.connection.execute(mine.values(signed_in_at=book.now, signed_in_by=visitor.key_id))
    book.done(row["case_id"], DeadlineKind.SIGN_IN, book.now, dispatch_id=row["id"])


def _same(connection: Connection, attempt_id: UUID, body_index: bytes) -> Row | None:
    table = tables.feedback
    query = select(table.c.id, table.c.received_at).where(
        table.c.attempt_id == attempt_id, table.c.body_index == body_index
    )
    found = connection.execute(query).mappings().first()
    return None if found is None else dict(found)


def _feedback_limit(connection: Connection, case_id: UUID) -> datetime | None:
    table = tables.deadlines
    query = select(table.c.due_at).where(
        table.c.case_id == case_id, table.c.kind == DeadlineKind.FEEDBACK, table.c.void_at.is_(None)
    )
    found: datetime | None = connection.execute(query.order_by(table.c.due_at).limit(1)).scalar()
    return found


def _keep(
    book: CaseBook, row: Row, told: Report, visitor: Visitor, body_index: bytes, feedback_by: datetime | None
) -> UUID:
    feedback_id = new_id()
    codes = told.model_dump(exclude={"reference", "close", "actual_risk", "actual_fraud_type"})
    book.draft.add(
        tables.feedback,
        codes
        | {
            "id": feedback_id,
            "case_id": row["case_id"],
            "dispatch_id": row["id"],
            "attempt_id": row["attempt_id"],
            "number": row["number"],
            "by_key": visitor.key_id,
            "body_index": body_index,
            "received_at": book.now,
            "happened_at": min(told.happened_at, book.now),
            "actual_risk": told.actual_risk.value if told.actual_risk else None,
            "actual_fraud_type": told.actual_fraud_type.value if told.actual_fraud_type else None,
            "close_code": told.close.value if told.close else None,
            "on_time": None if feedback_by is None else book.now <= feedback_by,
        },
    )
    book.draft.event(row["case_id"], "reported", dispatch_id=row["id"], why=_in_short(told))
    return feedback_id


def _in_short(told: Report) -> str:
    parts = (told.target, told.reach, told.reason, told.verdict, told.dissuasion, told.visit, told.visit_reason)
    return " ".join(part for part in parts if part)


def _verdict(book: CaseBook, row: Row, told: Report) -> None:
    """The latest word on the person himself stands on the case: the latest that came, not the last that was kept.

    Two reports at once wait for one case, and the first to come may be the last to get it.
    """
    if told.target != "self" or told.verdict is None or _has_a_later_word(book, row["case_id"]):
        return
    book.load_cases([row["case_id"]])
    for case in book.family(book.cases[row["case_id"]]):
        case.update(verdict=told.verdict, dissuasion=told.dissuasion)
        book.touch_case(case)


def _has_a_later_word(book: CaseBook, case_id: UUID) -> bool:
    table = tables.feedback
    later = select(table.c.id).where(
        table.c.case_id == case_id,
        table.c.target == Target.SELF,
        table.c.verdict.is_not(None),
        table.c.received_at > book.now,
    )
    return book.connection.execute(later.limit(1)).first() is not None


def _move(book: CaseBook, row: Row, told: Report, *, newly_paid: bool) -> str:
    outcome = _outcome(told, Target(row["target"]))
    at = min(max(told.happened_at, row["begun_at"]), book.now)
    what = Happening(
        outcome,
        reason=told.visit_reason or told.reason,
        again=told.submit == "again",
        paid=newly_paid,
        of_latest=row["number"] == row["attempts"],
    )
    corrects = told.reason == "wrong_person"
    if corrects and row["state"] == DispatchState.FULFILLED:
        moved = move(book, [Happened(row["id"], WrongPerson(), at)])
        _take_back_contact(book, row)
    else:
        moved = move(book, [Happened(row["id"], what, at, busy_since=_busy_since(book, row, told))])
    if corrects or outcome in IN_PERSON or row["try_outcome"] not in IN_PERSON:
        table = tables.attempts
        note = update(table).where(table.c.id == row["attempt_id"])
        code = told.visit_reason or told.reason or told.dissuasion
        book.connection.execute(note.values(outcome=outcome.value, outcome_code=code, outcome_at=at))
    return moved[0].state.value


def _take_back_contact(book: CaseBook, row: Row) -> None:
    """Somebody else was reached: unless another try reached the person, he has not been contacted after all."""
    attempt, dispatch, deadline = tables.attempts, tables.dispatches, tables.deadlines
    others = (
        select(attempt.c.id)
        .join(dispatch, attempt.c.dispatch_id == dispatch.c.id)
        .where(
            dispatch.c.case_id == row["case_id"],
            dispatch.c.target == Target.SELF,
            attempt.c.id != row["attempt_id"],
            attempt.c.outcome.in_([*IN_PERSON, *(one for one in GOOD if one is not Outcome.DELIVERED)]),
        )
    )
    if book.connection.execute(others.limit(1)).first() is not None:
        return
    for case in book.family(book.cases[row["case_id"]]):
        case.update(contacted_at=None, contacted_by=None)
        book.touch_case(case)
        limits = (DeadlineKind.CONTACT, DeadlineKind.MET)
        again = update(deadline).where(deadline.c.case_id == case["id"], deadline.c.kind.in_(limits))
        book.connection.execute(again.values(done_at=None))
        book.draft.event(case["id"], "contact_taken_back", why="wrong_person")


def _outcome(told: Report, target: Target) -> Outcome:
    if told.visit is not None:
        return Outcome.MET if told.visit == "met" else Outcome.VISIT_INVALID
    wanted = "self" if target is Target.SELF else "relative"
    if told.reach == "not_reached" or (told.target != wanted and target is Target.SELF):
        return Outcome.NOT_REACHED
    return Outcome.REFUSED_ADVICE if told.dissuasion == "refused" else Outcome.REACHED


def _busy_since(book: CaseBook, row: Row, told: Report) -> datetime | None:
    """Since when every try of this dispatch has met a busy line."""
    if told.reason != "busy":
        return None
    table = tables.feedback
    query = select(table.c.reason, table.c.happened_at).where(table.c.dispatch_id == row["id"])
    since = told.happened_at
    for reason, at in book.connection.execute(query.order_by(table.c.received_at.desc())):
        if reason != "busy":
            break
        since = min(since, at)
    return since


def _close(book: CaseBook, row: Row, told: Report) -> None:
    """A person's own closing code ends the case at once, with those that share its voice."""
    if told.close is None or told.submit == "again":
        return
    book.load_whole([row["case_id"]])
    for case in book.family(book.cases[row["case_id"]]):
        if case["state"] == OPEN:
            book.close(case, CloseCode(told.close), why="reported")
    book.unrest.clear() if told.close is not CloseCode.TEMP_UNREACHABLE else conclude_all(book)


def report_follow_up(
    store: Store,
    visitor: Visitor,
    follow_up: UUID,
    *,
    valid: bool,
    later_loss_yuan: Decimal | None,
    now: datetime,
) -> datetime:
    """Note what a follow-up found. Commits. Returns when it was due. The first word stays.

    Raises: NotYours: no such follow-up in this scope.
    """
    deadline, case = tables.deadlines, tables.cases
    with store.write() as connection:
        scope = Scope.of(connection, visitor)
        low, high = scope.regions
        query = (
            select(deadline.c.case_id, deadline.c.due_at, deadline.c.done_at)
            .join(case, deadline.c.case_id == case.c.id)
            .where(
                deadline.c.id == follow_up,
                deadline.c.kind == DeadlineKind.FOLLOW_UP,
                deadline.c.void_at.is_(None),
                deadline.c.due_at <= now,
            )
            .where(case.c.region >= low, case.c.region < high)
        )
        row = connection.execute(query).first()
        if row is None or visitor.role is Role.OFFICER:
            raise NotYours("no such follow-up for this key, or not yet due")
        due_at: datetime = row.due_at
        if row.done_at is None:
            result = "valid" if valid else "invalid"
            note = update(deadline).where(deadline.c.id == follow_up)
            connection.execute(note.values(done_at=now, result=result, later_loss_yuan=later_loss_yuan))
            book = CaseBook(connection, now=now, actor=visitor.label)
            book.draft.event(row.case_id, "followed_up", why=result)
            book.flush()
    return due_at
