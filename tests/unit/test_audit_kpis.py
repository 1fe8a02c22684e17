"""The audit's own count of the dozen, by hand on a small day, and one figure off by one."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import orjson
import pytest
from audit_help import GRANDMOTHER, NEIGHBOUR, NOON, a_good_day, id_at, later

from cli.audit import read_ledger
from cli.audit.rows import Alert

BY_HAND = {
    "alerts": (2, 2),
    "sign_in_on_time": (2, 2),
    "feedback": (1, 1),
    "feedback_on_time": (1, 1),
    "pushed_on_time": (2, 2),
    "sms_delivered": (2, 2),
    "call_answered": (2, 2),
    "met": (1, 1),
    "met_on_time": (1, 1),
    "coverage": (2, 2),
    "dissuaded_provisional": (1, 2),
    "missed_contact": (0, 2),
}


def test_the_dozen_by_hand() -> None:
    """Two persons, two texts, one caller, one officer, one robot: counted on fingers."""
    assert a_good_day().kpis() == BY_HAND


@pytest.mark.parametrize("name", BY_HAND)
@pytest.mark.parametrize("side", [0, 1])
def test_a_figure_off_by_one_is_found(name: str, side: int) -> None:
    """We tell one more than the town saw, above or below the line."""
    told = {key: list(value) for key, value in BY_HAND.items()}
    told[name][side] += 1
    lines = a_good_day().audit({key: (above, below) for key, (above, below) in told.items()})
    assert {key for key, line in lines.items() if not line.agrees} == {f"kpi {name}"}


def test_a_figure_that_is_not_told_is_found() -> None:
    """A figure is missing altogether."""
    told = {name: value for name, value in BY_HAND.items() if name != "met"}
    assert not a_good_day().audit(told)["kpi met"].agrees


def test_nobody_below_the_line_is_a_note_or_a_fault() -> None:
    """No officer was ever needed: told in passing, and a failure for whoever asks for strict figures."""
    town = a_good_day()
    town.dispatches = {stem: one for stem, one in town.dispatches.items() if stem != "gdoor"}
    town.attempts.pop("gdoor01")
    town.entries = [e for e in town.entries if e.reference != "gdoor01"]
    town.feedback = town.feedback[:1]
    assert town.kpis()["met"] == (0, 0)
    assert town.audit()["kpi met"].notes
    assert not town.audit(strict=True)["kpi met"].agrees


def test_a_late_sign_in_counts_as_late() -> None:
    """The officer signed in a second after the limit; one who never signs counts once his limit has passed."""
    town = a_good_day()
    town.promise("late", NEIGHBOUR, "officer")
    town.signs_in(town.tries("late"), at=6, by=5)
    town.promise("never", NEIGHBOUR, "officer")
    town.limit("sign_in", NEIGHBOUR, 5, dispatch_id=town.dispatches["never"].id)
    town.promise("yet", NEIGHBOUR, "officer")
    town.limit("sign_in", NEIGHBOUR, 7200, dispatch_id=town.dispatches["yet"].id)
    assert town.kpis()["sign_in_on_time"] == (2, 4)


def test_a_step_up_is_no_second_sign_in() -> None:
    """A missed sign-in went to the district; the first limit alone is counted, and void ones are not."""
    town = a_good_day()
    call = town.dispatches["gcall"].id
    town.limit("sign_in", GRANDMOTHER, 9, done=8, dispatch_id=call, step=1)
    town.limit("sign_in", GRANDMOTHER, 9, dispatch_id=id_at(NOON), void=True)
    assert town.kpis()["sign_in_on_time"] == (2, 2)


def test_a_report_after_its_limit_is_feedback_but_late() -> None:
    """Grandmother's first report came after the limit; what was late on arrival is left out of the share on time."""
    town = a_good_day()
    town.deadlines = [replace(row, due_at=later(2)) if row.kind == "feedback" else row for row in town.deadlines]
    assert (town.kpis()["feedback"], town.kpis()["feedback_on_time"]) == ((1, 1), (0, 1))
    town.deadlines = [replace(row, late_on_arrival=True) if row.kind == "feedback" else row for row in town.deadlines]
    assert (town.kpis()["feedback"], town.kpis()["feedback_on_time"]) == ((1, 1), (0, 0))


def test_whoever_was_reached_too_late_was_missed() -> None:
    """The neighbour heard the robot after his limit: reached, and missed all the same."""
    town = a_good_day()
    mine = town.cases[NEIGHBOUR].id
    town.deadlines = [replace(row, due_at=later(1)) if row.case_id == mine else row for row in town.deadlines]
    assert (town.kpis()["missed_contact"], town.kpis()["coverage"]) == ((1, 2), (2, 2))


def test_tests_and_withdrawn_alerts_do_not_count() -> None:
    """The neighbour's alert was only a test: he is in no figure."""
    town = a_good_day()
    mine = town.cases[NEIGHBOUR].id
    town.alerts = [replace(one, counts=False) if one.case_id == mine else one for one in town.alerts]
    assert town.kpis()["coverage"] == (1, 1)
    assert town.kpis()["alerts"] == (1, 1)


def test_a_late_push_and_an_unknown_event_time() -> None:
    """One alert came eleven minutes after the event, one does not know when it was, one joined a case."""
    town = a_good_day()
    mine = town.cases[NEIGHBOUR].id
    town.alerts[0] = replace(town.alerts[0], occurred_at=later(-660))
    town.alerts[1] = replace(town.alerts[1], occurred_at=None)
    town.alerts.append(Alert(id_at(NOON), mine, True, True, NOON, NOON))
    assert (town.kpis()["pushed_on_time"], town.kpis()["alerts"]) == ((0, 1), (2, 3))


def test_a_ledger_is_read_whole(tmp_path: Path) -> None:
    """A line that is still being written is left out; a file that is no ledger is refused in a sentence."""
    path = tmp_path / "ledger.jsonl"
    entry = {
        "n": 1,
        "at": "2026-03-01T12:00:00Z",
        "kind": "text",
        "reference": "a01",
        "person": "p",
        "outcome": "DELIVRD",
    }
    head = {"kind": "ledger", "salt": "ab", "seed": 1, "started": "2026-03-01T12:00:00Z"}
    path.write_bytes(orjson.dumps(head) + b"\n" + orjson.dumps(entry) + b"\n" + b'{"n": 2, "at"')
    ledger = read_ledger(path)
    assert [(e.n, e.at, e.facts) for e in ledger.entries] == [(1, NOON, {"outcome": "DELIVRD"})]
    assert len(ledger.person("+8613800000000")) == 32
    path.write_bytes(b"1,2\n")
    with pytest.raises(ValueError, match="no ledger"):
        read_ledger(path)
    with pytest.raises(FileNotFoundError):
        read_ledger(tmp_path / "nowhere")
