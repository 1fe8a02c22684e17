"""Outcomes, lists and the league table: every figure leads to its list, as long as the figure, in one's own region."""

from __future__ import annotations

import html
import re
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from threading import Event, Semaphore
from typing import Any

import pytest
from doors import CITY, COUNTY, OTHER_CITY, OTHER_COUNTY, Doors, opened
from fastapi.testclient import TestClient
from visitors import account, browser, enter, signed_in

from dispatcher.figures import KPIS, all_quantiles, branches, count, fold
from dispatcher.figures.meanings import name_of
from dispatcher.figures.scope import Scope
from dispatcher.figures.windows import Name, named
from dispatcher.figures.wording import NONE, Lang, seconds
from dispatcher.keys import Keyring
from web.pages import breakdown, latency, words, years

LATER = ("outcomes/years", "outcomes/breakdown", "outcomes/latency")
LIVE = {"HX-Request": "true"}
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


@pytest.mark.parametrize(
    "page",
    [
        *("outcomes", f"outcomes?region={CITY}", "outcomes/years", "outcomes/breakdown"),
        *(f"outcomes/breakdown?region={CITY}", "league", f"league?unit={CITY}"),
    ],
)
def test_every_figure_leads_to_a_list_as_long_as_itself(li: TestClient, page: str) -> None:
    """Li opens numbers of the page: each list has as many lines as it says; a count says the same on the page."""
    links = sorted(set(LINK.findall(li.get(f"/pages/{page}").text)))
    assert len(links) > 5
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
    city = step(li, parts_of(li, li.get("/pages/outcomes").text), "太原市")
    county = step(li, parts_of(li, city), "小店区")
    assert "山西省</a>" in county and "太原市</a>" in county
    ways = [html.unescape(way) for way, _ in LINK.findall(county) if "kpi=persons" in way]
    rows = li.get(ways[0]).text
    found = re.search(r'<a href="(/pages/cases/[0-9a-f-]{36})">', rows)
    assert found and "时间线" in li.get(found.group(1)).text


def parts_of(client: TestClient, page: str) -> str:
    """The tables that the page asks for when it is there."""
    found = re.search(r'hx-get="(/pages/outcomes/breakdown[^"]*)"', page)
    assert found
    told: str = client.get(html.unescape(found.group(1)), headers=LIVE).text
    return told


def step(client: TestClient, page: str, name: str) -> str:
    """Follow the link of this name."""
    found = re.search(rf'<a href="([^"]+)">{name}</a>', page)
    assert found, name
    told: str = client.get(html.unescape(found.group(1))).text
    return told


@pytest.mark.parametrize("page", ["outcomes", *LATER, "cases", "league"])
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


def times(page: str) -> list[list[str]]:
    """The table of response times: what, and within which time half, nine in ten and all but one in a hundred were."""
    table = page.split("99% 在</th>")[1].split("</table>")[0]
    rows = re.findall(r"<tr><th[^>]*>(.*?)</tr>", table)
    return [re.split(r"</t[hd]>(?:<td[^>]*>)?", row)[:4] for row in rows]


@pytest.mark.parametrize(("name", "title"), [("years", "与上年同期"), ("latency", "响应时间")])
def test_outcomes_come_before_what_costs_more(
    li: TestClient, monkeypatch: pytest.MonkeyPatch, name: str, title: str
) -> None:
    """Li opens a long window: the page waits for one count alone, and says that its other parts will come."""
    for module, costly in ((latency, "all_quantiles"), (years, "counted"), (breakdown, "counted")):
        monkeypatch.setattr(module, costly, lambda *_, **__: pytest.fail("the page waited for a later part"))
    page = li.get(f"/pages/outcomes?window=ytd&region={CITY}&level=L1").text
    way = f"/pages/outcomes/{name}?window=ytd&amp;region={CITY}&amp;level=L1"
    assert f'hx-get="{way}" hx-trigger="load"' in page
    assert f'<a href="{way}">单独查看{title}</a>' in page and f"{title}计算中…" in page


def test_the_year_before_comes_as_a_part_and_as_a_page(month: Doors, li: TestClient) -> None:
    """Li's page gets the change beside each headline figure too; who follows the link reads the same table."""
    part, page = li.get("/pages/outcomes/years?window=ytd", headers=LIVE), li.get("/pages/outcomes/years?window=ytd")
    assert part.status_code == page.status_code == 200 and "<html" not in part.text and "<html" in page.text
    shell = li.get("/pages/outcomes?window=ytd").text
    for name in years.HEAD:
        assert f'<small id="moved-{name}">' in shell
        assert f'<small id="moved-{name}" hx-swap-oob="true">同比 ' in part.text and f"moved-{name}" not in page.text
    window = named(Name.YTD, month.now)
    with month.store.read() as connection:
        mine = count(connection, Scope(window.since, window.until), kpis=["alerts"], now=month.now).whole["alerts"]
    for told in (part.text, page.text):
        (alerts,) = re.findall(rf'<th scope="row">{name_of("alerts", Lang.ZH)}</th>(.*?)</tr>', told)
        assert re.findall(r">([^<]+)<", alerts) == [str(mine.numerator), "0", NONE], alerts


