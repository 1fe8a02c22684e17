"""Counts what the page tells, in one steady view, and makes it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime
from functools import cache
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup
from sqlalchemy import Connection

from config.regions import Regions
from dispatcher.figures import DEFINITIONS, LATENCIES, Kpi, all_quantiles, answers, wording
from dispatcher.figures.answers import ByDimension
from dispatcher.figures.filters import Asked
from dispatcher.figures.meanings import meaning_of, name_of
from dispatcher.figures.naming import TOTAL, label, title
from dispatcher.figures.telling import parts_of, value_of
from dispatcher.figures.wording import Lang
from dispatcher.plan import LOCAL
from web.figures.sheets import period
from web.report import charts, prose
from web.report.prose import moved, word

HERE = Path(__file__).parent
MAIN = (
    *("alerts", "persons", "dispatches", "sign_in_on_time", "feedback_on_time", "sms_delivered", "call_answered"),
    *("met", "met_on_time", "coverage", "missed_contact", "dissuaded_provisional", "kept_from_fraud", "accuracy"),
    *("money_defrauded", "money_dissuaded", "money_stopped"),
)
HERO = ("alerts", "kept_from_fraud", "coverage", "money_dissuaded")
REGIONAL = ("alerts", "persons", "sms_delivered", "call_answered", "met", "coverage")
MANY_DAYS = 62
"""A longer period is drawn by months."""


def press_page(connection: Connection, asked: Asked, lang: Lang, *, now: datetime) -> str:
    """The page of what was asked for, as HTML. Raises: FiltersWrong: no window was given."""
    context = _counted(connection, replace(asked, kpis=MAIN), lang, now)
    css = Markup(style())  # noqa: S704  # our own file
    return _environment().get_template("page.html.j2").render(**context, css=css, lang=lang.value)


@cache
def style() -> str:
    """What stands between its style tags."""
    return (HERE / "page.css").read_text("utf-8")


@cache
def _environment() -> Environment:
    return Environment(
        loader=FileSystemLoader(HERE), autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True
    )


def file_name(asked: Asked, lang: Lang) -> str:
    """What its file is called: by place, days and language."""
    window = asked.window
    assert window is not None
    days = "_".join(f"{at.astimezone(LOCAL):%Y%m%d}" for at in (window.since, window.until))
    return f"report_{asked.scope.region or 'all'}_{days}_{lang}.html"


def _counted(connection: Connection, asked: Asked, lang: Lang, now: datetime) -> dict[str, Any]:
    compared = answers.compared(connection, asked, now=now)
    below = _below(asked.scope.region)
    where = answers.by(connection, replace(asked, kpis=REGIONAL), below, now=now)
    types = answers.by(connection, replace(asked, kpis=REGIONAL), "type", now=now)
    days = answers.by(connection, replace(asked, kpis=("alerts",)), "day", now=now)
    speed = all_quantiles(connection, asked.scope, now=now)
    region = asked.scope.region
    place = Regions.load().name(region) if region else word("everywhere", lang)
    told = period(asked.window, lang)
    found = compared.comparison
    return {
        "word": lambda name, *more: word(name, lang, *more),
        "place": place,
        "period": told,
        "hero": [(name_of(name, lang), *_hero(name, found.rows[name].now, lang)) for name in HERO],
        "paragraphs": prose.overview(compared, told, place, lang),
        "main": [
            {
                "name": name_of(name, lang),
                "now": value_of(name, one.now, lang),
                "parts": parts_of(name, one.now, lang),
                "year": value_of(name, one.year.kpi, lang),
                "yoy": moved(one.year.change, lang),
                "before": value_of(name, one.before.kpi, lang),
                "mom": moved(one.before.change, lang),
            }
            for name, one in found.rows.items()
        ],
        "year": period(found.year, lang),
        "before": period(found.before, lang),
        "trend": _trend(days, lang),
        "where": _table(where, lang),
        "what": _table(types, lang),
        "speed": [
            (LATENCIES[what][lang is Lang.EN], *_times(rows[()], lang)) for what, rows in speed.items() if () in rows
        ],
        "definitions": [
            (name, name_of(name, lang), meaning_of(name, lang), DEFINITIONS[name].left_out) for name in MAIN
        ],
        "at": wording.instant(now),
        "lag_s": f"{compared.head.lag_s:.0f}",
    }


def _below(region: str | None) -> str:
    """By what a region is told apart."""
    return "prefecture" if region is None or region.endswith("0000") else "county"


def _hero(name: str, kpi: Kpi, lang: Lang) -> tuple[str, str]:
    """A figure's number, and the unit that is written small behind it."""
    told = value_of(name, kpi, lang)
    for unit in ("亿元", "万元", "亿", "万", "元", " %"):
        if told.endswith(unit):
            return told.removesuffix(unit), unit.strip()
    return told, ""


def _table(answer: ByDimension, lang: Lang) -> dict[str, Any]:
    """Rows by a dimension, the most alerts first, with their drawing."""
    rows = sorted(answer.rows.items(), key=lambda row: -row[1]["alerts"].numerator)
    bars = [
        charts.Bar(
            label(answer.dimension, key, lang), cells["alerts"].numerator, value_of("alerts", cells["alerts"], lang)
        )
        for key, cells in rows
    ]

    def line(name: str, cells: Mapping[str, Kpi]) -> list[str]:
        return [name, *(value_of(one, cells[one], lang) for one in REGIONAL)]

    return {
        "chart": charts.across(bars, title(answer.dimension, lang)),
        "head": [title(answer.dimension, lang), *(name_of(one, lang) for one in REGIONAL)],
        "rows": [line(label(answer.dimension, key, lang), cells) for key, cells in rows],
        "total": line(TOTAL[lang is Lang.EN], answer.total),
    }


def _trend(answer: ByDimension, lang: Lang) -> dict[str, Any]:
    """Alerts over time: they add up, so months are sums of days."""
    by_month = len(answer.rows) > MANY_DAYS
    sums: dict[str, int] = {}
    for day, cells in answer.rows.items():
        name = f"{day:%Y-%m}" if by_month else f"{day:%m-%d}"
        sums[name] = sums.get(name, 0) + cells["alerts"].numerator
    bars = [charts.Bar(name, many, wording.count(many, lang)) for name, many in sums.items()]
    told = word("by_month" if by_month else "by_day", lang)
    return {"chart": charts.columns(bars, told), "told": told}


def _times(found: Any, lang: Lang) -> tuple[str, ...]:
    times = (None if one is None else one / 1000 for one in (found.p50, found.p90, found.p99))
    return (*(wording.seconds(one, lang) for one in times), wording.count(found.count, lang))
