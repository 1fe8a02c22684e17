"""Upstreams' second thoughts and an administrator's hand over HTTP."""

from __future__ import annotations

from typing import Any
from uuid import uuid4

import pytest
from doors import CITY, COUNTY, IDENTITY, NAME, OTHER_CITY, PHONE, Doors, problem
from httpx import Response

from dispatcher import tables
from dispatcher.words import Role


def accepted(doors: Doors, **told: Any) -> tuple[str, dict[str, Any]]:
    """A bank's alert that was accepted: its id, and what was said."""
    alert = doors.alert(**told)
    return str(doors.push(alert).json()["results"][0]["alert"]), alert


def asks(doors: Doors, path: str, body: Any = None, *, role: Role = Role.UPSTREAM, **whose: Any) -> Response:
    """A request with the bank's key, or one of another role."""
    key = doors.key(role, **({"source": "bank"} if role is Role.UPSTREAM and not whose else whose))
    return doors.client.post(f"/v1/{path}", json=body, headers=key)


def test_the_bank_takes_its_alert_back(doors: Doors) -> None:
    """One request and the case is over; the second time it is answered as known; who did it is in the access log."""
    alert, _ = accepted(doors)
    doors.work()
    first = asks(doors, f"alerts/{alert}/withdraw", {"reason": "wrong customer"})
    assert (first.status_code, first.json()["status"], first.json()["alert"]) == (200, "withdrawn", alert)
    assert doors.rows(tables.cases)[0]["close_code"] == "false_alarm"
    assert asks(doors, f"alerts/{alert}/withdraw", {"reason": "wrong customer"}).json()["status"] == "repeated"
    log = doors.rows(tables.access_log)[0]
    assert (log["fields"], log["case_id"]) == ("did:withdraw", doors.rows(tables.cases)[0]["id"])
    told = doors.client.get(f"/v1/alerts/{alert}", headers=doors.key(Role.UPSTREAM, source="bank")).json()
    assert told["withdrawn_at"] is not None


def test_nobody_else_takes_it_back(doors: Doors) -> None:
    """Another upstream, a caller, a supervisor, an administrator of another city: the bank's alert stands."""
    alert, _ = accepted(doors)
    path, body = f"alerts/{alert}/withdraw", {"reason": "no"}
    problem(asks(doors, path, body, source="payment"), 404)
    problem(asks(doors, path, body, role=Role.CALLER), 403)
    problem(asks(doors, path, body, role=Role.SUPERVISOR), 403)
    problem(asks(doors, path, body, role=Role.ADMINISTRATOR, unit=OTHER_CITY), 404)
    problem(asks(doors, f"alerts/{uuid4()}/withdraw", body), 404)
    assert doors.rows(tables.cases)[0]["state"] == "open"
    assert asks(doors, path, body, role=Role.ADMINISTRATOR, unit=CITY).status_code == 200


@pytest.mark.parametrize(
    "body", [{}, {"reason": ""}, {"reason": "x" * 101}, {"reason": f"he is {PHONE}"}, {"reason": 7}]
)
def test_a_withdrawal_needs_a_reason_that_names_nobody(doors: Doors, body: dict[str, Any]) -> None:
    """The reason stands in the timeline: it is there, short, and holds no number of a person."""
    alert, _ = accepted(doors)
    assert "reason" in problem(asks(doors, f"alerts/{alert}/withdraw", body), 422)
    assert doors.rows(tables.access_log) == []


def test_the_bank_says_it_anew(doors: Doors) -> None:
    """L4 becomes L1 without the bank counting revisions; the same again is harmless; the caller's task is there."""
    alert, told = accepted(doors, risk="L4")
    now = told | {"risk": "L1"}
    first = asks(doors, f"alerts/{alert}/amend", now)
    assert (first.status_code, first.json()["status"]) == (200, "amended")
    assert asks(doors, f"alerts/{alert}/amend", now).json()["status"] == "repeated"
    assert asks(doors, f"alerts/{alert}/amend", {k: v for k, v in now.items() if "source" not in k}).status_code == 200
    doors.work()
    assert doors.task("call")["risk"] == "L1"
    told = doors.client.get(f"/v1/alerts/{alert}", headers=doors.key(Role.UPSTREAM, source="bank")).json()
    assert (told["risk"], told["revision"]) == ("L1", 2)


def test_what_cannot_be_amended(doors: Doors) -> None:
    """Another person, another alert, no alert at all: refused with advice, and never with what was sent."""
    alert, told = accepted(doors)
    path = f"alerts/{alert}/amend"
    faults = problem(asks(doors, path, told | {"victim": {"phone": "13900139000", "name": NAME}}), 422)
    assert "withdraw" in faults["victim.phone"]
    assert "source_ref" in problem(asks(doors, path, told | {"source_ref": "B-other"}), 422)
    assert "risk" in problem(asks(doors, path, told | {"risk": IDENTITY}), 422)
    assert "$" in problem(asks(doors, path, [told]), 422)
    assert "$" in problem(asks(doors, path, told | {"withdraw": True}), 422)
    assert (
        doors.client.post(f"/v1/{path}", content=b"{", headers=doors.key(Role.UPSTREAM, source="bank")).status_code
        == 422
    )


