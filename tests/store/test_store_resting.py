"""Days at rest: their sums tell what the facts say, whatever is folded, struck out or summed up anew."""

from __future__ import annotations

from datetime import timedelta

import pytest
from days import TYPES, live
from sqlalchemy import update
from story import GRANDMOTHER, STUDENT, Town

from dispatcher import figures, tables
from dispatcher.figures import Scope, alone, counting, resting
from dispatcher.figures.instants import day_of
from dispatcher.figures.table import Table
from dispatcher.plan import LOCAL
from dispatcher.store import is_postgres

KPIS = ("alerts", "persons", "coverage", "sms_delivered", "missed_contact", "dissuaded_provisional", "money_defrauded")
BYS = ("level", "type", "hour", "source")


def folds(town: Town) -> None:
    """Everything that waits is folded."""
    while figures.fold(town.store, now=town.now):
        pass


def rests(town: Town) -> int:
    """Every day that may is summed up. Returns how many were."""
    return figures.rest(town.store, now=town.now, within_s=60)


def rested(town: Town) -> list[int]:
    """The days that rest."""
    return [int(str(row["day"])) for row in town.rows(tables.figures_rested)]


def told(town: Town) -> list[Table]:
    """What the sums know: all that ever was and parts of it, days cut through, places, one type, level or source."""
    cut = {"since": town.now - timedelta(days=5, hours=3), "until": town.now - timedelta(hours=2, milliseconds=1)}
    asked: list[tuple[Scope, tuple[str, ...]]] = [
        (Scope(), ("level",)),
        (Scope(**cut), ("hour",)),
        (Scope(region="140100", **cut), ("source",)),
        (Scope(history=False), ("prefecture", "type")),
        (Scope(fraud_types=TYPES[:2], **cut), ("day",)),
        (Scope(risks=("L1",)), ()),
        (Scope(region="140105"), ("type",)),
    ]
    with town.store.read() as connection:
        return [figures.count(connection, scope, kpis=KPIS, by=by, now=town.now) for scope, by in asked]


def test_days_at_rest_tell_what_their_facts_tell(town: Town, monkeypatch: pytest.MonkeyPatch) -> None:
    """Days rested, then people of those days were reached, missed and warned again: all figures stayed the facts'."""
    live(town, seed=11, steps=60)
    folds(town)
    assert rests(town) > 2
    today = town.now.astimezone(LOCAL).date()
    assert {today, today - timedelta(days=1)}.isdisjoint(day_of(day) for day in rested(town))
    seen = set()
    for at_rest in (False, True, True):
        live(town, seed=12 + at_rest, steps=8)
        if at_rest:
            folds(town)
        assert rested(town)
        quick = told(town)
        with monkeypatch.context() as patch:
            patch.setattr(counting, "sums_for", lambda *_: None)
            slow = told(town)
        assert [one.rows for one in quick] == [one.rows for one in slow]
        assert figures.verify(town.store, now=town.now).agrees
        seen.add(str([one.rows for one in quick]))
    assert len(seen) == 3, "nothing happened, so nothing is proved"
    with town.store.read() as connection:
        assert resting.missing_days(connection, []), "no day was struck out, so nothing is proved"
        each = figures.count_each(connection, Scope(), kpis=("alerts", "persons"), dimensions=BYS, now=town.now)
        for by in BYS:
            assert (
                each[by] == figures.count(connection, Scope(), kpis=("alerts", "persons"), by=(by,), now=town.now).rows
            )


def test_a_fold_waits_while_a_day_is_summed_up(town: Town) -> None:
    """A limit of grandmother's passed while her day was being summed up: the fold came after, and struck it out."""
    if not is_postgres(town.store.engine.connect()):
        pytest.skip("SQLite has one writer anyway")
    town.hears_of(GRANDMOTHER, risk="L1")
    folds(town)
    day = town.rows(tables.figures_days)[0]["day"]
    town.later(days=3)
    with town.store.write() as connection:
        assert alone.alone(connection)
        assert resting.make_day_anew(connection, day)  # type: ignore[arg-type]  # it is a number
        assert figures.fold(town.store, now=town.now) == 0
    assert rested(town) == [day]
    folds(town)
    assert rested(town) == []
    assert figures.verify(town.store, now=town.now).agrees


def test_a_wrong_sum_of_a_day_at_rest_is_found_and_mended(town: Town) -> None:
    """Somebody wrote past our rules into a sum of L2, and a row of L3 was lost: the days are named, and mended."""
    town.hears_of(GRANDMOTHER, risk="L2")
    town.later(days=1)
    town.hears_of(STUDENT, risk="L3")
    town.later(days=3)
    folds(town)
    assert rests(town) == 2 and figures.verify(town.store, now=town.now).agrees
    kind = tables.figures_kinds
    with town.store.write() as connection:
        connection.execute(update(kind).where(kind.c.value == "L2").values(texts=7))
        connection.execute(kind.delete().where(kind.c.value == "L3", kind.c.depth == 4))
    found = figures.verify(town.store, now=town.now)
    assert (found.drifted, found.cells, found.days) == ([], [], rested(town)) and not found.agrees
    figures.repair(town.store, found, now=town.now)
    assert figures.verify(town.store, now=town.now).agrees and len(rested(town)) == 2
