"""Many rows at once: the shortest way of each database keeps every promise of the plain one."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import ColumnElement, select
from sqlalchemy.exc import DataError, DBAPIError, IntegrityError, OperationalError, StatementError
from story import NOON, Town

from dispatcher import tables
from dispatcher.bulk import New, also, among, change, put, rows_of
from dispatcher.casebook import CaseBook
from dispatcher.ids import new_id
from dispatcher.store import Store, is_postgres

ODD = 'says "no, \\{never}"\t是的, 不 \U0001f4de\n'
"""Everything that quoting could break."""


def line(**told: Any) -> dict[str, Any]:
    """One line of somebody's timeline."""
    return {
        "id": new_id(),
        "case_id": new_id(),
        "dispatch_id": None,
        "at": NOON + timedelta(microseconds=123_457),
        "actor": "test",
        "what": "said",
        "from_state": None,
        "to_state": None,
        "why": ODD,
    } | told


def lines(store: Store) -> dict[UUID, dict[str, Any]]:
    """What is there, by key."""
    with store.read() as connection:
        return {row["id"]: row for row in rows_of(connection.execute(select(tables.events)))}


def test_what_is_put_comes_back_as_it_was(store: Store) -> None:
    """Odd letters, nothing at all and microseconds are told as they were."""
    told = [line(), line(why=None, dispatch_id=new_id()), line(why="")]
    with store.write() as connection:
        put(connection, tables.events, told)
        put(connection, tables.events, [])
    assert lines(store) == {row["id"]: row for row in told}


def test_a_row_that_was_there_is_told_as_any_other_conflict(store: Store) -> None:
    """Intake takes a batch again one by one when it hears of a conflict, whichever way the batch was written."""
    told = line()
    with store.write() as connection:
        put(connection, tables.events, [told])
    with pytest.raises(IntegrityError) as fault, store.write() as connection:
        put(connection, tables.events, [line(), told])
    assert str(told["id"]) not in str(fault.value.params)
    assert list(lines(store)) == [told["id"]]


def test_what_no_database_keeps_is_told_as_such(store: Store) -> None:
    """A word too long for its column is refused by PostgreSQL, and nothing of its batch stays."""
    with store.write() as connection:
        if not is_postgres(connection):
            pytest.skip("SQLite keeps words of any length")
    with pytest.raises(DataError), store.write() as connection:
        put(connection, tables.events, [line(), line(actor="x" * 65)])
    assert lines(store) == {}


def test_an_instant_without_a_zone_is_refused(store: Store) -> None:
    """Nobody knows when that was."""
    naive = datetime(2026, 11, 22, 4, 0)  # noqa: DTZ001 - the fault that is tested
    with pytest.raises((StatementError, ValueError, TypeError)), store.write() as connection:
        put(connection, tables.events, [line(), line(at=naive)])
    assert lines(store) == {}


def test_a_connection_that_dies_while_rows_are_put_is_told_and_replaced(store: Store) -> None:
    """The database was restarted in the middle of a batch: the caller hears it, and the next batch is kept."""
    with store.read() as connection:
        if not is_postgres(connection):
            pytest.skip("SQLite has no connection that could die")
    with pytest.raises(OperationalError) as fault, store.write() as connection:
        pid = connection.exec_driver_sql("SELECT pg_backend_pid()").scalar_one()
        with store.engine.connect() as other:
            other.exec_driver_sql(f"SELECT pg_terminate_backend({pid})")
        put(connection, tables.events, [line()])
    assert fault.value.connection_invalidated
    with store.write() as connection:
        put(connection, tables.events, [line()])
    assert len(lines(store)) == 1


def test_a_process_that_stands_still_keeps_nobodys_row(store: Store) -> None:
    """A worker froze while it held a person's row: the next one has it in seconds, and the frozen one wrote nothing."""
    told = line()
    with store.write() as connection:
        if not is_postgres(connection):
            pytest.skip("SQLite's turn ends with its process, and waits while that stands still")
        put(connection, tables.events, [told])
    with pytest.raises(DBAPIError) as fault, store.write() as frozen:
        change(frozen, tables.events, [{"row_id": told["id"], "why": "frozen"}])
        with store.write() as connection:  # waits until the server has ended the other's session
            change(connection, tables.events, [{"row_id": told["id"], "why": "went on"}])
        change(frozen, tables.events, [{"row_id": told["id"], "why": "thawed"}])
    assert fault.value.connection_invalidated
    assert lines(store)[told["id"]]["why"] == "went on"


