"""The one place where a dispatch changes state: happenings in, rows out.

settle, receipts, reports and the clock bring happenings; judge rules; lifecycle says where that leads
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from dispatcher.casebook import NOBODY_TO_WARN, CaseBook
from dispatcher.conclude import conclude_cases
from dispatcher.draft import Row
from dispatcher.effects import AddHuman, AddRelative, AddVisit, Contacted, Effect, Escalate, ProposeStop
from dispatcher.happenings import Answered, Happening, Reported
from dispatcher.judge import Promise, Ruling, judge
from dispatcher.lifecycle import Event, after
from dispatcher.plan import next_opening
from dispatcher.words import Answer, Channel, DispatchState, Means, Outcome, Risk, Target


@dataclass(frozen=True, slots=True)
class Happened:
    """Something happened to a dispatch `at` an instant; `busy_since` where a line has been busy on and on."""

    dispatch_id: UUID
    what: Happening
    at: datetime
    actor: str | None = None
    busy_since: datetime | None = None


@dataclass(frozen=True, slots=True)
class Moved:
    """What came of one happening."""

    ruling: Ruling
    moved: bool
    state: DispatchState


def move(book: CaseBook, happenings: Sequence[Happened]) -> list[Moved]:
    """Judge each happening and change what follows from it; results in the order given.

    Writes nothing itself: `book.flush()` does, in the caller's transaction.
    """
    ending = [happened for happened in happenings if not _goes_on(happened.what)]
    book.load_dispatches((happened.dispatch_id for happened in ending), whole=True)
    book.load_dispatches(happened.dispatch_id for happened in happenings)
    cases = {book.dispatches[happened.dispatch_id]["case_id"] for happened in ending}
    book.load_whole(cases)
    book.load_families(cases)
    results = [_move_one(book, happened) for happened in happenings]
    conclude_all(book)
    return results


def _goes_on(what: Happening) -> bool:
    """The carrier has it: nothing ends, so that what else its case was promised need not be looked at."""
    return isinstance(what, Answered) and what.answer is Answer.ACCEPTED


def conclude_all(book: CaseBook) -> None:
    """Look at every case that may have come to rest; closing one may bring its sharers to rest."""
    for _ in range(3):
        if not book.unrest:
            return
        unrest = sorted(book.unrest)
        book.unrest.clear()
        conclude_cases(book, unrest, now=book.now)


def _move_one(book: CaseBook, happened: Happened) -> Moved:
    row = book.dispatches[happened.dispatch_id]
    case = book.cases[row["case_id"]]
    level = book.policy_of(case).level(row["risk"])
    state = DispatchState(row["state"])
    ruling = judge(_promise(row, happened), happened.what, level=level, now=book.now)
    moved = ruling.event is not None
    if ruling.event is not None:
        _change(book, row, ruling, ruling.event, happened)
    elif ruling.news_in_s is not None and state is DispatchState.HANDED_OVER:
        row["news_due_at"] = book.now + timedelta(seconds=ruling.news_in_s)
        book.touch(row)
    elif ruling.outcome is not None:
        row["outcome"] = ruling.outcome.value
        book.touch(row)
        book.unrest.add(row["case_id"])
        moved = True
    for effect in ruling.effects:
        _apply(book, case, effect, happened)
    return Moved(ruling, moved, DispatchState(row["state"]))


def _promise(row: Row, happened: Happened) -> Promise:
    return Promise(
        state=DispatchState(row["state"]),
        channel=Channel(row["channel"]),
        means=Means(row["means"]),
        target=Target(row["target"]),
        risk=Risk(row["risk"]),
        tries=row["tries"],
        attempts=row["attempts"],
        busy_since=happened.busy_since,
        outcome=None if row["outcome"] is None else Outcome(row["outcome"]),
        failed_before=len(row["passed_over"].split(",")) if row["passed_over"] else 0,
    )


def _change(book: CaseBook, row: Row, ruling: Ruling, event: Event, happened: Happened) -> None:
    before = DispatchState(row["state"])
    state = after(before, event)
    row.update(state=state.value, lease_until=None, lease_owner=None, news_due_at=None)
    if ruling.outcome is not None:
        row["outcome"] = ruling.outcome.value
    if ruling.why is not None:
        row["reason"] = ruling.why[:64]
    if event not in (Event.ACCEPT, Event.UNSURE):  # the round goes on until its news has come
        row["passed_over"] = ruling.passed_over
    if ruling.forgiven:
        row["tries"] = max(0, row["tries"] - 1)
    if state is DispatchState.WAITING:
        _due_again(book, row, ruling.due_in_s or 0.0)
    if state is DispatchState.HANDED_OVER:
        row["handed_over_at"] = row["handed_over_at"] or happened.at
        row["news_due_at"] = book.now + timedelta(seconds=ruling.news_in_s or 0.0)
    row["ended_at"] = book.now if state.final else None
    book.touch(row)
    if state.final:
        book.unrest.add(row["case_id"])
        _tell_sharers(book, row["case_id"])
    book.draft.event(
        row["case_id"],
        event.value,
        dispatch_id=row["id"],
        from_state=before.value,
        to_state=state.value,
        why=ruling.why,
        actor=happened.actor,
    )
    if state is DispatchState.WAITING and book.cases[row["case_id"]]["close_code"] in NOBODY_TO_WARN:
        book.cancel(row, "case_closed")  # it was underway when its case closed as a false alarm: no other try


def _due_again(book: CaseBook, row: Row, due_in_s: float) -> None:
    due_at = book.now + timedelta(seconds=due_in_s)
    if row["means"] == Means.ROBOT:
        due_at = next_opening(book.policy_of(book.cases[row["case_id"]]).level(row["risk"]), due_at)
    row.update(due_at=due_at, ring_at=due_at, rings=0)


def _tell_sharers(book: CaseBook, case_id: UUID) -> None:
    """A sharer's last text ended: its leader may now come to rest too."""
    leader = book.cases[case_id]["shares_case_id"]
    if leader is not None:
        book.load_cases([leader])
        book.unrest.add(leader)


def _apply(book: CaseBook, case: Row, effect: Effect, happened: Happened) -> None:
    match effect:
        case Contacted():
            book.contacted(case, effect.by, happened.at, dispatch=book.dispatches[happened.dispatch_id])
        case Escalate():
            _escalate(book, case, effect.why)
        case ProposeStop():
            book.propose_stop(case, happened.dispatch_id, why=effect.why)
        case AddHuman() | AddRelative() | AddVisit():
            book.add(case, effect)


def _escalate(book: CaseBook, case: Row, why: str) -> None:
    """One level up; at the top, or once the case is over, only the reason is noted."""
    if case["risk"] == Risk.L1 or case["state"] != "open":
        book.draft.event(case["id"], "escalated", why=why)
        return
    book.raise_level(case, Risk(case["risk"]).raised(), why=why, pushed_at=book.now)


__all__ = ["Happened", "Moved", "Reported", "conclude_all", "move"]
