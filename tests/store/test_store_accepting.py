"""Accepted means committed: what was answered is kept, what failed left nothing, what was refused is kept whole."""

from __future__ import annotations

import json
import threading
from typing import Any

import pytest
from sqlalchemy import event
from sqlalchemy.exc import IntegrityError, OperationalError
from story import GRANDFATHER, GRANDMOTHER, Town

from dispatcher import tables
from dispatcher.alert import Alert, read
from dispatcher.intake import Incoming, Status
from dispatcher.plan import HUMAN, ROBOT, SMS, VISIT


def test_an_accepted_alert_has_its_case_its_plan_and_its_timeline(town: Town) -> None:
    """Grandmother's L1 alert is answered with ids under which text, call, visit and three limits are found."""
    result = town.hears_of(GRANDMOTHER, risk="L1")
    assert result.status is Status.ACCEPTED
    assert not result.merged
    assert town.case()["id"] == result.case_id
    assert town.ways(case_id=result.case_id) == sorted([SMS, HUMAN, VISIT])
    assert {row["kind"] for row in town.rows(tables.deadlines)} == {"contact", "met", "feedback"}
    assert [row["why"] for row in town.tells("opened")] == ["bank"]


def test_a_failure_inside_the_transaction_leaves_nothing(town: Town, monkeypatch: pytest.MonkeyPatch) -> None:
    """The disk is full at the last insert: nothing of the batch is kept, and the sender hears of it."""
    from dispatcher.draft import Draft

    whole = Draft.write

    def full(draft: Draft, connection: object) -> None:
        whole(draft, connection)  # type: ignore[arg-type]  # handed on as it came
        raise OperationalError("insert", {}, Exception("disk is full"))

    monkeypatch.setattr(Draft, "write", full)
    with pytest.raises(OperationalError):
        town.hears_of(GRANDMOTHER)
    for table in (tables.alerts, tables.cases, tables.dispatches, tables.deadlines, tables.events):
        assert town.rows(table) == []
    monkeypatch.undo()
    assert town.hears_of(GRANDMOTHER).status is Status.ACCEPTED


def test_a_repeat_is_answered_with_the_first_id(town: Town) -> None:
    """The bank resends what it saw no answer to, in another notation: the same id, and nothing is planned twice."""
    alert = town.alert(GRANDMOTHER)
    first = town.hears([alert])[0]
    town.later(minutes=1)
    again, twice = town.hears([alert | {"victim": {"phone": "+86 138-0013-8000"}}, alert])
    assert again.status is twice.status is Status.REPEATED
    assert {first.alert_id} == {again.alert_id, twice.alert_id}
    assert town.case()["pushes"] == 1
    assert len(town.rows(tables.dispatches)) == 2


def test_the_same_reference_of_another_source_is_another_alert(town: Town) -> None:
    """Bank and police each count from one: of a batch of both, each is known only by its own source's references."""
    first = town.hears([town.alert(source_ref="1"), town.alert(GRANDFATHER, source="police_110", source_ref="2")])
    batch = [
        town.alert("15000150000", source="police_110", source_ref="1"),
        town.alert(source_ref="1"),
        town.alert("15000150001", source_ref="2"),
    ]
    results = town.hears(batch)
    assert [one.status for one in results] == [Status.ACCEPTED, Status.REPEATED, Status.ACCEPTED]
    assert results[1].alert_id == first[0].alert_id


def test_a_repeat_inside_one_batch_is_a_repeat(town: Town) -> None:
    """The same alert twice in one batch is one alert."""
    alert = town.alert(GRANDMOTHER)
    first, second = town.hears([alert, alert])
    assert (first.status, second.status) == (Status.ACCEPTED, Status.REPEATED)
    assert first.alert_id == second.alert_id


def test_a_conflicting_repeat_is_refused_and_kept(town: Town) -> None:
    """The same reference with another level is refused, named, and kept as a dead letter; the case stands."""
    alert = town.alert(GRANDMOTHER)
    town.hears([alert])
    changed = alert | {"risk": "L1"}
    refused = town.hears([changed])[0]
    assert refused.status is Status.REFUSED
    assert [fault.field for fault in refused.faults] == ["source_ref"]
    (letter,) = town.rows(tables.dead_letters)
    assert refused.dead_letter == letter["id"]
    opened = town.store.keys.open(letter["sealed"], letter["key_id"], "dead_letters", letter["id"])
    assert json.loads(opened) == changed
    assert town.case()["risk"] == "L3"


def test_one_bad_alert_never_fails_its_batch(town: Town) -> None:
    """Between two good alerts lies one that is not JSON: the neighbours are accepted, it is kept."""
    good, other = town.alert(GRANDMOTHER), town.alert(GRANDFATHER)
    results = town.hears([json.dumps(good).encode(), b"{not json", json.dumps(other).encode()])
    assert [result.status for result in results] == [Status.ACCEPTED, Status.REFUSED, Status.ACCEPTED]
    assert len(town.rows(tables.dead_letters)) == 1


def test_the_same_bad_body_is_counted_up(town: Town) -> None:
    """An upstream resends the same broken body for an hour: one dead letter that tells how often and when last."""
    (first, same), later = town.hears([b"{}", b"{}"]), None
    town.later(hours=1)
    (later,) = town.hears([b"{}"])
    (letter,) = town.rows(tables.dead_letters)
    assert first.dead_letter == same.dead_letter == later.dead_letter == letter["id"]
    assert letter["times"] == 3
    assert letter["last_at"] == town.now
    assert {fault["field"] for fault in letter["faults"]} >= {"source", "victim"}