def test_an_administrator_holds_and_releases(doors: Doors) -> None:
    """A wrong batch is held over HTTP, listed with what it holds, and released: the bells ring at once."""
    accepted(doors, risk="L4", batch="B17")
    body = {"filter": {"source": "bank", "batch": "B17"}, "reason": "wrong batch"}
    tried = asks(doors, "holds", body | {"dry_run": True}, role=Role.ADMINISTRATOR)
    assert (tried.status_code, tried.json()["hold"], tried.json()["counted"]["total"]) == (201, None, 2)
    made = asks(doors, "holds", body, role=Role.ADMINISTRATOR).json()
    assert made["counted"]["waiting"] == {"call": {"L4": 1}, "sms": {"L4": 1}}
    assert doors.work() == []
    key = doors.key(Role.ADMINISTRATOR)
    (listed,) = doors.client.get("/v1/holds", headers=key).json()["holds"]
    assert (listed["id"], listed["holding"]["held"], listed["filter"]["batch"]) == (made["hold"], 2, "B17")
    doors.rung.clear()
    path = f"holds/{made['hold']}/release"
    assert asks(doors, path, role=Role.ADMINISTRATOR).json() == {"hold": made["hold"], "freed": 2}
    assert len(doors.rung) == 2
    assert asks(doors, path, role=Role.ADMINISTRATOR).json()["freed"] == 0
    assert doors.client.get("/v1/holds", headers=key).json()["holds"] == []
    assert [row["fields"] for row in doors.rows(tables.access_log)] == ["did:hold", "did:release"]
    assert len(doors.work()) == 2


def test_an_administrator_reaches_no_further_than_the_own_region(doors: Doors) -> None:
    """A city's administrator holds the city's work alone, and does not see the province's holds."""
    accepted(doors, risk="L4")
    body = {"filter": {"source": "bank"}, "reason": "too many"}
    other = asks(doors, "holds", body, role=Role.ADMINISTRATOR, unit=OTHER_CITY).json()
    assert other["counted"]["total"] == 0
    problem(asks(doors, "holds", body | {"filter": {"region": COUNTY}}, role=Role.ADMINISTRATOR, unit=OTHER_CITY), 422)
    mine = asks(doors, "holds", body, role=Role.ADMINISTRATOR).json()
    assert len(doors.client.get("/v1/holds", headers=doors.key(Role.ADMINISTRATOR, OTHER_CITY)).json()["holds"]) == 1
    problem(asks(doors, f"holds/{mine['hold']}/release", role=Role.ADMINISTRATOR, unit=OTHER_CITY), 404)


def test_what_cannot_be_held(doors: Doors) -> None:
    """An empty filter without `all`, a slip of the pen, another role: nobody is made to wait."""
    accepted(doors, risk="L4")
    assert "filter" in problem(asks(doors, "holds", {"reason": "x"}, role=Role.ADMINISTRATOR), 422)
    wrong = {"filter": {"risk": ["L9"]}, "reason": "x"}
    assert "filter.risk" in problem(asks(doors, "holds", wrong, role=Role.ADMINISTRATOR), 422)
    wrong = {"filter": {"colour": "red"}, "reason": "x"}
    assert "filter.colour" in problem(asks(doors, "holds", wrong, role=Role.ADMINISTRATOR), 422)
    named = {"filter": {"batch": "B1"}, "reason": f"ask {IDENTITY}"}
    assert "reason" in problem(asks(doors, "holds", named, role=Role.ADMINISTRATOR), 422)
    problem(asks(doors, "holds", {"all": True, "reason": "x"}, role=Role.SUPERVISOR), 403)
    problem(asks(doors, f"holds/{uuid4()}/release", role=Role.ADMINISTRATOR), 404)
    assert (
        asks(doors, "holds", {"all": True, "reason": "all stop"}, role=Role.ADMINISTRATOR).json()["counted"]["total"]
        == 2
    )


def test_an_exercise_is_marked_wherever_it_is_seen(doors: Doors) -> None:
    """The officer, the supervisor and the upstream see that it is a test."""
    alert, _ = accepted(doors, test=True)
    doors.work()
    assert doors.task("visit")["test"] is True
    case = doors.rows(tables.cases)[0]["id"]
    told = doors.client.get(f"/v1/cases/{case}", headers=doors.key(Role.SUPERVISOR)).json()
    assert told["case"]["is_test"] is True
    assert doors.client.get(f"/v1/alerts/{alert}", headers=doors.key(Role.SUPERVISOR)).json()["test"] is True
