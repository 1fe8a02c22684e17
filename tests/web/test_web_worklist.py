"""Callers and officers at their list: they see their own work, sign in, report, pass on, and ask again later."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest
from doors import CITY, COUNTY, NAME, OTHER_CITY, OTHER_COUNTY, PHONE, Doors, problem
from sqlalchemy import Connection, update

from dispatcher import clock, tables
from dispatcher.access import broken_link
from dispatcher.words import Role
from dispatcher.worklist import signing

TASK = {
    *("task", "reference", "try", "channel", "target", "case", "risk", "fraud_type", "region", "unit", "phone_masked"),
    *("test", "assigned_at", "sign_in_by", "contact_by", "met_by", "feedback_by", "signed_in_at"),
}


@pytest.fixture
def danger(doors: Doors) -> Doors:
    """Doors behind which one person is in the greatest danger: a call and a visit wait on lists."""
    doors.push(doors.alert())
    doors.work()
    return doors


def tasks(doors: Doors, role: Role, unit: str = "140000") -> list[dict[str, Any]]:
    """The tasks that a key of this role sees."""
    listed: list[dict[str, Any]] = doors.client.get("/v1/worklist", headers=doors.key(role, unit)).json()["tasks"]
    return listed


def test_everybody_sees_the_own_trade(danger: Doors) -> None:
    """A caller's list holds the call, an officer's the visit, a supervisor's both, and an upstream has no list."""
    seen = {role: [task["channel"] for task in tasks(danger, role)] for role in (Role.CALLER, Role.OFFICER)}
    assert seen == {Role.CALLER: ["call"], Role.OFFICER: ["visit"]}
    assert sorted(task["channel"] for task in tasks(danger, Role.SUPERVISOR)) == ["call", "visit"]
    problem(danger.client.get("/v1/worklist", headers=danger.key(Role.UPSTREAM)), 403)
    problem(danger.client.get("/v1/worklist"), 401)


def test_a_task_says_what_is_promised_and_not_whom(danger: Doors) -> None:
    """An officer's list tells level, unit and every limit; phone and name are not on it."""
    listed = danger.client.get("/v1/worklist", headers=danger.key(Role.OFFICER))
    (task,) = listed.json()["tasks"]
    assert set(task) == TASK
    assert (task["try"], task["risk"], task["unit"], task["phone_masked"]) == (1, "L1", COUNTY, "138****5678")
    assert all(task[limit] is not None for limit in ("sign_in_by", "contact_by", "met_by", "feedback_by"))
    assert PHONE not in listed.text and NAME not in listed.text
    assert listed.json()["now"] and listed.json()["follow_ups"] == []


def test_a_unit_sees_its_subtree_alone(danger: Doors) -> None:
    """The county and its city have the visit on their lists; the county beside it and another city have not."""
    assert [len(tasks(danger, Role.OFFICER, unit)) for unit in (COUNTY, CITY, OTHER_COUNTY, OTHER_CITY)] == [1, 1, 0, 0]
    task = danger.task("visit", COUNTY)
    for verb, body in (("sign-in", {}), ("return", {"reason": "duplicate"}), ("transfer", {"unit": OTHER_COUNTY})):
        problem(danger.act(task, verb, OTHER_COUNTY, **body), 404)
    caller = danger.key(Role.CALLER, COUNTY)
    answer = danger.client.post(
        f"/v1/worklist/{task['task']}/sign-in", json={"reference": task["reference"]}, headers=caller
    )
    problem(answer, 404)


@pytest.mark.parametrize("limit", ["0", "1001", "many", "-1"])
def test_a_list_has_a_sensible_length(doors: Doors, limit: str) -> None:
    """Somebody asked for a list of a senseless length: the answer names the parameter."""
    answer = doors.client.get(f"/v1/worklist?limit={limit}", headers=doors.key(Role.OFFICER))
    assert set(problem(answer, 422)) == {"limit"}


def test_who_signs_in_first_stays(danger: Doors) -> None:
    """An officer signed in, and again a minute later: the first instant stays, and now it is told whom to see."""
    task = danger.task("visit")
    first = danger.act(task, "sign-in").json()
    danger.later(minutes=1)
    again = danger.act(task, "sign-in").json()
    assert first["person"] == {"phone": f"+86{PHONE}", "name": NAME, "address": None}
    assert first["on_time"] is True and first["sign_in_by"] == task["sign_in_by"]
    assert again["signed_in_at"] == first["signed_in_at"] == danger.task("visit")["signed_in_at"]


def test_a_late_sign_in_is_late(danger: Doors) -> None:
    """An officer signed in after his limit: it is told that this was not on time."""
    task = danger.task("visit")
    danger.later(minutes=7)
    assert danger.act(task, "sign-in").json()["on_time"] is False


