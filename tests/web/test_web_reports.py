"""A report's codes must agree, with one another and with the task; whoever errs reads every field at once."""

from __future__ import annotations

from typing import Any

import pytest
from doors import NOON, PHONE, Doors, problem

from dispatcher import tables
from dispatcher.words import Role

MISSED = {"reach": "not_reached", "verdict": None}
NOT_MET = MISSED | {"reason": "no_answer", "visit": "invalid", "visit_reason": "not_home"}
PAID = {"verdict": "defrauded", "defrauded_yuan": "100.00", "fraud_time": NOON.isoformat()}
MET = {"visit": "met"}
RELATIVE = {"reach": "reached", "target": "relative", "reason": None, "verdict": "unknown"}

WRONG: dict[str, tuple[str, dict[str, Any], set[str]]] = {
    "missed without a reason": ("call", MISSED, {"reason"}),
    "missed with a verdict": ("call", MISSED | {"reason": "busy", "verdict": "unknown"}, {"verdict"}),
    "missed with dissuasion": ("call", MISSED | {"reason": "busy", "dissuasion": "timely"}, {"dissuasion"}),
    "reached with a reason": ("call", {"reason": "busy"}, {"reason"}),
    "reached without a verdict": ("call", {"verdict": None}, {"verdict"}),
    "defrauded of nothing": ("call", PAID | {"defrauded_yuan": "0.00"}, {"defrauded_yuan"}),
    "defrauded of no sum": ("call", PAID | {"defrauded_yuan": None}, {"defrauded_yuan"}),
    "defrauded at no time": ("call", PAID | {"fraud_time": None}, {"fraud_time"}),
    "timely though defrauded": ("call", PAID | {"dissuasion": "timely"}, {"dissuasion"}),
    "a visit by phone": ("call", MET, {"visit"}),
    "a visit that was none": ("visit", {}, {"visit"}),
    "met a relative": ("visit", MET | {"target": "relative"}, {"visit"}),
    "met nobody": ("visit", MISSED | {"reason": "no_answer", "visit": "met"}, {"visit"}),
    "in vain without a reason": ("visit", NOT_MET | {"visit_reason": None}, {"visit_reason"}),
    "met, and not at home": ("visit", MET | {"visit_reason": "not_home"}, {"visit_reason"}),
    "closed as unreachable": ("visit", NOT_MET | {"close": "unreachable"}, {"close"}),
    "closed as by the machine": ("call", {"close": "auto_closed"}, {"close"}),
    "five at once": (
        "visit",
        {"reason": "busy", "verdict": None, "visit": "invalid", "close": "auto_closed", "dissuasion": "timely"},
        {"reason", "verdict", "visit_reason", "close", "dissuasion"},
    ),
}


@pytest.fixture
def danger(doors: Doors) -> Doors:
    """Doors behind which a call and a visit wait."""
    doors.push(doors.alert())
    doors.work()
    return doors


@pytest.mark.parametrize("what", WRONG)
def test_codes_that_disagree_are_refused(danger: Doors, what: str) -> None:
    """A tired officer's codes did not agree: each wrong field was named, nothing was kept, the task still waits."""
    channel, codes, fields = WRONG[what]
    task = danger.task(channel)
    assert set(problem(danger.report(task, **codes), 422)) == fields
    assert not danger.rows(tables.feedback)
    assert danger.task(channel) == task


RIGHT: dict[str, tuple[str, dict[str, Any], str]] = {
    "reached": ("call", {"dissuasion": "timely"}, "fulfilled"),
    "would not listen": ("call", {"dissuasion": "refused", "verdict": "unknown"}, "fulfilled"),
    "has paid": ("call", PAID | {"stopped_yuan": "50.00"}, "fulfilled"),
    "saved some": ("call", PAID | {"dissuasion": "timely", "dissuaded_yuan": "1.00"}, "fulfilled"),
    "busy": ("call", MISSED | {"reason": "busy"}, "waiting"),
    "empty number": ("call", MISSED | {"reason": "empty_number"}, "missed"),
    "met": ("visit", MET | {"dissuasion": "self_aware"}, "fulfilled"),
    "not at home": ("visit", NOT_MET, "missed"),
    "not at home, goes again": ("visit", NOT_MET | {"submit": "again"}, "handed_over"),
    "only a relative": ("visit", NOT_MET | RELATIVE, "missed"),
}


