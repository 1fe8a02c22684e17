"""A carrier's answers are written down: they count only while the claim that asked is still the owner's."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from sqlalchemy import ColumnElement, update

from dispatcher import naming, tables
from dispatcher.bells import Bell, bells_of
from dispatcher.bulk import New, also, among, change
from dispatcher.casebook import CaseBook
from dispatcher.claim import Letter
from dispatcher.draft import Row
from dispatcher.happenings import Answered
from dispatcher.move import Happened, move
from dispatcher.naming import Name
from dispatcher.routing.network import SIMULATED, Network
from dispatcher.store import Store
from dispatcher.words import Answer, DispatchState

FIRST_POLL_S = 5.0
"""A carrier that has no callbacks is asked first after this; later ever more seldom, see clock.asking."""


@dataclass(frozen=True, slots=True)
class Settlement:
    """What a carrier said to one letter, and when."""

    letter: Letter
    answer: Answered
    at: datetime


@dataclass(frozen=True, slots=True)
class Settled:
    """`counted` of the answers were still ours to give; the others' leases had run out. Bells for what is due now."""

    counted: int
    bells: list[Bell]


def settle(store: Store, answers: Sequence[Settlement], *, now: datetime, network: Network = SIMULATED) -> Settled:
    """Write a batch of answers in one transaction. Commits. An answer whose fence is no longer current is void:
    the clock has already called that attempt unsure, and asking or news decides it.

    What was surely not sent is due again at once where `network` has another carrier for it.
    """
    with store.write() as connection:
        book = CaseBook(connection, now=now, actor="carrier")
        book.load_dispatches(settlement.letter.dispatch_id for settlement in answers)
        ours = [item for item in answers if _is_ours(book.dispatches[item.letter.dispatch_id], item.letter)]
        move(book, [_happened(book.dispatches[item.letter.dispatch_id], item, network) for item in ours])
        _answer_attempts(book, ours, network)
        naming.note(book.connection, _names(ours, network), now)
        _wake_receipts(book, ours)
        rows = [book.dispatches[item.letter.dispatch_id] for item in ours]
        bells = bells_of([*rows, *book.draft.rows(tables.dispatches)], now)
        book.flush()
    return Settled(len(ours), bells)


def _is_ours(row: Row, letter: Letter) -> bool:
    return bool(row["state"] == DispatchState.UNDERWAY and row["fence"] == letter.fence)


def _happened(row: Row, item: Settlement, network: Network) -> Happened:
    answer = item.answer
    if answer.answer in (Answer.BUSY, Answer.REFUSED):
        answer = replace(answer, passed_over=network.passed_over(row, item.letter.carrier))
    return Happened(item.letter.dispatch_id, answer, item.at)


def _names(ours: Sequence[Settlement], network: Network) -> list[Name]:
    return [
        Name(item.letter.carrier, item.answer.carrier_ref[:64], item.letter.reference)
        for item in ours
        if item.answer.carrier_ref and network.is_named_by_carrier(item.letter.carrier)
    ]


def _answer_attempts(book: CaseBook, ours: Sequence[Settlement], network: Network) -> None:
    change(
        book.connection,
        tables.attempts,
        [
            {
                "row_id": item.letter.attempt_id,
                "answer": item.answer.answer.value,
                "answered_at": item.at,
                "code": _cut(item.answer.code),
                "carrier_ref": _cut(item.answer.carrier_ref),
                "ask_at": _ask_at(item, network),
            }
            for item in {item.letter.attempt_id: item for item in reversed(ours)}.values()
        ],
        guard=unanswered,
    )


def unanswered(_new: New) -> list[ColumnElement[bool]]:
    """The guard of every first answer: an attempt is answered once."""
    return [tables.attempts.c.answer.is_(None)]


def _ask_at(item: Settlement, network: Network) -> datetime | None:
    in_s = item.answer.ask_in_s
    if item.answer.answer is Answer.ACCEPTED and network.polls(item.letter.carrier):
        in_s = FIRST_POLL_S
    return None if in_s is None else item.at + timedelta(seconds=in_s)


def _wake_receipts(book: CaseBook, ours: Sequence[Settlement]) -> None:
    """News that came before its answer, and was put off, was waiting for this; what nobody has looked at yet is not."""
    table = tables.receipts
    early = (
        update(table)
        .where(
            also(table.c.state == "waiting", table.c.tries > 0),
            among(book.connection, table.c.reference, [item.letter.reference for item in ours]),
        )
        .values(again_at=book.now)
    )
    if ours:
        book.connection.execute(early)


def _cut(value: str | None) -> str | None:
    return None if value is None else value[:64]