def test_every_reading_of_a_person_is_logged(danger: Doors) -> None:
    """Three readings of a person's number are three links of a chain, and a changed link is found."""
    for channel in ("visit", "call", "visit"):
        assert danger.act(danger.task(channel), "sign-in").status_code == 200
    log = danger.rows(tables.access_log)
    assert [(row["number"], row["fields"], row["why"]) for row in log] == [
        (number, "phone,name", "signed in") for number in (1, 2, 3)
    ]
    with danger.store.write() as connection:
        assert broken_link(connection) is None
        connection.execute(update(tables.access_log).where(tables.access_log.c.number == 2).values(why="curious"))
        assert broken_link(connection) == 2


def test_a_vanished_reading_is_found(danger: Doors) -> None:
    """Somebody deleted a line of the access log: the chain is broken where it was."""
    for _ in range(3):
        danger.act(danger.task("visit"), "sign-in")
    with danger.store.write() as connection:
        connection.execute(tables.access_log.delete().where(tables.access_log.c.number == 2))
        assert broken_link(connection) == 3


def test_a_report_ends_the_visit(danger: Doors) -> None:
    """An officer met the person and reported it: the visit is fulfilled and off the list, feedback came in time."""
    task = danger.task("visit")
    told = danger.report(task, visit="met", dissuasion="timely", on_scene=["hung_up"]).json()
    assert (told["state"], told["on_time"], told["repeat"]) == ("fulfilled", True, False)
    assert told["feedback_by"] == task["feedback_by"]
    assert tasks(danger, Role.OFFICER) == []


def test_a_repeated_report_is_answered_as_before(danger: Doors) -> None:
    """An officer's phone sent the same report twice: it was kept once and answered alike."""
    task = danger.task("visit")
    codes = {"visit": "met", "dissuasion": "timely", "happened_at": danger.now.isoformat()}
    first = danger.report(task, **codes).json()
    danger.later(seconds=9)
    again = danger.report(task, **codes).json()
    assert again == first | {"repeat": True}
    assert len(danger.rows(tables.feedback)) == 1


def test_a_miss_brings_the_next_try(danger: Doors) -> None:
    """Nobody picked up: after the pause the same task is back with a new reference, and the old one is stale."""
    task = danger.task("call")
    danger.act(task, "sign-in")
    assert danger.report(task, reach="not_reached", reason="no_answer", verdict=None).json()["state"] == "waiting"
    assert tasks(danger, Role.CALLER) == []
    problem(danger.act(task, "sign-in"), 409)
    danger.later(minutes=3)
    danger.work()
    again = danger.task("call")
    assert (again["task"], again["try"]) == (task["task"], 2)
    assert again["reference"] != task["reference"] and again["signed_in_at"] is not None
    for verb, body in (("sign-in", {}), ("return", {"reason": "duplicate"}), ("transfer", {"unit": CITY})):
        problem(danger.act(task, verb, **body), 409)
    assert danger.act(again, "sign-in").status_code == 200


def test_unknown_tasks_and_references_are_nobodys(danger: Doors) -> None:
    """Somebody guessed at a task or a reference: there is none for this key."""
    task = danger.task("visit")
    problem(danger.act(task | {"task": str(uuid4())}, "sign-in"), 404)
    problem(danger.act(task | {"reference": "guessed"}, "sign-in"), 404)
    problem(danger.report(task | {"reference": "guessed"}, visit="met"), 404)
    assert "task" in problem(danger.act(task | {"task": "17"}, "sign-in"), 422)


def test_an_endless_body_is_not_read_to_its_end(danger: Doors) -> None:
    """A broken app sent seventeen megabytes to sign in: the door stopped reading, and lives on."""
    task = danger.task("visit")
    problem(danger.act(task, "sign-in", note="x" * 17 * 1024 * 1024), 413)
    assert danger.act(task, "sign-in").status_code == 200


def test_a_returned_task_goes_to_the_desk_above(danger: Doors) -> None:
    """A county said that a visit is not theirs: the city's desk has it, with a sign-in clock of its own."""
    task = danger.task("visit", COUNTY)
    danger.later(seconds=30)
    danger.act(task, "sign-in", COUNTY)
    answer = danger.act(task, "return", COUNTY, reason="out_of_jurisdiction")
    assert answer.json() == {"task": task["task"], "unit": CITY}
    assert tasks(danger, Role.OFFICER, COUNTY) == []
    assert danger.task("visit", CITY)["signed_in_at"] is None


def test_a_transferred_task_is_the_other_units(danger: Doors) -> None:
    """A county handed a visit to its neighbour: it is on the neighbour's list; no such unit is a plain answer."""
    task = danger.task("visit", COUNTY)
    assert set(problem(danger.act(task, "transfer", COUNTY, unit="nowhere"), 422)) == {"unit"}
    danger.later(seconds=30)
    assert danger.act(task, "transfer", COUNTY, unit=OTHER_COUNTY).json()["unit"] == OTHER_COUNTY
    assert len(tasks(danger, Role.OFFICER, OTHER_COUNTY)) == 1
    problem(danger.act(task, "sign-in", COUNTY), 404)


