"""An upstream at the door: what comes in, and what an upstream is told that sends nonsense."""

from __future__ import annotations

import json
from typing import Any
from uuid import uuid4

import pytest
from doors import CITY, COUNTY, NAME, OTHER_CITY, PHONE, Doors, problem

from dispatcher import dead_letters, tables
from dispatcher.words import Role


def test_one_alert_is_accepted_and_planned(doors: Doors) -> None:
    """A bank pushed one alert: it was answered with its id, committed with its plan, and the bell rang."""
    answer = doors.push(doors.alert())
    assert answer.status_code == 202
    (result,) = answer.json()["results"]
    assert (result["status"], result["merged"], result["errors"]) == ("accepted", False, [])
    assert [str(row["id"]) for row in doors.rows(tables.alerts)] == [result["alert"]]
    assert {row["channel"] for row in doors.rows(tables.dispatches)} == {"sms", "call", "visit"}
    assert doors.rung


def test_a_list_is_answered_one_by_one(doors: Doors) -> None:
    """A bank pushed three alerts, the second broken: the two others came in, and each has its own result."""
    answer = doors.push([doors.alert(), doors.alert(risk="L9"), doors.alert(victim={"phone": "13900139000"})])
    assert answer.status_code == 202
    results = answer.json()["results"]
    assert [result["status"] for result in results] == ["accepted", "refused", "accepted"]
    assert [fault["field"] for fault in results[1]["errors"]] == ["risk"]
    assert results[1]["dead_letter"] is not None
    assert len(doors.rows(tables.alerts)) == 2


def test_a_repeat_is_answered_with_the_first_id(doors: Doors) -> None:
    """A bank that got no answer pushed again: it was told the first id, and nobody was planned for twice."""
    alert = doors.alert()
    first, second = (doors.push(alert).json()["results"][0] for _ in range(2))
    assert second["status"] == "repeated"
    assert (second["alert"], second["case"]) == (first["alert"], first["case"])
    assert len(doors.rows(tables.dispatches)) == 3


def test_a_conflicting_repeat_is_refused(doors: Doors) -> None:
    """A bank reused a reference for another alert: the second was refused and kept, the first stands."""
    alert = doors.alert()
    doors.push(alert)
    assert "source_ref" in problem(doors.push(alert | {"risk": "L2"}), 422)
    assert [row["risk"] for row in doors.rows(tables.alerts)] == ["L1"]
    assert len(doors.rows(tables.dead_letters)) == 1


def right(**changed: Any) -> bytes:
    """An alert as bytes, some fields changed."""
    told = {
        "source": "bank",
        "source_ref": "B-1",
        "risk": "L1",
        "fraud_type": "fake_police",
        "pushed_at": "2026-11-22T11:59:00+08:00",
        "region": COUNTY,
        "victim": {"phone": PHONE, "name": NAME},
    }
    return json.dumps(told | changed, ensure_ascii=False).encode()


NONSENSE: dict[str, tuple[bytes, set[str]]] = {
    "not JSON": (b"hello " + PHONE.encode(), {"$"}),
    "nothing": (b"", {"$"}),
    "not UTF-8": (right().decode().encode("gb18030"), {"$"}),
    "cut": (right()[:-9], {"$"}),
    "a number": (b"17", {"$"}),
    "two BOMs": (b"\xef\xbb\xbf" * 2 + right(), {"$"}),
    "nested deeply": (b"[" * 100_000 + b"]" * 100_000, {"$"}),
    "wrong types": (right(risk=1, victim=[], signal="much"), {"risk", "victim", "signal"}),
    "unknown level": (right(risk="L9"), {"risk"}),
    "unknown region": (right(region="999999"), {"region"}),
    "year 9999": (right(pushed_at="9999-12-31T23:59:59+00:00"), {"pushed_at"}),
    "before the telephone": (right(pushed_at="1850-01-01T00:00:00+08:00"), {"pushed_at"}),
    "no offset": (right(pushed_at="2026-11-22T11:59:00"), {"pushed_at"}),
    "NUL": (right(victim={"phone": PHONE, "name": "王\0明"}), {"victim.name"}),
    "a field twice": (right()[:-1] + b',"risk":"L2"}', {"risk"}),
    "a deep field twice": (right().replace(b'"phone":', b'"phone":"1","phone":', 1), {"victim.phone"}),
    "no phone": (right(victim={"name": NAME}), {"victim.phone"}),
    "unknown field": (right(priority="high"), {"priority"}),
    "a field named like a phone": (right(**{PHONE: 1}), {"(unnameable field)"}),
    "a lone surrogate": (right()[:-1] + b',"\\ud800":1}', {"$"}),
    "an endless number": (right()[:-1] + b',"signal":{"call_count":' + b"9" * 5000 + b"}}", {"signal.call_count"}),
    "not a number": (right()[:-1] + b',"signal":{"amount_yuan":NaN}}', {"signal.amount_yuan"}),
}


@pytest.mark.parametrize("what", NONSENSE)
def test_nonsense_is_refused_by_field_and_kept(doors: Doors, what: str) -> None:
    """An upstream sent nonsense: it was told every field, no value came back, the whole was kept, the door is open."""
    body, fields = NONSENSE[what]
    assert fields <= set(problem(doors.push(body), 422))
    (letter,) = doors.rows(tables.dead_letters)
    with doors.store.read() as connection:
        assert dead_letters.body(connection, doors.store.keys, letter["id"]) == body
    assert PHONE not in json.dumps(letter["faults"])
    assert doors.push(doors.alert()).status_code == 202