@pytest.mark.parametrize("what", RIGHT)
def test_codes_that_agree_move_the_task(danger: Doors, what: str) -> None:
    """What a caller or officer honestly found is kept, and the promise stands where it should."""
    channel, codes, state = RIGHT[what]
    answer = danger.report(danger.task(channel), **codes)
    assert answer.status_code == 200, answer.text
    assert answer.json()["state"] == state
    assert len(danger.rows(tables.feedback)) == 1


UNREADABLE: dict[str, tuple[dict[str, Any], set[str]]] = {
    "unknown codes": ({"reach": "maybe", "target": "dog", "verdict": "guilty"}, {"reach", "target", "verdict"}),
    "no offset": ({"happened_at": "2026-11-22T04:00:00"}, {"happened_at"}),
    "tomorrow": ({"happened_at": "2026-11-23T04:00:00+00:00"}, {"happened_at"}),
    "negative money": ({"defrauded_yuan": "-1.00"}, {"defrauded_yuan"}),
    "tenths of a fen": ({"defrauded_yuan": "1.001"}, {"defrauded_yuan"}),
    "money without end": ({"defrauded_yuan": "1e99"}, {"defrauded_yuan"}),
    "no number": ({"defrauded_yuan": "NaN"}, {"defrauded_yuan"}),
    "unknown field": ({"note": PHONE}, {"note"}),
    "a field named like a phone": ({PHONE: "x"}, {"(unnameable field)"}),
    "a long reference": ({"reference": "x" * 16}, {"reference"}),
    "a strange scene": ({"on_scene": ["sang"]}, {"on_scene.0"}),
}


@pytest.mark.parametrize("what", UNREADABLE)
def test_a_report_that_cannot_be_read_names_its_fields(danger: Doors, what: str) -> None:
    """A broken app reported nonsense: the answer names the fields and repeats no value, and nothing was kept."""
    codes, fields = UNREADABLE[what]
    assert fields <= set(problem(danger.report(danger.task("visit"), **codes), 422))
    assert not danger.rows(tables.feedback)


BODIES = [b"", b"met him", b"[]", b"17", b"\xff\xfe", b"[" * 90_000, b'{"reference": "\\ud800"}', b'{"\\ud800": 1}']


@pytest.mark.parametrize("verb", ["report", "sign-in", "return", "transfer"])
@pytest.mark.parametrize("body", BODIES, ids=range(len(BODIES)))
def test_a_body_that_is_none_is_a_problem(danger: Doors, verb: str, body: bytes) -> None:
    """Whatever bytes an officer's broken app sends to whatever door of a task: a problem, and the door lives on."""
    task = danger.task("visit")
    headers = danger.key(Role.OFFICER) | {"Content-Type": "application/json"}
    answer = danger.client.post(f"/v1/worklist/{task['task']}/{verb}", content=body, headers=headers)
    assert problem(answer, 422)
    assert danger.act(task, "sign-in").status_code == 200


def test_only_a_supervisor_closes_as_unreachable(danger: Doors) -> None:
    """The person could not be found at all: a supervisor closed the case as such, which an officer may not."""
    task = danger.task("visit")
    told = {"reference": task["reference"], "happened_at": danger.now.isoformat(), "target": "self"}
    answer = danger.client.post(
        f"/v1/worklist/{task['task']}/report",
        json=told | NOT_MET | {"close": "unreachable"},
        headers=danger.key(Role.SUPERVISOR),
    )
    assert answer.status_code == 200
    (case,) = danger.rows(tables.cases)
    assert (case["state"], case["close_code"]) == ("closed", "unreachable")
