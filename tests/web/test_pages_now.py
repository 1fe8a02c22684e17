"""The page Now: what arrived, what waits and is owed in one's own region; it asks by itself, and loads nothing else."""

from __future__ import annotations

import re
import time

from doors import CITY, COUNTY, OTHER_CITY, OTHER_COUNTY, Doors
from sqlalchemy.exc import OperationalError
from visitors import browser, signed_in

from dispatcher import tables
from dispatcher.figures.wording import Lang
from dispatcher.health import Told, tell
from dispatcher.routing.breaker import Report
from web.pages import words
from web.pages.rendering import HERE

LIVE = {"HX-Request": "true"}


def tiles(page: str) -> list[str]:
    """The large numbers, in order: today, quarter, due, out, soon, missed."""
    return re.findall(r"<dd>([^<]*)</dd>", page.split("</dl>")[0])


def test_an_alert_arrives_while_li_looks(doors: Doors) -> None:
    """Nothing has come: the page says what to do. Two alerts come: they are there at the next look, tests left out."""
    li = signed_in(doors, "li.na", CITY)
    empty = li.get("/pages/now").text
    assert tiles(empty) == ["0", "0", "0", "0", "0", "0"] and "quanzu sample" in empty
    doors.push([doors.alert(), doors.alert(victim={"phone": "13912345678"}, region=OTHER_COUNTY, risk="L3")])
    doors.push(doors.alert(victim={"phone": "13712345678"}, test=True))
    doors.later(seconds=3)
    part = li.get("/pages/now", headers=LIVE).text
    assert "<html" not in part
    assert tiles(part)[:3] == ["2", "2", "5"]  # L1: text, call, visit; L3: text, robot


def test_what_is_owed_comes_first_and_goes_over(doors: Doors) -> None:
    """A caller and an officer do not sign in: their limits run out first, then stand among what is overdue."""
    li = signed_in(doors, "li.na", CITY)
    doors.push(doors.alert())
    doors.work()
    doors.later(seconds=5)
    soon = li.get("/pages/now").text
    assert soon.count("签收") >= 2 and "剩 4分" in soon
    doors.later(minutes=6)
    over = li.get("/pages/now").text
    assert int(tiles(over)[5]) >= 2 and "超 1分" in over


def test_another_city_sees_none_of_it(doors: Doors) -> None:
    """Wang watches the city next door: his page counts nothing of Taiyuan, not even what the carrier was asked."""
    doors.push(doors.alert())
    doors.work()
    page = signed_in(doors, "wang.li", OTHER_CITY).get("/pages/now").text
    assert set(tiles(page)) == {"0"} and "simulator" not in page


def test_a_carrier_that_fails_is_named_to_everybody(doors: Doors) -> None:
    """A carrier hung ten times and another found our signature wrong: whoever looks reads that, and since when."""
    li = signed_in(doors, "li.na", CITY)
    doors.push(doors.alert())
    doors.work()
    doors.later(seconds=3)
    assert "正常" in li.get("/pages/now").text
    hung = Told(Report(failed=10, last_run=10))
    tell(doors.store, "simulator", hung, doors.now)
    refused = Told(Report(good=1), our_fault_at=doors.now, our_fault_code="SIGN_ERROR")
    tell(doors.store, "elsewhere", refused, doors.now)
    doors.later(seconds=3)
    page = li.get("/pages/now").text
    assert "已绕开" in page and "simulator 连续失败，自 " in page
    assert "elsewhere 拒收（SIGN_ERROR）" in page
    other = signed_in(doors, "wang.li", OTHER_CITY).get("/pages/now").text
    assert "simulator 连续失败" in other
    doors.later(minutes=16)
    assert "SIGN_ERROR" not in li.get("/pages/now").text


def test_many_screens_cost_one_count(doors: Doors) -> None:
    """Ten screens ask within a second: the rows are counted once."""
    li = signed_in(doors, "li.na", CITY)
    first = li.get("/pages/now", headers=LIVE).text
    doors.push(doors.alert())
    assert {li.get("/pages/now", headers=LIVE).text for _ in range(3)} == {first}
    doors.later(seconds=2)
    assert li.get("/pages/now", headers=LIVE).text != first


def test_an_old_screen_is_sent_to_sign_in(doors: Doors) -> None:
    """A wall screen's session ended: the whole page goes to the door, not the part."""
    answer = browser(doors).get("/pages/now", headers=LIVE)
    assert (answer.status_code, answer.headers["hx-redirect"]) == (204, "/pages/sign-in")


