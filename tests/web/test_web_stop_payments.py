"""Officers and supervisors decide about stops of payments over HTTP."""

from __future__ import annotations

from typing import Any

import pytest
from doors import CITY, COUNTY, OTHER_CITY, PHONE, Doors, problem

from dispatcher import receipts, tables
from dispatcher.carriers import simulator
from dispatcher.news import Told
from dispatcher.words import Role

ACCOUNT = "6222021234567890123"
WHO = {"name": "李强", "reason": "he paid at noon"}
ASK = WHO | {"bank": "中国某银行", "account": ACCOUNT, "amount_yuan": "12000.50"}


@pytest.fixture
def stop(doors: Doors) -> str:
    """A stop that a person of L3 proposed by pressing 2."""
    doors.push(doors.alert(risk="L3"))
    (robot,) = (letter for letter in doors.work() if letter.channel == "call")
    told = Told(robot.reference, "KEY2", doors.now, b"{}")
    receipts.keep(doors.store, simulator.NAME, [told], now=doors.now)
    receipts.apply(doors.store, now=doors.now)
    (row,) = doors.rows(tables.stop_payments)
    return str(row["id"])


def decide(doors: Doors, stop: str, verb: str, body: dict[str, Any], unit: str = COUNTY) -> Any:
    """An officer's decision."""
    return doors.client.post(f"/v1/stop-payments/{stop}/{verb}", json=body, headers=doors.key(Role.OFFICER, unit))


def listed(doors: Doors, role: Role = Role.OFFICER, unit: str = COUNTY, **asked: str) -> list[dict[str, Any]]:
    """The list as a key sees it."""
    answer = doors.client.get("/v1/stop-payments", params=asked, headers=doors.key(role, unit))
    assert answer.status_code == 200, answer.text
    found: list[dict[str, Any]] = answer.json()["stop_payments"]
    return found


def test_a_proposal_lies_above_every_task(doors: Doors, stop: str) -> None:
    """A person pressed "I have paid": officers and supervisors of his region see it first, others not at all."""
    for role, unit in ((Role.OFFICER, COUNTY), (Role.SUPERVISOR, CITY)):
        told = doors.client.get("/v1/worklist", headers=doors.key(role, unit)).json()
        assert list(told)[:3] == ["now", "stop_payments", "tasks"]
        assert [one["id"] for one in told["stop_payments"]] == [stop]
    for role, unit in ((Role.CALLER, COUNTY), (Role.OFFICER, OTHER_CITY)):
        assert doors.client.get("/v1/worklist", headers=doors.key(role, unit)).json()["stop_payments"] == []


def test_a_stop_from_the_proposal_to_the_banks_answer(doors: Doors, stop: str) -> None:
    """An officer asks the bank in his name, and notes that it stopped 8,000 yuan; the account is masked on the way."""
    assert [(one["state"], one["account_masked"]) for one in listed(doors)] == [("proposed", None)]
    asked = decide(doors, stop, "request", ASK)
    assert asked.status_code == 200, asked.text
    assert (asked.json()["state"], asked.json()["account_masked"], asked.json()["decided_by"]) == (
        "requested",
        "****0123",
        "李强",
    )
    done = decide(doors, stop, "answer", WHO | {"reply": "stopped", "stopped_yuan": "8000.00"}).json()
    assert (done["state"], done["reply"], done["stopped_yuan"], done["number"]) == ("answered", "stopped", "8000.00", 1)
    assert listed(doors) == []
    assert [one["id"] for one in listed(doors, state="answered")] == [stop]
    case = doors.client.get(f"/v1/cases/{done['case']}", headers=doors.key(Role.OFFICER, COUNTY)).json()
    told = [line["what"] for line in case["events"] if line["what"].startswith("stop_")]
    assert told == ["stop_proposed", "stop_requested", "stop_answered"]
    for text in (asked.text, str(case)):
        assert ACCOUNT not in text and PHONE not in text


def test_the_whole_account_is_read_for_a_reason(doors: Doors, stop: str) -> None:
    """Who writes to the bank needs the account: he gets it for a reason, and the access log has him."""
    decide(doors, stop, "request", ASK)
    answer = decide(doors, stop, "account", {"reason": "for the letter to the bank"})
    assert answer.json() == {"account": ACCOUNT}
    last = doors.rows(tables.access_log)[-1]
    assert (last["fields"], last["why"]) == ("account", "for the letter to the bank")


def test_a_decision_needs_a_name_a_reason_and_the_right(doors: Doors, stop: str) -> None:
    """A nameless officer, a caller, an officer of another city, a second officer: none of them decides."""
    for lacking in ("name", "reason", "account", "bank", "amount_yuan"):
        assert lacking in problem(decide(doors, stop, "request", {**ASK, lacking: ""}), 422)
    assert "reason" in problem(decide(doors, stop, "dismiss", WHO | {"reason": f"he said {PHONE}"}), 422)
    told = {"json": ASK, "headers": doors.key(Role.CALLER, COUNTY)}
    problem(doors.client.post(f"/v1/stop-payments/{stop}/request", **told), 403)
    problem(decide(doors, stop, "request", ASK, OTHER_CITY), 404)
    problem(decide(doors, stop, "account", {"reason": "curious"}), 404)
    problem(decide(doors, stop, "answer", WHO | {"reply": "refused"}), 409)
    assert decide(doors, stop, "dismiss", WHO).status_code == 200
    problem(decide(doors, stop, "request", ASK), 409)
    assert [row["state"] for row in doors.rows(tables.stop_payments)] == ["dismissed"]


def test_money_is_told_where_it_was_stopped(doors: Doors, stop: str) -> None:
    """An officer notes "stopped" without an amount, and an amount with "refused": he is told what is right."""
    decide(doors, stop, "request", ASK)
    for wrong in ({"reply": "stopped"}, {"reply": "refused", "stopped_yuan": "1.00"}):
        assert problem(decide(doors, stop, "answer", WHO | wrong), 422)
    assert [row["state"] for row in doors.rows(tables.stop_payments)] == ["requested"]
