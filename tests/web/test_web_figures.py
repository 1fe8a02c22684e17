"""The figures' door: what a supervisor reads there, in which form, and what he may not."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import jsonschema
import pytest
from doors import CITY, COUNTY, OTHER_CITY, OTHER_COUNTY, PHONE, Doors, opened, problem
from httpx import Response

from dispatcher.figures import DEFINITIONS, DIMENSIONS, fold
from dispatcher.keys import Keyring
from dispatcher.words import Role
from web.figures.as_csv import text

DOORS = ("summary", "by/level", "by/day?window=today", "latency", "compare?window=today", "cases?kpi=persons", "kpis")


@pytest.fixture(scope="module")
def full(tmp_path_factory: pytest.TempPathFactory, sqlite_template: Path, keys: Keyring) -> Iterator[Doors]:
    """Five alerts on four persons in two counties of Taiyuan and one of Datong; one was rung. Nobody changes it."""
    with opened(tmp_path_factory.mktemp("figures"), sqlite_template, keys) as made:
        filled(made)
        while fold(made.store, now=made.now):
            pass
        yield made


def filled(doors: Doors) -> None:
    """See `full`."""
    for number, region in enumerate((COUNTY, COUNTY, OTHER_COUNTY, "140212")):
        victim = {"phone": f"1381234567{number}"}
        told = doors.alert(victim=victim, region=region, risk=f"L{number % 2 + 1}", source="bank")
        assert doors.push([told]).json()["results"][0]["status"] == "accepted"
    doors.push(doors.alert(victim={"phone": "13812345670"}))
    doors.later(seconds=2)
    doors.work()
    doors.later(minutes=2)
    task = doors.task("call")
    doors.act(task, "sign-in")
    doors.report(task, dissuasion="timely")
    doors.later(minutes=1)


def get(doors: Doors, path: str, unit: str = "140000", role: Role = Role.SUPERVISOR, **headers: str) -> Response:
    """A supervisor asks."""
    return doors.client.get(f"/v1/figures/{path}", headers=doors.key(role, unit) | headers)


def figure(told: dict[str, Any], name: str) -> dict[str, Any]:
    """One figure of an answer."""
    (found,) = [one for one in told["figures"] if one["definition"] == name]
    return found


def test_every_figure_has_its_parts(full: Doors) -> None:
    """A supervisor read the summary: every figure by its id, with what it is made of, as of when, how far behind."""
    told = get(full, "summary").json()
    assert [one["definition"] for one in told["figures"]] == list(DEFINITIONS)
    assert figure(told, "alerts") == {"definition": "alerts", "value": 4, "numerator": 4, "denominator": 5}
    assert figure(told, "persons")["value"] == 4
    assert figure(told, "coverage")["value"] == 0.25
    assert told["at"].startswith("2026-11-22T04:03:02") and told["lag_s"] >= 0
    assert figure(get(full, "summary?kpi=met&region=140212").json(), "met")["numerator"] == 0


def test_rows_by_dimension(full: Doors) -> None:
    """By county the alerts add up to the whole; a city's supervisor reads its own counties only."""
    told = get(full, "by/county?kpi=alerts").json()
    assert {row["key"]: row["figures"][0]["value"] for row in told["rows"]} == {COUNTY: 2, OTHER_COUNTY: 1, "140212": 1}
    assert told["rows"][0]["label"] == "小店区" and told["total"][0]["value"] == 4
    mine = get(full, "by/county?kpi=alerts", CITY).json()
    assert {row["key"] for row in mine["rows"]} == {COUNTY, OTHER_COUNTY} and mine["scope"]["region"] == CITY


def test_every_dimension_is_told(full: Doors) -> None:
    """Whatever a supervisor tells figures apart by: rows, and a total that is the summary's."""
    whole = get(full, "summary?window=today&kpi=alerts&kpi=persons").json()["figures"]
    for dimension in DIMENSIONS:
        told = get(full, f"by/{dimension}?window=today&kpi=alerts&kpi=persons").json()
        assert told["rows"] and told["total"] == whole, dimension