def test_a_follow_up_is_asked_once(danger: Doors) -> None:
    """A week after a person was dissuaded a caller asked again: the first word stays, and the list is done with it."""
    danger.report(danger.task("visit"), visit="met", dissuasion="timely", close="dissuaded")
    danger.later(hours=24, minutes=1)
    clock.watch_promises(danger.store, now=danger.now)
    caller, elsewhere = danger.key(Role.CALLER), danger.key(Role.CALLER, OTHER_CITY)
    (due,) = danger.client.get("/v1/worklist", headers=caller).json()["follow_ups"]
    assert set(due) == {"id", "case", "due_at", "step", "fraud_type", "region", "test"}
    path, found = f"/v1/worklist/follow-ups/{due['id']}", {"result": "invalid", "later_loss_yuan": "300.00"}
    problem(danger.client.post(path, json=found, headers=elsewhere), 404)
    assert set(problem(danger.client.post(path, json={"result": "fine"}, headers=caller), 422)) == {"result"}
    for result in (found, {"result": "valid"}):
        assert danger.client.post(path, json=result, headers=caller).status_code == 200
    assert danger.client.get("/v1/worklist", headers=caller).json()["follow_ups"] == []
    kept = next(row for row in danger.rows(tables.deadlines) if str(row["id"]) == due["id"])
    assert (kept["result"], str(kept["later_loss_yuan"])) == ("invalid", "300.00")
    assert kept["done_at"] - kept["due_at"] < timedelta(hours=1)


def looked(doors: Doors, unit: str) -> bool:
    """Whether somebody of the unit has opened its list."""
    return next(row["looked_at"] for row in doors.rows(tables.units) if row["code"] == unit) is not None


def test_only_the_own_unit_has_looked(danger: Doors) -> None:
    """The city's desk listed a county's visit: the county has not looked by that, until its own officer lists it."""
    assert len(tasks(danger, Role.OFFICER, CITY)) == 1
    assert (looked(danger, COUNTY), looked(danger, CITY)) == (False, False)
    assert len(tasks(danger, Role.OFFICER, COUNTY)) == 1
    assert looked(danger, COUNTY)


def test_the_newest_name_and_address_are_told(doors: Doors) -> None:
    """Three alerts know of her a name, an address, and nothing: the officer is told name and address."""
    doors.push(doors.alert())
    doors.push(doors.alert(fraud_type="fake_loan", victim={"phone": PHONE, "address": "迎春路1号"}))
    doors.push(doors.alert(victim={"phone": PHONE}))
    doors.work()
    person = doors.act(doors.task("visit"), "sign-in").json()["person"]
    assert person == {"phone": f"+86{PHONE}", "name": NAME, "address": "迎春路1号"}


def test_what_one_has_signed_for_is_not_shown_to_another(danger: Doors) -> None:
    """An officer of the county signed in: the city's officer is shown nobody, a supervisor is."""
    task = danger.task("visit", COUNTY)
    assert danger.act(task, "sign-in", COUNTY).status_code == 200
    refused = danger.act(task, "sign-in", CITY)
    problem(refused, 409)
    assert "signed for" in refused.text
    where, body = f"/v1/worklist/{task['task']}/sign-in", {"reference": task["reference"]}
    supervisor = danger.key(Role.SUPERVISOR, CITY)
    assert danger.client.post(where, json=body, headers=supervisor).status_code == 200
    assert len(danger.rows(tables.access_log)) == 2


def test_who_signed_with_a_lost_key_holds_nobody_up(danger: Doors) -> None:
    """An officer signed in and his key was revoked: a colleague may take the visit over."""
    task = danger.task("visit", COUNTY)
    danger.act(task, "sign-in", COUNTY)
    table = tables.api_keys
    with danger.store.write() as connection:
        connection.execute(update(table).where(table.c.label == f"officer of {COUNTY}").values(revoked_at=danger.now))
    assert danger.act(task, "sign-in", CITY).status_code == 200


def test_a_task_that_is_passed_on_meanwhile_is_not_shown(danger: Doors, monkeypatch: pytest.MonkeyPatch) -> None:
    """A county's visit went to another county while its officer signed in: it stays unsigned, and nobody is shown."""
    task = danger.task("visit", COUNTY)
    danger.later(seconds=1)
    real = signing.first_sign_in

    def passed_on(connection: Connection, task_id: UUID) -> datetime | None:
        assert danger.act(task, "transfer", CITY, unit=OTHER_COUNTY).status_code == 200
        return real(connection, task_id)

    monkeypatch.setattr(signing, "first_sign_in", passed_on)
    problem(danger.act(task, "sign-in", COUNTY), 404)
    assert danger.task("visit", OTHER_COUNTY)["signed_in_at"] is None
    assert danger.rows(tables.access_log) == []