def test_each_row_changes_in_its_own_way(store: Store) -> None:
    """Two lines get what is theirs, the third stays; nothing is a value too."""
    told = [line(), line(), line()]
    later = NOON + timedelta(hours=1, microseconds=1)
    with store.write() as connection:
        put(connection, tables.events, told)
        mended = [
            {"row_id": told[0]["id"], "why": None, "at": later, "dispatch_id": told[1]["id"]},
            {"row_id": told[1]["id"], "why": ODD * 2, "at": NOON, "dispatch_id": None},
        ]
        change(connection, tables.events, mended)
        change(connection, tables.events, [])
    found = lines(store)
    for row in mended:
        assert {name: found[row["row_id"]][name] for name in ("why", "at", "dispatch_id")} == {
            name: row[name] for name in ("why", "at", "dispatch_id")
        }
    assert found[told[2]["id"]] == told[2]


def _earlier(new: New) -> Sequence[ColumnElement[bool]]:
    return [tables.events.c.at > new("before")]


def test_a_guard_keeps_what_it_guards(store: Store) -> None:
    """Only what is later than its own bound changes; the bound itself is not written."""
    early, late = line(at=NOON), line(at=NOON + timedelta(hours=2))
    with store.write() as connection:
        put(connection, tables.events, [early, late])
        bounds = [
            {"row_id": row["id"], "what": "changed", "before": NOON + timedelta(hours=1)} for row in (early, late)
        ]
        change(connection, tables.events, bounds, guard=_earlier, like=(("before", "at"),))
    assert {row_id: row["what"] for row_id, row in lines(store).items()} == {early["id"]: "said", late["id"]: "changed"}


def test_a_key_may_be_another_column(store: Store) -> None:
    """All lines of one case change, and no other's."""
    mine, his = line(), line()
    with store.write() as connection:
        put(connection, tables.events, [mine, his, line(case_id=mine["case_id"])])
        told = [{"of_case": mine["case_id"], "what": "changed"}]
        change(connection, tables.events, told, key=("of_case", "case_id"))
    assert sorted(row["what"] for row in lines(store).values()) == ["changed", "changed", "said"]


def test_among_many_and_none(store: Store) -> None:
    """Two thousand values and no value at all are asked for alike; what else must hold is looked at."""
    told = [line(what="said" if number % 2 else "heard") for number in range(2000)]
    ids = tables.events.c.id
    with store.write() as connection:
        put(connection, tables.events, told)
        mine = among(connection, ids, [row["id"] for row in told])
        assert len(connection.execute(select(ids).where(mine)).all()) == 2000
        assert len(connection.execute(select(ids).where(mine, also(tables.events.c.what == "heard"))).all()) == 1000
        assert connection.execute(select(ids).where(among(connection, ids, []))).all() == []


def test_two_instants_of_one_limit_keep_the_earlier(town: Town) -> None:
    """A robot and an officer tell of the same person in one transaction: the earlier contact is when it was kept."""
    town.hears_of(risk="L1")
    case = town.case()
    with town.store.write() as connection:
        book = CaseBook(connection, now=town.now, actor="test")
        book.load_whole([case["id"]])
        by = next(row for row in book.of_case(case["id"]) if row["means"] == "human")
        for minutes in (6, 9, 4):
            book.contacted(book.cases[case["id"]], "human", town.now - timedelta(minutes=minutes), dispatch=by)
        book.flush()
    (limit,) = town.limits("contact")
    assert limit["done_at"] == town.now - timedelta(minutes=9)


def strays(town: Town) -> list[dict[str, Any]]:
    """Lines of timelines that name a case or a dispatch that is not there."""
    cases = {row["id"] for row in town.cases()}
    dispatches = {None} | {row["id"] for row in town.rows(tables.dispatches)}
    told = town.rows(tables.events)
    return [row for row in told if row["case_id"] not in cases or row["dispatch_id"] not in dispatches]


def test_every_line_names_what_is_there(town: Town) -> None:
    """The table leaves it to us: alerts come, calls are heard, cases rise and close, and no line is a stray."""
    for risk in ("L1", "L3", "L4"):
        town.hears_of(f"1380000{risk[1]}001", risk=risk)
    town.hears_of("13800003001", risk="L2", source="police_110")
    for letter in town.works():
        town.told(letter, "DELIVRD" if letter.channel == "sms" else "KEY1")
    town.later(days=3)
    town.ticks()
    assert {"opened", "raised", "accept", "fulfil", "closed"} <= {row["what"] for row in town.rows(tables.events)}
    assert strays(town) == []
    with town.store.write() as connection:
        put(connection, tables.events, [line()])
    assert len(strays(town)) == 1
