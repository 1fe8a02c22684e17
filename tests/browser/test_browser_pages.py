"""The pages in a real browser: Li watches, drills, reads and prints; Wang, of another city, sees none of it."""

from __future__ import annotations

import re
from typing import Any

import pytest
from doors import CITY, COUNTY, OTHER_CITY
from playwright.sync_api import Browser, BrowserContext, Page, Route, expect
from visited import House
from visitors import PASSWORD, account

from dispatcher import tables

pytestmark = [pytest.mark.xdist_group("browser"), pytest.mark.timeout(600)]

expect.set_options(timeout=90_000)  # others share the machine: nothing here may fail for being slow

PHONE, WALL = {"width": 390, "height": 844}, {"width": 2560, "height": 1440}
LATER = ("outcomes/years", "outcomes/breakdown", "outcomes/latency")
FIGURES = (
    "/pages/outcomes?window=ytd",
    *(f"/pages/{one}?window=ytd" for one in (*LATER, "report")),
    "/pages/cases?window=ytd",
    "/pages/league?window=ytd",
)
PAGES = ("/pages/now", *FIGURES)
AXE = """async () => (await axe.run(document, {resultTypes: ['violations']})).violations
    .filter(one => ['serious', 'critical'].includes(one.impact))
    .map(one => one.id + ': ' + one.nodes.map(node => node.target.join(' ')).slice(0, 3).join(' | '))"""


@pytest.fixture(scope="module", autouse=True)
def town(house: House) -> None:
    """Two supervisors, and one person in danger who was reached."""
    account(house, "li.na", "140000")
    account(house, "wang.li", OTHER_CITY)
    house.push(house.alert())
    house.push(house.alert(victim={"phone": "13912345678"}, risk="L3", fraud_type="fake_loan"))
    house.work()
    task = house.task("call")
    house.act(task, "sign-in")
    house.report(task, dissuasion="timely", dissuaded_yuan="5000.00")


def sign_in(page: Page, login: str) -> None:
    """As a person does it: by name and password, and the key Enter."""
    page.goto("/pages")
    page.get_by_label("登录名").fill(login)
    page.get_by_label("密码").fill(PASSWORD)
    page.get_by_label("密码").press("Enter")
    expect(page.get_by_role("heading", name="当前")).to_be_visible()


def the_case(house: House) -> str:
    """The address of the first case."""
    return f"/pages/cases/{house.rows(tables.cases)[0]['id']}"


def test_li_watches_drills_switches_and_prints(page: Page, house: House) -> None:
    """Alerts flow while Li reads Now; she drills from the province to a case, switches language, and prints it."""
    sign_in(page, "li.na")
    today = page.locator(".tiles dd").first
    before = int(today.inner_text())
    house.push(house.alert(victim={"phone": "13712345678"}, risk="L2"))
    expect(today).to_have_text(str(before + 1))  # nobody reloaded
    page.get_by_role("link", name="成效").click()
    page.get_by_role("link", name="太原市").click()
    page.get_by_role("link", name="小店区").click()
    persons = page.locator(".funnel li").first.get_by_role("link")
    number = int(persons.inner_text())
    persons.click()
    expect(page.locator("tr[data-item]")).to_have_count(number)
    page.locator("tr[data-item] a").first.click()
    expect(page.get_by_role("heading", name="时间线")).to_be_visible()
    here = page.url
    page.get_by_role("link", name="English").click()
    expect(page.get_by_role("heading", name="Timeline")).to_be_visible()
    assert page.url == here
    printed = page.pdf(format="A4")
    assert printed.startswith(b"%PDF") and len(printed) > 10_000
    page.get_by_role("button", name="Sign out").click()
    expect(page.get_by_label("Password")).to_be_visible()
    page.goto(here)
    expect(page.get_by_label("Password")).to_be_visible()


