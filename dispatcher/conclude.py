"""When a case is at rest, what it came to: one pure function, and the one place that applies it.

conclude(standing) -> how to close, that the person cannot be found, or nothing yet
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from uuid import UUID

from sqlalchemy import select

from config.policy import LevelRule
from dispatcher import tables
from dispatcher.casebook import OPEN, CaseBook
from dispatcher.draft import Row
from dispatcher.words import Channel, CloseCode, DispatchState, Outcome, Target


@dataclass(frozen=True, slots=True)
class Standing:
    """What must be known of an open case: `at_rest` when every dispatch has ended, `due` when its closing time came.

    `acknowledged`: the person pressed "understood" to the robot. `stopped_yuan`: by the latest report.
    """

    at_rest: bool
    due: bool
    contacted_by: str | None
    acknowledged: bool
    verdict: str | None
    dissuasion: str | None
    stopped_yuan: Decimal


def conclude(standing: Standing, level: LevelRule) -> CloseCode | None:
    """How the case ends by rule, `temp_unreachable` when it stays open for a supervisor, None when it is not over.

    A person's verdict decides first. Where the level sends people, a robot's word alone is not enough at L1 and L2;
    at L3 and L4 a heard robot is contact. L4 closes itself, reached or not.
    """
    if not standing.at_rest:
        return None
    if standing.verdict == "defrauded":
        return CloseCode.DEFRAUDED_STOPPED if standing.stopped_yuan > 0 else CloseCode.DEFRAUDED_LOST
    if standing.contacted_by in ("human", "officer"):
        return None if standing.dissuasion == "refused" else CloseCode.DISSUADED
    machine_is_enough = level.human is None or level.human.start == "after_robot"
    if standing.contacted_by == "robot" and machine_is_enough:
        if standing.acknowledged:
            return CloseCode.DISSUADED
        return CloseCode.AUTO_CLOSED if standing.due or level.closes_itself_s is None else None
    if level.human is not None:
        return CloseCode.TEMP_UNREACHABLE
    return CloseCode.AUTO_CLOSED if standing.due else None


def conclude_cases(book: CaseBook, case_ids: Collection[UUID], *, now: datetime) -> None:
    """Close, or mark as unreachable, those of the cases that have come to rest; sharers follow their leader."""
    book.load_whole(case_ids)
    book.load_families(case_ids)
    stopped = _stopped(book, case_ids)
    for case_id in case_ids:
        case = book.cases[case_id]
        closed_itself = case["close_code"] == CloseCode.AUTO_CLOSED and case["contacted_by"] is not None
        if (case["state"] != OPEN and not closed_itself) or case["shares_case_id"] is not None:
            continue
        members = book.family(case)
        rows = [row for member in members for row in book.of_case(member["id"]) if row["target"] != Target.DUTY]
        code = conclude(
            _standing(case, rows, stopped, begun=book.round_of(case), now=now), book.policy_of(case).level(case["risk"])
        )
        if code is not None and case["state"] != OPEN:
            book.better(case, code)
        elif code is not None:
            for member in members:
                book.close(member, code, why="at_rest")
    _follow_leaders(book, case_ids)


def _follow_leaders(book: CaseBook, case_ids: Collection[UUID]) -> None:
    """A sharer that comes to rest after its leader was closed ends as the leader did."""
    sharers = [case for case_id in case_ids if (case := book.cases[case_id])["shares_case_id"] is not None]
    book.load_cases(case["shares_case_id"] for case in sharers)
    for case in sharers:
        leader = book.cases[case["shares_case_id"]]
        at_rest = all(DispatchState(row["state"]).final for row in book.of_case(case["id"]))
        if case["state"] == OPEN and leader["state"] != OPEN and at_rest:
            book.close(case, CloseCode(leader["close_code"]), why="with_its_leader")


def _is_over(row: Row, time_is_up: bool) -> bool:
    """Ended; or, once the case's closing time has come, a text that only awaits its receipt."""
    waits_for_receipt = row["channel"] == Channel.SMS and row["state"] == DispatchState.HANDED_OVER
    return DispatchState(row["state"]).final or (time_is_up and waits_for_receipt)


def _standing(case: Row, rows: list[Row], stopped: dict[UUID, Decimal], *, begun: datetime, now: datetime) -> Standing:
    due = case["closes_itself_at"]
    time_is_up = due is not None and due <= now
    return Standing(
        at_rest=all(_is_over(row, time_is_up) for row in rows),
        due=due is None or due <= now,  # None: its closing time has come before, or its level has none
        contacted_by=case["contacted_by"],
        acknowledged=any(row["outcome"] == Outcome.KEY_UNDERSTOOD and row["planned_at"] >= begun for row in rows),
        verdict=case["verdict"],
        dissuasion=case["dissuasion"],
        stopped_yuan=stopped.get(case["id"], Decimal(0)),
    )


def _stopped(book: CaseBook, case_ids: Collection[UUID]) -> dict[UUID, Decimal]:
    """Money stopped by the latest report on the person himself, of the cases in which he was defrauded."""
    paid = [case_id for case_id in case_ids if book.cases[case_id]["verdict"] == "defrauded"]
    if not paid:
        return {}
    table = tables.feedback
    columns = (table.c.id, table.c.case_id, table.c.received_at, table.c.stopped_yuan)
    told = select(*columns).where(table.c.case_id.in_(paid), table.c.target == "self", table.c.verdict.is_not(None))
    rows = [*map(dict, book.connection.execute(told).mappings())]
    # the report that brings the case to rest is not written yet
    rows += [row for row in book.draft.rows(table) if row["target"] == "self" and row["verdict"] is not None]
    rows.sort(key=lambda row: (row["received_at"], row["id"]))
    return {row["case_id"]: row["stopped_yuan"] or Decimal(0) for row in rows}