def test_a_bom_does_no_harm(doors: Doors) -> None:
    """An upstream's tool wrote a byte order mark before one alert and before a list: both came in."""
    assert doors.push(b"\xef\xbb\xbf" + right()).status_code == 202
    assert doors.push(b"\xef\xbb\xbf[" + right(source_ref="B-2") + b"]").status_code == 202


def test_an_empty_list_says_so(doors: Doors) -> None:
    """An upstream sent no alert at all: it was told that one is needed."""
    assert set(problem(doors.push([]), 422)) == {"$"}


@pytest.mark.parametrize("number", [1_001, 1_000_000])
def test_too_many_are_refused_whole(doors: Doors, number: int) -> None:
    """An upstream sent more than a thousand at once: none came in, all are kept as one dead letter."""
    body = b"[" + b",".join([b"{}"] * number) + b"]"
    assert str(number) in problem(doors.push(body), 422)["$"]
    assert len(doors.rows(tables.dead_letters)) == 1
    assert doors.push(doors.alert()).status_code == 202


def test_a_thousand_are_answered(doors: Doors) -> None:
    """A bank pushed its batch of a thousand people: a thousand answers in the order sent."""
    batch = [doors.alert(victim={"phone": f"139{number:08d}"}) for number in range(1_000)]
    results = doors.push(batch).json()["results"]
    assert [result["source_ref"] for result in results] == [alert["source_ref"] for alert in batch]
    assert {result["status"] for result in results} == {"accepted"}


def test_a_huge_alert_is_kept_and_refused(doors: Doors) -> None:
    """An upstream sent one alert of ten megabytes: it was refused for its size, and kept whole."""
    assert "bytes" in problem(doors.push(right(source_ref="x" * 10_000_000)), 422)["$"]
    assert len(doors.rows(tables.dead_letters)) == 1


def test_a_body_beyond_all_bounds_stays_with_the_sender(doors: Doors) -> None:
    """Somebody sent seventeen megabytes: the door stopped reading and said so, and lives on."""
    problem(doors.push(b" " * 17 * 1024 * 1024), 413)
    assert doors.push(doors.alert()).status_code == 202


def test_only_the_right_key_opens(doors: Doors) -> None:
    """A stranger, a forger and an officer came to the upstreams' door: none of them put anything in."""
    for proof in (None, b"Bearer qz_nobody00.x", b"Basic eDp5", "Bearer qz_é.é".encode("latin-1"), b"Bearer"):
        headers = {} if proof is None else {b"Authorization": proof}
        answer = doors.client.post("/v1/alerts", content=right(), headers=headers)
        problem(answer, 401)
        assert answer.headers["www-authenticate"] == "Bearer"
    wrong_proof = doors.key(Role.UPSTREAM)["Authorization"][:-4] + "AAAA"
    problem(doors.push(right(), key={"Authorization": wrong_proof}), 401)
    problem(doors.push(right(), key=doors.key(Role.OFFICER)), 403)
    assert not doors.rows(tables.alerts) and not doors.rows(tables.dead_letters)


def test_an_upstream_speaks_for_itself_alone(doors: Doors) -> None:
    """A payment firm's key pushed an alert in the bank's name: it was refused by its source, and kept."""
    payment = doors.key(Role.UPSTREAM, source="payment")
    assert set(problem(doors.push(doors.alert(), key=payment), 422)) == {"source"}
    assert len(doors.rows(tables.dead_letters)) == 1


def test_an_alert_is_shown_to_its_own_alone(doors: Doors) -> None:
    """The bank and its own region's supervisor see an alert; another upstream and another city's supervisor do not."""
    pushed = doors.push(doors.alert()).json()["results"][0]
    path = f"/v1/alerts/{pushed['alert']}"
    for key in (doors.key(Role.UPSTREAM, source="bank"), doors.key(Role.SUPERVISOR, CITY)):
        shown = doors.client.get(path, headers=key)
        assert shown.status_code == 200
        assert shown.json()["case"] == pushed["case"] and PHONE not in shown.text and NAME not in shown.text
    for key in (doors.key(Role.UPSTREAM, source="payment"), doors.key(Role.SUPERVISOR, OTHER_CITY)):
        problem(doors.client.get(path, headers=key), 404)
    problem(doors.client.get(f"/v1/alerts/{uuid4()}", headers=doors.key(Role.SUPERVISOR)), 404)
    assert "alert_id" in problem(doors.client.get("/v1/alerts/17", headers=doors.key(Role.SUPERVISOR)), 422)


def test_a_case_is_shown_within_its_region(doors: Doors) -> None:
    """A county's officer follows a case of the county; another city's is told that there is none."""
    pushed = doors.push(doors.alert()).json()["results"][0]
    doors.work()
    path = f"/v1/cases/{pushed['case']}"
    shown = doors.client.get(path, headers=doors.key(Role.OFFICER, COUNTY))
    assert shown.status_code == 200
    assert shown.json()["events"][0]["what"] == "opened" and len(shown.json()["dispatches"]) == 3
    assert PHONE not in shown.text and NAME not in shown.text
    problem(doors.client.get(path, headers=doors.key(Role.OFFICER, OTHER_CITY)), 404)
    problem(doors.client.get(path, headers=doors.key(Role.UPSTREAM)), 403)