def test_li_prints_the_report_of_what_she_looks_at(page: Page, context: BrowserContext) -> None:
    """Li looks at a county's year, opens its report in a new tab and prints it: sentences, figures, definitions."""
    sign_in(page, "li.na")
    page.goto(f"/pages/outcomes?window=ytd&region={COUNTY}")
    with context.expect_page() as opened:
        page.get_by_role("link", name="生成情况通报").click()
    report = opened.value
    expect(report.get_by_role("heading", name="预警劝阻工作情况通报")).to_be_visible()
    expect(report.get_by_text("共接收预警")).to_contain_text("小店区")
    expect(report.get_by_role("heading", name="附录：指标定义")).to_be_visible()
    assert report.evaluate("getComputedStyle(document.querySelector('header')).borderTopStyle") == "solid", "its style"
    printed = report.pdf(format="A4", prefer_css_page_size=True)
    assert printed.startswith(b"%PDF") and len(printed) > 20_000


def test_a_reason_opens_the_person_and_leaving_closes(page: Page, house: House) -> None:
    """Li gives a reason and sees the number; she comes back to the case, and it is masked again."""
    sign_in(page, "li.na")
    case = the_case(house)
    page.goto(case)
    expect(page.get_by_text("****")).to_be_visible()
    page.get_by_label("查看理由").fill("回访核实")
    page.get_by_role("button", name="查看全文").click()
    expect(page.get_by_text("+8613")).to_be_visible()
    page.get_by_role("link", name="隐藏").click()
    expect(page.get_by_text("+8613")).to_have_count(0)


def test_wang_cannot_see_it_by_any_address(page: Page, house: House) -> None:
    """Wang has the case's address, and tries it, others' regions and units: nothing opens, nothing is told."""
    sign_in(page, "wang.li")
    case = the_case(house)
    ways = (case, f"{case}?region={CITY}", f"{case}/", f"/pages/cases?region={COUNTY}", f"/pages/league?unit={CITY}")
    figures = tuple(f"/pages/{one}?region={CITY}" for one in ("outcomes", *LATER, "report"))
    for way in (*ways, *figures):
        answer = page.goto(way)
        assert answer is not None and answer.status == 404, way
        # a token or the case's own id may hold any three digits
        assert not re.search(r"冒充公检法|小店区|138(\*|\d{8})|时间线", page.content()), way
    page.goto("/pages/now")
    assert page.locator(".tiles dd").all_inner_texts() == ["0"] * 6


def test_a_screen_that_lost_its_house_says_so(page: Page) -> None:
    """The network goes while Now hangs on the wall: it says that its numbers stand still, and goes on afterwards."""
    sign_in(page, "li.na")
    page.route("**/pages/now", lambda route: route.abort())
    expect(page.locator("#stale")).to_be_visible()
    page.unroute("**/pages/now")
    expect(page.locator("#stale")).to_be_hidden()


def test_response_times_come_after_the_page(page: Page) -> None:
    """Li opens Outcomes: the figures are there, the response times come by themselves, and are printed with them."""
    sign_in(page, "li.na")
    held: list[Route] = []
    page.route("**/pages/outcomes/latency?*", lambda route: held.append(route))
    page.goto("/pages/outcomes?window=ytd")
    expect(page.get_by_text("响应时间计算中…")).to_be_visible()
    expect(page.locator(".funnel li").first.get_by_role("link")).to_have_text(re.compile(r"^\d+$"))
    held[0].continue_()
    page.emulate_media(media="print")
    expect(page.get_by_role("row", name="收到 → 接触本人")).to_be_visible()
    expect(page.get_by_text("响应时间计算中…")).to_have_count(0)


def test_each_headline_figure_gets_its_change_on_the_year(page: Page) -> None:
    """Li opens Outcomes: beside each of six figures stands how it moved, as soon as the year before is counted."""
    sign_in(page, "li.na")
    held: list[Route] = []
    page.route("**/pages/outcomes/years?*", lambda route: held.append(route))
    page.goto("/pages/outcomes?window=ytd")
    tiles = page.locator("main > .tiles dd > small[id]")
    expect(tiles).to_have_count(6)
    expect(tiles.filter(has_text="同比")).to_have_count(0)
    held[0].continue_()
    expect(tiles.filter(has_text="同比")).to_have_count(6)
    expect(page.get_by_role("columnheader", name="上年同期")).to_be_visible()