def test_what_the_database_refuses_is_found_out_alone(town: Town, monkeypatch: pytest.MonkeyPatch) -> None:
    """An alert that no check objects to but the database does becomes a dead letter; its neighbours come in."""
    from dispatcher.draft import Draft

    whole = Draft.write

    def picky(draft: Draft, connection: object) -> None:
        if any(row["source_ref"] == "poison" for row in draft.rows(tables.alerts)):
            raise IntegrityError("insert", {}, Exception("no"))
        whole(draft, connection)  # type: ignore[arg-type]  # handed on as it came

    monkeypatch.setattr(Draft, "write", picky)
    results = town.hears([town.alert(), town.alert(GRANDFATHER, source_ref="poison"), town.alert("15000150000")])
    assert [result.status for result in results] == [Status.ACCEPTED, Status.REFUSED, Status.ACCEPTED]
    assert [letter["source_ref"] for letter in town.rows(tables.dead_letters)] == ["poison"]
    assert len(town.cases()) == 2


def test_a_key_speaks_for_its_own_source_alone(town: Town) -> None:
    """A bank's key that claims to be the police is refused, and the attempt is kept."""
    batch = [Incoming(value=town.alert(source="police_110"))]
    (result,) = town.intake.accept(batch, door="test", now=town.now, only_source="bank").results
    assert result.status is Status.REFUSED
    assert result.faults[0].field == "source"
    assert len(town.rows(tables.dead_letters)) == 1
    (outcome,) = town.rows(tables.outcomes)
    assert outcome["source"] == "bank"  # the police are not told that what they never sent was refused


def test_two_doors_take_the_same_alert_at_once(town: Town) -> None:
    """The queue and the API bring the same alerts in the same instant: each is one alert, with one id."""
    alerts = [town.alert(f"1380013{number:04}") for number in range(20)]
    heard: list[list[object]] = [[], []]
    start = threading.Barrier(2)

    def door(which: int) -> None:
        start.wait()
        heard[which] = [result.alert_id for result in town.hears(alerts if which else alerts[::-1])]

    threads = [threading.Thread(target=door, args=(which,)) for which in (0, 1)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert heard[0][::-1] == heard[1]
    assert len(town.rows(tables.alerts)) == len(town.cases()) == 20


def test_nothing_personal_stands_in_the_rows(town: Town) -> None:
    """Grandmother's phone and name are in no column in the clear, and open only with the key and in their place."""
    town.hears_of(GRANDMOTHER, victim={"phone": GRANDMOTHER, "name": "王秀英"})
    for table in tables.metadata.sorted_tables:
        for row in town.rows(table):
            told = " ".join(str(value) for value in row.values())
            assert GRANDMOTHER not in told
            assert "王秀英" not in told
    (alert,) = town.rows(tables.alerts)
    opened = json.loads(town.store.keys.open(alert["sealed"], alert["key_id"], "alerts", alert["id"]))
    assert opened["victim"]["name"] == "王秀英"


def test_what_had_expired_before_it_came_is_told_apart(town: Town) -> None:
    """An alert pushed two days ago comes in: its feedback was late on arrival, its contact limit was not."""
    town.hears_of(GRANDMOTHER, risk="L2", pushed_at="2026-11-20T12:00:00+08:00")
    assert [row["late_on_arrival"] for row in town.limits("feedback")] == [True]
    assert [row["late_on_arrival"] for row in town.limits("contact")] == [False]


def test_a_test_alert_never_joins_a_real_one(town: Town) -> None:
    """A trial push about grandmother opens a case of its own."""
    town.hears_of(GRANDMOTHER)
    assert not town.hears_of(GRANDMOTHER, test=True).merged
    assert [case["is_test"] for case in town.cases()] == [False, True]


def test_the_story_tells_right_alerts(town: Town) -> None:
    """What this town's upstreams send is right by schema v1."""
    assert isinstance(read(json.dumps(town.alert()).encode(), now=town.now, rules=town.intake.rules), Alert)
    assert ROBOT not in town.ways()


def test_no_batch_reads_all_alerts_that_ever_were(town: Town) -> None:
    """Years of alerts are kept when a batch of two sources comes in: on SQLite too they are found by an index."""
    if town.store.engine.dialect.name != "sqlite":
        pytest.skip("PostgreSQL's plans depend on its statistics; the statement leaves it no choice")
    asked: list[tuple[str, Any]] = []

    def note(_connection: Any, _cursor: Any, statement: str, values: Any, *_: Any) -> None:
        if "FROM alerts" in statement:
            asked.append((statement, values))

    event.listen(town.store.engine, "before_cursor_execute", note)
    batch = [town.alert(), town.alert(GRANDFATHER, source="police_110"), town.alert(source="police_110")]
    assert {one.status for one in town.hears(batch)} == {Status.ACCEPTED}
    event.remove(town.store.engine, "before_cursor_execute", note)
    assert asked
    with town.store.read() as connection:
        for statement, values in asked:
            plan = [row.detail for row in connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {statement}", values)]
            assert not [step for step in plan if step.startswith("SCAN alerts")], plan
