"""Outcomes, lists and the league table: every figure leads to its list, as long as the figure, in one's own region."""

from __future__ import annotations

import html
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from doors import CITY, COUNTY, OTHER_CITY, OTHER_COUNTY, Doors, opened
from fastapi.testclient import TestClient
from visitors import account, browser, enter, signed_in

from dispatcher.figures import KPIS, branches, count, fold
from dispatcher.figures.scope import Scope
from dispatcher.keys import Keyring

LINK = re.compile(r'<a href="(/pages/cases\?[^"]+)">([^<]*)</a>')
HEADING = re.compile(r"<h1>[^<]* · ([\d,]+) ")
MOST = 24
"""Lists that are opened of one page, evenly over all its figures: each costs a count."""
NEXT = re.compile(r'<a href="([^"]+)" rel="next">')


@pytest.fixture(scope="module")
def month(tmp_path_factory: pytest.TempPathFactory, sqlite_template: Path, keys: Keyring) -> Iterator[Doors]:
    """Six alerts on five persons in two cities and none: one was reached and dissuaded with money, one missed."""
    people = [
        {"victim": {"phone": "13812345678"}, "region": COUNTY, "risk": "L1"},
        {"victim": {"phone": "13812345679"}, "region": COUNTY, "risk": "L2", "fraud_type": "fake_loan"},
        {"victim": {"phone": "13812345670"}, "region": OTHER_COUNTY, "risk": "L3"},
        {"victim": {"phone": "13812345671"}, "region": "140202", "risk": "L4"},
        {"victim": {"phone": "13812345678"}, "region": COUNTY, "risk": "L1"},
        {"victim": {"phone": "13812345672"}, "region": "140000", "risk": "L4"},  # no closer place is known
    ]
    with opened(tmp_path_factory.mktemp("month"), sqlite_template, keys) as made:
        for told in people:
            made.push(made.alert(**told))
        made.work()
        task = made.task("call")
        made.act(task, "sign-in")
        made.report(task, dissuasion="timely", dissuaded_yuan="5000.00")
        made.later(hours=3)
        while fold(made.store, now=made.now):
            pass
        account(made, "li.na", "140000")
        account(made, "wang.li", OTHER_CITY)
        yield made


@pytest.fixture(scope="module")
def li(month: Doors) -> TestClient:
    """Li's browser: she watches the province."""
    return at_desk(month, "li.na")


@pytest.fixture(scope="module")
def wang(month: Doors) -> TestClient:
    """Wang's browser: he watches the city next door."""
    return at_desk(month, "wang.li")


def at_desk(doors: Doors, login: str) -> TestClient:
    """A browser in which somebody who has an account has signed in."""
    client = browser(doors)
    assert enter(client, login).status_code == 303
    return client


def listed(client: TestClient, way: str) -> tuple[int, int]:
    """What the list says of itself, and how many lines it has over all its pages."""
    lines, head = 0, -1
    link: str | None = way
    while link is not None:
        page = client.get(html.unescape(link))
        assert page.status_code == 200, way
        lines += page.text.count("<tr data-item>")
        told = HEADING.search(page.text)
        assert told, page.text
        head = int(told.group(1).replace(",", ""))
        more = NEXT.search(page.text)
        link = more.group(1) if more else None
    return head, lines