@pytest.mark.parametrize(
    ("asked", "scope"), [("", {}), (f"region={CITY}", {"region": CITY}), ("level=L2", {"risks": ("L2",)})]
)
def test_response_times_come_as_a_part_and_as_a_page(
    month: Doors, li: TestClient, asked: str, scope: dict[str, Any]
) -> None:
    """Li's page asks for its part and another's browser follows the link: both read the figures' own quantiles."""
    part = li.get(f"/pages/outcomes/latency?{asked}", headers=LIVE)
    page = li.get(f"/pages/outcomes/latency?{asked}")
    assert part.status_code == page.status_code == 200
    assert "<html" not in part.text and "<html" in page.text and 'href="/pages/outcomes?' in page.text
    window = named(Name.MONTH, month.now)
    with month.store.read() as connection:
        each = all_quantiles(connection, Scope(window.since, window.until, **scope), now=month.now)
    right = [
        [words.say(Lang.ZH, f"latency.{what}"), *(NONE if ms is None else seconds(ms / 1000, Lang.ZH) for ms in told)]
        for what, rows in each.items()
        if (one := rows.get(())) is not None
        for told in [(one.p50, one.p90, one.p99)]
    ]
    assert right and times(part.text) == times(page.text) == right
    assert part.headers["content-security-policy"] == li.get("/pages/outcomes").headers["content-security-policy"]


def test_response_times_are_of_ones_own_region_alone(li: TestClient, wang: TestClient) -> None:
    """Nobody of Wang's city was ever reached, one of Li's province was: only her part tells how soon."""
    assert any(what == "收到 → 接触本人" for what, *_ in times(li.get("/pages/outcomes/latency", headers=LIVE).text))
    mine = wang.get("/pages/outcomes/latency", headers=LIVE).text
    assert "收到 → 首次发出" in mine and "收到 → 接触本人" not in mine


def test_response_times_are_for_whoever_is_signed_in(month: Doors) -> None:
    """A session ended while the page was loading: the whole page goes to the door, as does who followed the link."""
    stranger = browser(month)
    part = stranger.get("/pages/outcomes/latency", headers=LIVE)
    assert (part.status_code, part.headers["hx-redirect"], part.text) == (204, "/pages/sign-in", "")
    alone = stranger.get("/pages/outcomes/latency?window=ytd")
    assert alone.headers["location"] == "/pages/sign-in?next=%2Fpages%2Foutcomes%2Flatency%3Fwindow%3Dytd"


@pytest.mark.parametrize("asked", ["from=yesterday", "from=2026-11-22&to=2026-11-01", "level=L9", "type=pigeon"])
def test_response_times_refuse_filters_as_their_page_does(li: TestClient, asked: str) -> None:
    """Li wrote a filter that cannot be read into the part's address: it is refused in the words of the page."""
    page, part = li.get(f"/pages/outcomes?{asked}"), li.get(f"/pages/outcomes/latency?{asked}", headers=LIVE)
    assert page.status_code == part.status_code == 422
    assert "请检查" in page.text and "请检查" in part.text


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


def test_the_report_tells_what_the_page_tells(li: TestClient, wang: TestClient) -> None:
    """Li opens the press's page of her window and place; Wang's is of his city alone, and he cannot ask for hers."""
    page = li.get("/pages/outcomes?window=ytd")
    (way,) = re.findall(r'href="(/pages/report[^"]*)"', page.text)
    report = li.get(html.unescape(way))
    assert report.status_code == 200 and "全部辖区共接收预警5条" in report.text and "涉及群众5人" in report.text
    assert "report_all_2026" in report.headers["content-disposition"]
    assert "style-src 'sha256-" in report.headers["content-security-policy"]
    assert report.headers["cache-control"] == "no-store"
    assert "大同市共接收预警1条" in wang.get("/pages/report?window=ytd").text
    assert wang.get(f"/pages/report?window=ytd&region={CITY}").status_code == 404
    assert li.get("/pages/report?from=2026-13-01").status_code == 422


def test_no_report_leaves_out_a_filter(li: TestClient) -> None:
    """Li looks at one level alone: no report is offered, which would say that it is of all; its address ignores it."""
    assert "/pages/report" not in li.get("/pages/outcomes?window=ytd&level=L1").text
    assert "共接收预警5条" in li.get("/pages/report?window=ytd&level=L1").text


def test_parts_that_take_long_keep_no_page_waiting(doors: Doors, monkeypatch: pytest.MonkeyPatch) -> None:
    """Response times of three windows are still being read when Li opens Now: she sees it, and they come in turn."""
    account(doors, "li.na", "140000")
    li = doors.client
    assert enter(li, "li.na").status_code == 200
    begun, go_on = Semaphore(0), Event()

    def reads(*_: object, **__: object) -> dict[str, Any]:
        begun.release()
        go_on.wait(60)
        return {}

    monkeypatch.setattr(latency, "all_quantiles", reads)
    with ThreadPoolExecutor(3) as others:
        asked = [others.submit(li.get, "/pages/outcomes/latency", headers=LIVE) for _ in range(3)]
        assert begun.acquire(timeout=60)
        assert li.get("/pages/now").status_code == li.get("/pages/outcomes").status_code == 200
        assert not begun.acquire(blocking=False), "one part at a time"
        go_on.set()
        assert [one.result(60).status_code for one in asked] == [200, 200, 200]


def test_each_part_says_as_of_when_it_is(li: TestClient) -> None:
    """The year before is counted a moment after Li's page: the part tells its own instant and lag, and that it came."""
    for name in ("years", "breakdown", "latency"):
        part = li.get(f"/pages/outcomes/{name}", headers=LIVE).text
        assert "截至 " in part and "数据滞后 " in part
        assert '<p id="arrived" hx-swap-oob="innerHTML">' in part
        assert 'id="arrived"' not in li.get(f"/pages/outcomes/{name}").text