def test_a_window_beside_earlier_ones(full: Doors) -> None:
    """Today was compared with yesterday and a year ago: nobody was warned then, so no growth is claimed."""
    told = get(full, "compare?window=today&kpi=alerts&kpi=coverage").json()
    assert told["window"]["from"] == "2026-11-22T00:00:00+08:00"
    assert told["year_before"]["from"] == "2025-11-22T00:00:00+08:00"
    alerts = figure(told, "alerts")
    assert (alerts["value"], alerts["year_before"]["value"], alerts["year_before"]["growth"]) == (4, 0, None)
    assert figure(told, "coverage")["just_before"]["points"] is None


def test_how_long_it_took(full: Doors) -> None:
    """A person was reached two minutes after his alert came: so says the response time, by level and in all."""
    told = get(full, "latency").json()
    (reached,) = [row for row in told["total"] if row["definition"] == "reached_ms"]
    assert reached["count"] == 1 and 120_000 <= reached["p50_ms"] == reached["p99_ms"] <= 123_000


OF_EACH_UNIT = ("alerts", "persons", "dispatches", "sign_in_on_time", "sms_delivered", "coverage", "money_defrauded")


@pytest.mark.parametrize("part", ["numerator", "denominator"])
def test_the_cases_behind_a_figure(full: Doors, part: str) -> None:
    """A supervisor asked who is behind a figure: as many as it says, each once, page by page."""
    whole = get(full, "summary").json()
    for name in OF_EACH_UNIT:
        told = get(full, f"cases?kpi={name}&part={part}&limit=2").json()
        items = list(told["items"])
        while told["next"]:
            told = get(full, f"cases?kpi={name}&part={part}&limit=2&after={told['next']}").json()
            items += told["items"]
        expected = figure(whole, name)["denominator" if DEFINITIONS[name].kind == "yuan" else part]
        assert told["count"] == len({one["item"] for one in items}) == expected, name
    assert "residents" in problem(get(full, "cases?kpi=alerts_per_100k&part=denominator"), 422)["part"]


@pytest.mark.parametrize("path", DOORS)
def test_answers_are_what_openapi_says(full: Doors, path: str) -> None:
    """A program that was generated from our description reads every answer."""
    description = full.client.get("/openapi.json").json()
    told = description["paths"][
        "/v1/figures/"
        + path.partition("?")[0].replace("by/level", "by/{dimension}").replace("by/day", "by/{dimension}")
    ]["get"]
    answers = told["responses"]["200"]["content"]
    assert {"application/json", "text/csv"} <= set(answers) and "304" in told["responses"]
    schema = answers["application/json"]["schema"] | {"components": description["components"]}
    jsonschema.validate(get(full, path).json(), schema)
    known = {one["name"] for one in told["parameters"]}
    assert {"format", "lang", "bom"} <= known


@pytest.mark.parametrize("path", DOORS)
def test_csv_says_the_same(full: Doors, path: str) -> None:
    """A clerk took the figures as CSV, by name or by Accept, with a mark for Excel: the same numbers."""
    glue = "&" if "?" in path else "?"
    plain = get(full, f"{path}{glue}format=csv")
    assert plain.headers["content-type"] == "text/csv; charset=utf-8" and not plain.text.startswith("\ufeff")
    assert get(full, f"{path}{glue}bom=true", Accept="text/csv").text == "\ufeff" + plain.text
    rows = list(csv.DictReader(io.StringIO(plain.text)))
    told = get(full, path).json()
    if path == "summary":
        assert [(row["definition"], int(row["numerator"]), int(row["denominator"])) for row in rows] == [
            (one["definition"], one["numerator"], one["denominator"]) for one in told["figures"]
        ]
        assert [float(row["value"]) if row["value"] else None for row in rows] == [
            one["value"] for one in told["figures"]
        ]
    assert rows and PHONE[:7] not in plain.text