@pytest.mark.parametrize("page", ["outcomes", "league", f"outcomes?region={CITY}", f"league?unit={CITY}"])
def test_every_figure_leads_to_a_list_as_long_as_itself(li: TestClient, page: str) -> None:
    """Li opens numbers of the page: each list has as many lines as it says; a count says the same on the page."""
    links = sorted(set(LINK.findall(li.get(f"/pages/{page}").text)))
    assert len(links) > 20
    links = links[:: len(links) // MOST + 1]
    told_by: dict[str, tuple[int, int]] = {}
    for way, text in links:
        if way not in told_by:
            told_by[way] = listed(li, way)
        head, lines = told_by[way]
        assert head == lines, way
        if re.fullmatch(r"[\d,]+", text) and "money" not in way:
            assert int(text.replace(",", "")) == lines, (way, text)
    assert any(lines for _, lines in told_by.values())


def test_a_supervisor_drills_from_the_province_to_a_case(li: TestClient) -> None:
    """Province, city, county, list, case: each step leads to the next, and the trail leads back."""
    city = step(li, li.get("/pages/outcomes").text, "太原市")
    county = step(li, city, "小店区")
    assert "山西省</a>" in county and "太原市</a>" in county
    ways = [html.unescape(way) for way, _ in LINK.findall(county) if "kpi=persons" in way]
    rows = li.get(ways[0]).text
    found = re.search(r'<a href="(/pages/cases/[0-9a-f-]{36})">', rows)
    assert found and "时间线" in li.get(found.group(1)).text


def step(client: TestClient, page: str, name: str) -> str:
    """Follow the link of this name."""
    found = re.search(rf'<a href="([^"]+)">{name}</a>', page)
    assert found, name
    told: str = client.get(html.unescape(found.group(1))).text
    return told


@pytest.mark.parametrize("page", ["outcomes", "cases", "league"])
@pytest.mark.parametrize("asked", [f"region={CITY}", f"region={COUNTY}", "region=990000", f"unit={COUNTY}", "unit=x"])
def test_nothing_is_told_of_another_region(wang: TestClient, page: str, asked: str) -> None:
    """Wang watches the city next door: another's region or unit, and one that never was, are answered alike."""
    answer = wang.get(f"/pages/{page}?{asked}")
    assert answer.status_code == 404 and "小店区" not in answer.text


def test_he_counts_his_own_region_alone(wang: TestClient) -> None:
    """Of six alerts one is Wang's: his pages count one person, and list one case."""
    assert listed(wang, "/pages/cases?kpi=persons&part=numerator") == (1, 1)
    assert listed(wang, "/pages/cases") == (1, 1)


@pytest.mark.parametrize(
    ("asked", "status"),
    [
        ("window=ytd", 200),
        ("from=2026-11-22&to=2026-11-22", 200),
        ("window=month&from=&to=", 200),
        ("from=yesterday", 422),
        ("from=2026-11-22&to=2026-02-30", 422),
        ("from=2026-11-22&to=9999-12-31", 422),
        ("from=2026-11-22&to=2026-11-01", 422),
        ("level=L9", 422),
        ("type=pigeon", 422),
    ],
)
def test_filters_are_read_or_refused_in_words(li: TestClient, asked: str, status: int) -> None:
    """Li writes an address by hand: it is read, the last day included, or she is told to look at it again."""
    answer = li.get(f"/pages/cases?{asked}")
    assert answer.status_code == status
    told: Any = HEADING.search(answer.text)
    assert (told.group(1) == "5") if status == 200 else "请检查" in answer.text


@pytest.mark.parametrize("asked", ["kpi=pigeons", "part=middle", "after=x", "kpi=alerts_per_100k&part=denominator"])
def test_a_list_that_cannot_be_is_not_found(li: TestClient, asked: str) -> None:
    """Nobody can be listed behind residents, or behind a figure that there is not."""
    assert li.get(f"/pages/cases?{asked}").status_code == 404


def test_a_time_without_alerts_says_what_to_do(doors: Doors) -> None:
    """A new deployment: no number is invented, and each page says what to do."""
    li = signed_in(doors, "li.na", CITY)
    page = li.get("/pages/outcomes").text
    assert "请换一个时间段" in page and "0 %" not in page
    assert "没有符合的案件" in li.get("/pages/cases").text
    assert li.get("/pages/league").status_code == 200


def test_the_league_is_sorted_and_explained(month: Doors) -> None:
    """Li sorts the cities: the one with most alerts is first, and each column says what it means, in her language."""
    li = at_desk(month, "li.na")  # a browser of its own: it changes its language
    page = li.get("/pages/league").text
    names = re.findall(r'<th scope="row"><a href="[^"]+">([^<]+)</a>', page)
    assert names[0] == "太原市反诈中心" and len(names) == 11
    assert "特危、高危、中危对象中" in page
    li.get("/pages/language?to=en&back=/pages/league")
    english = li.get("/pages/league?sort=coverage").text
    assert 'aria-sort="descending"' in english and "Persons reached themselves" in english


def test_a_league_counts_each_unit_as_if_asked_for_it_alone(month: Doors) -> None:
    """Eleven cities in one count: each has every figure that a count of that city alone has."""
    with month.store.read() as connection:
        found = branches(connection, Scope(), "140000", kpis=KPIS, now=month.now)
        assert len(found) == 11
        for unit, cells in found.items():
            alone = count(connection, Scope(unit=unit), kpis=KPIS, now=month.now).whole
            assert cells == alone, unit
    assert sum(cells["alerts"].numerator for cells in found.values()) == 2, "those of whom people took care"
