"""A case on its page: told in words, masked, opened only with a reason that is logged, and only to its own region."""

from __future__ import annotations

from uuid import uuid4

import pytest
from doors import CITY, COUNTY, IDENTITY, NAME, OTHER_CITY, OTHER_COUNTY, PHONE, Doors
from fastapi.testclient import TestClient
from visitors import browser, form_of, signed_in

from dispatcher import tables
from dispatcher.access import broken_link

MASKED = "138****5678"


@pytest.fixture
def case(doors: Doors) -> str:
    """Somebody of a county in great danger was called, and told the caller that he had not paid."""
    doors.push(doors.alert())
    doors.work()
    task = doors.task("call")
    doors.act(task, "sign-in")
    doors.report(task, dissuasion="timely", dissuaded_yuan="5000.00")
    return f"/pages/cases/{doors.rows(tables.cases)[0]['id']}"


def test_a_case_is_told_in_words(doors: Doors, case: str) -> None:
    """Li opens the case: type, place, every try, the report with its money, and the timeline, in Chinese."""
    page = signed_in(doors, "li.na", CITY).get(case)
    assert page.status_code == 200
    for words in ("冒充公检法", "小店区", "立案", "人工电话：已签收", "及时劝阻", "5,000.00", "第 1 次", MASKED):
        assert words in page.text, words


def test_and_in_english(doors: Doors, case: str) -> None:
    """Li switches the language and stays where she is."""
    client = signed_in(doors, "li.na", CITY)
    back = client.get(f"/pages/language?to=en&back={case}")
    assert back.headers["location"] == case
    page = client.get(case).text
    assert 'lang="en"' in page and "Case opened" in page and "dissuaded in time" in page
    assert client.get("/pages/language?to=fr").status_code == 404


def test_nobody_is_named_until_a_reason_is_given(doors: Doors, case: str) -> None:
    """The page tells neither number nor name; with a reason both are shown, and the log says who read what and why."""
    client = signed_in(doors, "li.na", CITY)
    page = client.get(case)
    for secret in (PHONE, NAME, IDENTITY):
        assert secret not in page.text
    opened = client.post(case, data={"form": form_of(page.text), "reason": "回访核实"})
    assert opened.status_code == 200 and opened.headers["cache-control"] == "no-store"
    for told in (PHONE, NAME, IDENTITY, "回访核实"):
        assert told in opened.text
    read = doors.rows(tables.access_log)[-1]
    assert (read["why"], str(read["case_id"])) == ("回访核实", case.rpartition("/")[2])
    assert read["fields"] == "victim.phone,victim.name,victim.id_number"
    with doors.store.read() as connection:
        assert broken_link(connection) is None


@pytest.mark.parametrize("reason", ["", "看看", "x" * 101, "王的号码13812345678", "a\nb\nc\nd"])
def test_a_poor_reason_opens_nothing(doors: Doors, case: str, reason: str) -> None:
    """No reason, too short or long, or one that names a number: nothing is opened, nothing is logged."""
    client = signed_in(doors, "li.na", CITY)
    before = len(doors.rows(tables.access_log))
    answer = client.post(case, data={"form": form_of(client.get(case).text), "reason": reason})
    assert answer.status_code == 422 and "请写明理由" in answer.text
    assert PHONE not in answer.text.replace("王的号码13812345678", "") and NAME not in answer.text
    assert len(doors.rows(tables.access_log)) == before


def test_another_supervisor_cannot_see_it_by_any_address(doors: Doors, case: str) -> None:
    """Wang watches another city: the case, one that never was, and no address at all look the same to him."""
    wang = signed_in(doors, "wang.li", OTHER_CITY)
    before = len(doors.rows(tables.access_log))
    told = {
        text_of(wang, way)
        for way in (case, f"{case}?region={CITY}", f"/pages/cases/{uuid4()}", "/pages/cases/nonsense")
    }
    assert len(told) == 1
    asked = wang.post(case, data={"form": form_of(wang.get("/pages/now").text), "reason": "回访核实"})
    assert asked.status_code == 404 and NAME not in asked.text
    assert len(doors.rows(tables.access_log)) == before
    assert "冒充公检法" not in wang.get("/pages/now").text


def text_of(client: TestClient, way: str) -> str:
    """What a refused address shows, without the address itself in the language's link."""
    answer = client.get(way)
    assert answer.status_code == 404
    return answer.text.split("<main")[1]


@pytest.mark.parametrize(("unit", "sees"), [(COUNTY, True), (CITY, True), ("140000", True), (OTHER_COUNTY, False)])
def test_each_sees_his_own_subtree(doors: Doors, case: str, unit: str, sees: bool) -> None:
    """The county, its city and the province see the case; the county beside it does not."""
    assert signed_in(doors, "li.na", unit).get(case).status_code == (200 if sees else 404)


def test_a_stranger_learns_nothing(doors: Doors, case: str) -> None:
    """Without signing in, a case and nonsense are answered alike: sign in first."""
    client = browser(doors)
    for way in (case, "/pages/cases/nonsense"):
        assert client.get(way).headers["location"].startswith("/pages/sign-in")
