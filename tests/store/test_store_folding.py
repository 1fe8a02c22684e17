"""Figures at rest: folded from what was touched and from time itself, never drifting, whoever folds."""

from __future__ import annotations

from datetime import timedelta

import pytest
from days import live
from sqlalchemy import delete, text, update
from story import GRANDMOTHER, STUDENT, Town

from dispatcher import figures, tables
from dispatcher.figures import Scope, alone, counting, folding
from dispatcher.store import is_postgres


def folds(town: Town) -> int:
    """Everything that waits is folded. Returns how many cases."""
    folded = 0
    while many := figures.fold(town.store, now=town.now):
        folded += many
    return folded


def at_rest(town: Town) -> list[dict[str, object]]:
    """The facts as they lie."""
    return town.rows(tables.figures_alerts)


def missed(town: Town) -> tuple[int, int]:
    """How many persons were not reached in time, of how many."""
    with town.store.read() as connection:
        kpi = figures.count(connection, Scope(), kpis=["missed_contact"], now=town.now).whole["missed_contact"]
    return kpi.numerator, kpi.denominator


def test_figures_at_rest_are_the_figures(town: Town) -> None:
    """After days in the town everything was folded: the same figures come from rest as came from the rows."""
    live(town, seed=5, steps=60)
    with town.store.read() as connection:
        before = figures.count(connection, Scope(), now=town.now)
    folds(town)
    with town.store.read() as connection:
        assert figures.count(connection, Scope(), now=town.now).rows == before.rows
        assert figures.lag(connection, town.now) == figures.Lag(timedelta(0), 0)
    found = figures.verify(town.store, now=town.now)
    assert (found.compared, found.waiting, found.agrees) == (len(town.cases()), 0, True)


def test_a_limit_that_passes_is_told_though_nothing_changed(town: Town) -> None:
    """Nobody reached grandmother; the clock was moved past her limit: she is missed at once, and so after a fold."""
    town.hears_of(GRANDMOTHER, risk="L1")
    folds(town)
    assert missed(town) == (0, 0)
    town.later(minutes=11)
    assert missed(town) == (1, 1)
    with town.store.read() as connection:
        assert timedelta(0) < figures.lag(connection, town.now).behind <= timedelta(minutes=6)
    assert folds(town) == 1
    assert missed(town) == (1, 1)
    assert folds(town) == 0


def test_a_change_rests_a_moment_and_then_all_are_folded(town: Town) -> None:
    """Alerts came of grandmother and a student within moments: all are folded at once, when the first is old enough."""
    rest = timedelta(seconds=1.5)
    for seconds, folded in ((0, 0), (1, 0), (1, 2)):
        town.later(seconds=seconds)
        town.hears([town.alert(GRANDMOTHER if seconds == 0 else STUDENT)])
        assert figures.fold(town.store, now=town.now, rest=rest) == folded
    with town.store.read() as connection:
        assert figures.lag(connection, town.now) == figures.Lag(timedelta(0), 0)


def test_who_changes_this_moment_waits_for_the_next_fold(town: Town) -> None:
    """Grandmother's change is old enough, a student's is of this moment: she is folded with all that befell her since,
    the student next time; and her later changes are done with."""
    rest, young = timedelta(seconds=2), timedelta(seconds=1)
    town.hears([town.alert(GRANDMOTHER)])
    town.later(seconds=2)
    town.hears([town.alert(GRANDMOTHER), town.alert(STUDENT)])
    town.hears([town.alert(GRANDMOTHER)])
    assert figures.fold(town.store, now=town.now, rest=rest, young=young) == 1
    assert sum(row["merged"] is False for row in at_rest(town)) == 1
    assert len(at_rest(town)) == 3
    with town.store.read() as connection:
        assert figures.lag(connection, town.now) == figures.Lag(timedelta(0), 1)
        assert figures.cases_waiting(connection, until=town.now) == 1
    assert figures.fold(town.store, now=town.now, rest=rest, young=young) == 0
    town.later(seconds=2)
    assert figures.fold(town.store, now=town.now, rest=rest, young=young) == 1
    assert figures.verify(town.store, now=town.now).agrees
    with town.store.read() as connection:
        assert figures.lag(connection, town.now) == figures.Lag(timedelta(0), 0)