def test_nothing_is_run_or_loaded_from_elsewhere(doors: Doors) -> None:
    """Every answer of the pages forbids it, faults too; no template holds a script or a style of its own."""
    client = signed_in(doors, "li.na", CITY)
    for way in (
        "/pages",
        "/pages/now",
        "/pages/outcomes/latency",
        "/pages/outcomes/latency?level=L9",
        "/pages/report",
        "/pages/report?from=x",
        "/pages/sign-in",
        "/pages/nothing",
        "/pages/static/pages.css",
        "/pages/static/x",
    ):
        policy = client.get(way).headers["content-security-policy"]
        assert "default-src 'none'" in policy and "unsafe" not in policy and "//" not in policy
    for template in (HERE / "templates").glob("*.html"):
        text = template.read_text()
        assert not re.search(r"<style|<script(?! src=\"\{\{ static)| style=| on[a-z]+=|https?://", text), template.name


def test_a_browser_keeps_what_never_changes(doors: Doors) -> None:
    """A style's address names its contents: a browser may keep it for a year; a page is never kept."""
    client = browser(doors)
    page = client.get("/pages/sign-in")
    style = re.search(r'href="(/pages/static/pages.css\?v=[0-9a-f]{12})"', page.text)
    assert style and "immutable" in client.get(style.group(1)).headers["cache-control"]
    assert page.headers["cache-control"] == "no-store"


def test_a_fault_is_told_in_plain_words(doors: Doors, monkeypatch) -> None:  # type: ignore[no-untyped-def]  # pytest's
    """The database is away, or we have a fault: the page says so, in words; the API still answers with a problem."""
    li = signed_in(doors, "li.na", CITY)

    def away(*_: object, **__: object) -> None:
        raise OperationalError("SELECT 1", {}, Exception("gone"))

    monkeypatch.setattr("web.pages.now.Lookout.look", away)
    answer = li.get("/pages/now")
    assert answer.status_code == 503 and "数据库暂时不可用" in answer.text and "SELECT" not in answer.text
    assert answer.headers["retry-after"] == "5"
    monkeypatch.setattr("web.pages.now.Lookout.look", lambda *_, **__: 1 / 0)
    broken = li.get("/pages/now")
    assert broken.status_code == 500 and "已记入日志" in broken.text
    assert "script-src 'self'" in broken.headers["content-security-policy"]
    assert li.get("/v1/nothing").headers["content-type"] == "application/problem+json"


def test_both_languages_have_every_word() -> None:
    """A translator forgot a word: this names it, and a word with a gap that the other lacks."""
    chinese, english = words.table(Lang.ZH), words.table(Lang.EN)
    assert set(chinese) == set(english)
    gaps = re.compile(r"\{\w+\}")
    for key, text in chinese.items():
        assert set(gaps.findall(text)) == set(gaps.findall(english[key])), key


def test_no_page_asks_for_a_word_that_is_not_there() -> None:
    """Every key that a template or page names by itself is in the tables."""
    asked = set()
    for file in [*(HERE / "templates").glob("*.html"), *HERE.glob("*.py")]:
        asked |= set(re.findall(r"say\((?:asking\.lang, )?[\"']([a-z_]+\.[a-z_]+)[\"'][,)]", file.read_text()))
    assert len(asked) > 60 and asked <= set(words.table(Lang.ZH))


def test_cases_that_only_a_supervisor_can_end_are_listed(doors: Doors) -> None:
    """One would not listen and was not met, another was not found: Li sees both, once nobody is on the way to them."""
    in_vain = {"reach": "not_reached", "reason": "no_answer", "verdict": None}
    not_met = in_vain | {"visit": "invalid", "visit_reason": "not_home"}
    li = signed_in(doors, "li.na", CITY)

    def listed() -> tuple[int, int]:
        doors.later(seconds=3)
        page = li.get("/pages/now").text
        found = page.count("不听劝，且无人在途"), page.count("多次联系均未找到")
        assert ("没有等主管定夺的案件" in page) == (found == (0, 0))
        return found

    doors.push(doors.alert())
    (text,) = [letter for letter in doors.work() if letter.channel == "sms"]
    news = [{"reference": text.reference, "code": "DELIVRD", "at": doors.now.isoformat()}]
    assert doors.tells({"news": news}).json()["stored"] == 1
    give_up = time.monotonic() + 20  # it is applied right after it was answered
    while "fulfilled" not in {row["state"] for row in doors.rows(tables.dispatches)} and time.monotonic() < give_up:
        time.sleep(0.01)
    assert listed() == (0, 0)
    assert doors.report(doors.task("call"), dissuasion="refused").status_code == 200
    assert listed() == (0, 0), "an officer is still on his way"
    assert doors.report(doors.task("visit", COUNTY), **not_met).status_code == 200
    assert listed() == (1, 0)
    doors.push(doors.alert(victim={"phone": "13912345678"}))
    doors.work()
    assert doors.report(doors.task("call"), **in_vain, close="temp_unreachable").status_code == 200
    assert listed() == (1, 1)
    page = signed_in(doors, "wang.li", OTHER_CITY).get("/pages/now").text
    assert "不听劝，且无人在途" not in page and "多次联系均未找到" not in page