@pytest.mark.parametrize(
    ("wrong", "field", "hint"),
    [
        ("from=2026-02-01&to=2026-01-01", "from", "before to"),
        ("from=yesterday", "from", "2026-01-31"),
        ("from=2026-01-01T00:00:00", "from", "offset"),
        ("from=1826-01-01&to=2026-01-01", "from", "2000-01-01"),
        ("from=2001-01-01&to=2026-01-01", "from", "10 years"),
        ("to=2026-02-30", "to", "2026-01-31"),
        ("window=tomorrow", "window", "ytd"),
        ("window=ytd&from=2026-01-01", "window", "beside"),
        ("region=14%27", "region", "GB/T 2260"),
        ("region=999999", "region", "GB/T 2260"),
        ("region=١٤", "region", "GB/T 2260"),
        ("region=14&region=15", "region", "once"),
        ("unit=nowhere", "unit", "140105"),
        ("kpi=magic", "kpi", "coverage"),
        ("type=magic", "type", "fake_police"),
        ("source=gossip", "source", "bank"),
        ("level=L9", "level", "L1"),
        ("test=perhaps", "test", "true or false"),
        ("form=csv", "form", "region"),
        ("format=pdf", "format", "xlsx"),
        ("lang=fr", "lang", "zh"),
    ],
)
def test_what_is_wrong_is_named(full: Doors, wrong: str, field: str, hint: str) -> None:
    """A supervisor mistyped a filter: the answer names it and what would be right, and repeats nothing."""
    for door in ("summary", "by/level"):
        assert hint in problem(get(full, f"{door}?{wrong}"), 422)[field]


def test_what_a_door_alone_needs(full: Doors) -> None:
    """An unknown dimension, no window to compare, no figure to list, days without an end: each is named."""
    assert "county" in problem(get(full, "by/colour"), 404)["dimension"]
    assert "county" in problem(get(full, "latency?by=colour"), 422)["by"]
    assert "window" in problem(get(full, "compare"), 422)["from"]
    assert "one figure" in problem(get(full, "cases"), 422)["kpi"]
    assert "window" in problem(get(full, "by/day"), 422)["from"]
    assert "2000" in problem(get(full, "by/day?from=2017-01-01&to=2026-01-01"), 422)["from"]
    assert set(problem(get(full, "cases?kpi=met&part=both&after=x&limit=0"), 422)) == {"part", "after", "limit"}
    assert "format" in problem(get(full, "kpis?region=14"), 422)["region"]


def test_nothing_is_told_of_other_regions(full: Doors) -> None:
    """A supervisor of Taiyuan asked for Datong, for the province, for a region that is none: the same answer, 403."""
    answers = {get(full, f"summary?region={code}", CITY).text for code in (OTHER_CITY, "140212", "140000", "999999")}
    answers |= {get(full, f"summary?unit={code}", CITY).text for code in (OTHER_CITY, "nowhere")}
    assert len(answers) == 1
    problem(get(full, "summary?region=140212", CITY), 403)
    assert "known" in problem(get(full, "summary?region=140199", CITY), 422)["region"]
    assert figure(get(full, "summary", OTHER_CITY).json(), "alerts")["value"] == 1
    assert len(get(full, "cases?kpi=persons", OTHER_CITY).json()["items"]) == 1


def test_only_supervisors_read_figures(full: Doors) -> None:
    """Officers, callers and upstreams are sent away; an administrator is not; without a key nobody is let in."""
    for role in (Role.OFFICER, Role.CALLER, Role.UPSTREAM):
        problem(get(full, "summary", role=role), 403)
    assert get(full, "summary", role=Role.ADMINISTRATOR).status_code == 200
    problem(full.client.get("/v1/figures/summary"), 401)


def test_the_same_figures_are_not_sent_twice(doors: Doors) -> None:
    """A page asks again and again: 304 while nothing changed, though time goes on; an alert came: the new figures."""
    filled(doors)
    paths = ("summary?window=ytd", "by/level?format=csv", "compare?window=month", "latency")
    tags = {path: get(doors, path).headers["etag"] for path in paths}
    doors.later(seconds=1)
    for path, tag in tags.items():
        again = get(doors, path, **{"If-None-Match": f'"other", {tag}'})
        assert (again.status_code, again.content, again.headers["etag"]) == (304, b"", tag)
    doors.push(doors.alert(victim={"phone": "13912345678"}))
    doors.later(seconds=1)
    doors.work()
    for path, tag in tags.items():
        assert get(doors, path, **{"If-None-Match": tag}).status_code == 200


def test_no_cell_is_a_formula() -> None:
    """An upstream named itself like a formula: in a clerk's spreadsheet it is a text."""
    told = text([{"a": "=cmd|' /C calc'!A0", "b": "@x", "c": -5, "d": "-5", "e": None}], ["a", "b", "c", "d", "e"])
    assert told.splitlines()[1] == "'=cmd|' /C calc'!A0,'@x,-5,'-5,"