def test_response_times_that_do_not_come_are_missed_alone(page: Page) -> None:
    """The database, then the network goes while they are awaited: the section says so, and its link leads to them."""
    sign_in(page, "li.na")
    for fails in (lambda route: route.fulfill(status=503, body="<h1>no</h1>"), lambda route: route.abort()):
        page.route("**/pages/outcomes/latency?*", fails)
        page.goto("/pages/outcomes?window=ytd")
        expect(page.get_by_text("响应时间没有读到。")).to_be_visible()
        expect(page.get_by_text("响应时间计算中…")).to_be_hidden()
        expect(page.locator(".funnel")).to_be_visible()
        page.unroute("**/pages/outcomes/latency?*")
    page.get_by_role("link", name="单独查看响应时间").click()
    expect(page.get_by_role("row", name="收到 → 接触本人")).to_be_visible()


def test_a_session_that_ends_before_they_come_leads_to_the_door(page: Page, context: BrowserContext) -> None:
    """Li's session ends between the page and its response times: no sign-in is squeezed into the section."""
    sign_in(page, "li.na")
    held: list[Route] = []
    page.route("**/pages/outcomes/latency?*", lambda route: held.append(route))
    page.goto("/pages/outcomes?window=ytd")
    expect(page.get_by_text("响应时间计算中…")).to_be_visible()
    context.clear_cookies()
    held[0].continue_(headers={**held[0].request.headers, "cookie": ""})
    expect(page.get_by_label("登录名")).to_be_visible()
    assert page.url.endswith("/pages/sign-in")


def test_a_browser_without_scripts_follows_a_link_to_them(browser: Browser, house: House) -> None:
    """Wang's old browser runs no scripts: no promise is made that nobody keeps, and a link shows them alone."""
    plain = browser.new_context(base_url=house.origin, locale="zh-CN", java_script_enabled=False)
    page = plain.new_page()
    sign_in(page, "wang.li")
    page.goto("/pages/outcomes?window=ytd")
    expect(page.get_by_text("响应时间计算中…")).to_be_hidden()
    page.get_by_role("link", name="单独查看响应时间").click()
    expect(page.get_by_role("heading", name="响应时间", level=1)).to_be_visible()
    plain.close()


def test_a_key_press_leads_everywhere(page: Page) -> None:
    """Li has no mouse: the first Tab offers to skip to the content, and what is focused is seen."""
    sign_in(page, "li.na")
    page.goto("/pages/league?window=ytd")
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.className") == "skip"
    page.keyboard.press("Enter")
    assert page.evaluate("document.activeElement.id") == "main"
    page.locator("th a.tip").first.focus()
    expect(page.get_by_role("tooltip").first).to_be_visible()
    width = page.evaluate("getComputedStyle(document.activeElement).outlineStyle")
    assert width != "none"


@pytest.mark.parametrize("lang", ["zh", "en"])
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_no_page_keeps_anybody_out(context: BrowserContext, page: Page, house: House, lang: str, scheme: Any) -> None:
    """Labels, contrast, names, order, in both languages, by day and by night: axe finds no serious fault; none scrolls
    sideways on a phone."""
    page.emulate_media(color_scheme=scheme, reduced_motion="reduce")
    faults = look(page, "/pages/sign-in")
    sign_in(page, "li.na")
    page.goto(f"/pages/language?to={lang}&back=/pages/now")
    for way in (*PAGES, the_case(house), "/pages/nothing"):
        faults += look(page, way)
    assert faults == []


def look(page: Page, way: str) -> list[str]:
    """The serious faults of a page, on a phone and on a wall."""
    page.goto(way)
    expect(page.locator(".waiting")).to_have_count(0)  # what comes after the page is looked at as well
    found = []
    for size in (PHONE, WALL):
        page.set_viewport_size(size)  # type: ignore[arg-type]  # two numbers by name
        found += [f"{way} at {size['width']}: {fault}" for fault in page.evaluate(AXE)]
        if page.evaluate("document.documentElement.scrollWidth > innerWidth"):
            found.append(f"{way} scrolls sideways at {size['width']}")
    return found