def test_a_backlog_is_folded_bit_by_bit(town: Town, monkeypatch: pytest.MonkeyPatch) -> None:
    """More changes wait than one fold takes: each fold takes the oldest, and looks at no note that it leaves."""
    monkeypatch.setattr(folding, "CASES", 1)
    monkeypatch.setattr(folding, "SMALL", 1)
    looked: list[bytes] = []
    read_touched = folding.read_touched
    monkeypatch.setattr(folding, "read_touched", lambda told: looked.append(told) or list(read_touched(told)))
    for person in (GRANDMOTHER, STUDENT, "13700137000", GRANDMOTHER):
        town.hears([town.alert(person)])
    for left in (3, 2, 1, 0):
        looked.clear()
        assert figures.fold(town.store, now=town.now, young=timedelta(0)) == 1
        assert len(town.rows(tables.figures_changes)) == left
        assert len(set(looked)) <= 2
    assert figures.verify(town.store, now=town.now).agrees


def test_sums_move_with_their_facts_and_go_with_the_last(town: Town) -> None:
    """The only alert of another prefecture was withdrawn: its county and prefecture have no sums any more, the province
    those of the two that are left."""
    town.hears([town.alert(GRANDMOTHER), town.alert(STUDENT), town.alert("13700137000", region="140802")])

    def sums() -> set[tuple[object, object]]:
        folds(town)
        assert figures.verify(town.store, now=town.now).agrees
        return {(row["region"], row["pushes"]) for row in town.rows(tables.figures_days)}

    near = {("140105", 2), ("140100", 2)}
    assert sums() == near | {("140802", 1), ("140800", 1), ("140000", 3)}
    (far,) = town.rows(tables.alerts, region="140802")
    town.withdraws(str(far["source_ref"]))
    assert sums() == near | {("140000", 2)}


def test_what_drifted_is_found_and_made_anew(town: Town) -> None:
    """Somebody wrote past every rule of ours, lost a fact and left a strange one: each is named, and mended."""
    town.hears([town.alert(GRANDMOTHER), town.alert(STUDENT), town.alert("13700137000")])
    folds(town)
    right = at_rest(town)
    fact = tables.figures_alerts
    one, other, third = [row["case_id"] for row in right]
    with town.store.write() as connection:
        connection.execute(update(fact).where(fact.c.case_id == one).values(texts=7))
        connection.execute(delete(fact).where(fact.c.case_id == other))
        connection.execute(update(tables.cases).where(tables.cases.c.id == third).values(risk="L1"))
        connection.execute(update(tables.figures_days).values(alerts=7))
    found = figures.verify(town.store, now=town.now)
    assert found.drifted == sorted([one, other, third])  # type: ignore[type-var]  # they are ids
    assert {region for _, region in found.cells} == {"140105", "140100", "140000"}
    figures.repair(town.store, found, now=town.now)
    folds(town)
    assert figures.verify(town.store, now=town.now).agrees
    town.change(tables.cases, third, risk=town.rows(tables.alerts, case_id=third)[0]["risk"])  # type: ignore[arg-type]
    figures.repair(town.store, figures.verify(town.store, now=town.now), now=town.now)
    folds(town)
    assert at_rest(town) == right


def test_a_fold_that_dies_leaves_everything_as_it_was(town: Town, monkeypatch: pytest.MonkeyPatch) -> None:
    """A worker was killed in the middle of a fold: what waited waits still, and the next worker folds it."""
    town.hears_of(GRANDMOTHER)

    def dies(*_: object, **__: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(folding, "_make_anew", dies)
        with pytest.raises(KeyboardInterrupt):
            figures.fold(town.store, now=town.now)
    assert at_rest(town) == []
    assert folds(town) == 1


def test_one_folds_at_a_time(town: Town) -> None:
    """Two workers had their turn at once: one folds, the other goes on with its own work."""
    if not is_postgres(town.store.engine.connect()):
        pytest.skip("SQLite has one writer anyway")
    town.hears_of(GRANDMOTHER)
    with town.store.write() as connection:
        connection.execute(text("SELECT pg_advisory_xact_lock(:lock)"), {"lock": alone.LOCK})
        assert figures.fold(town.store, now=town.now) == 0
    assert figures.fold(town.store, now=town.now) == 1


def test_many_that_wait_are_told_as_lag(town: Town, monkeypatch: pytest.MonkeyPatch) -> None:
    """More people were touched than a question can ask the rows for: what lies at rest answers, and tells its lag."""
    monkeypatch.setattr(counting, "NEAR", 1)
    town.hears([town.alert(GRANDMOTHER), town.alert(STUDENT)])
    town.later(seconds=3)
    with town.store.read() as connection:
        assert figures.count(connection, Scope(), kpis=["alerts"], now=town.now).whole["alerts"].value == 0
        assert figures.lag(connection, town.now) == figures.Lag(timedelta(seconds=3), 1)
    folds(town)
    with town.store.read() as connection:
        assert figures.count(connection, Scope(), kpis=["alerts"], now=town.now).whole["alerts"].value == 2
