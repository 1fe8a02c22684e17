"""Answers as an office's tables."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import timedelta

from dispatcher.figures import wording
from dispatcher.figures.answers import ByDimension, Compared, Head, Latency, Summary
from dispatcher.figures.comparing import Beside
from dispatcher.figures.definitions import DEFINITIONS, LATENCIES
from dispatcher.figures.grouping import grouped
from dispatcher.figures.meanings import meaning_of, name_of
from dispatcher.figures.naming import TOTAL, label, title
from dispatcher.figures.table import Kpi, Quantiles
from dispatcher.figures.windows import Window
from dispatcher.figures.wording import Lang
from web.figures.as_csv import FIGURE, Answer
from web.figures.sheet import Cell, Column, Kind, Sheet

WORDS: Mapping[str, tuple[str, str]] = {
    "figures": ("预警劝阻工作指标表", "Warning and dissuasion: figures"),
    "by": ("预警劝阻工作指标表（按{}）", "Warning and dissuasion: figures by {}"),
    "compared": ("预警劝阻工作指标对比表", "Warning and dissuasion: figures compared"),
    "latency": ("预警劝阻响应时长表（按{}）", "Warning and dissuasion: response times by {}"),
    "definitions": ("指标定义", "Definitions"),
    "all": ("自有记录以来", "Everything on record"),
    "period": ("统计时段：{}", "Period: {}"),
    "unit": ("计量单位：件、人、次、元；比率为百分比", "Counted in: alerts, persons, times, yuan; rates in percent"),
    "unit_s": ("计量单位：秒", "Counted in: seconds"),
    "figure": ("指标", "Figure"),
    "group": ("类别", "Group"),
    "id": ("定义编号", "Definition"),
    "value": ("数值", "Value"),
    "numerator": ("分子", "Numerator"),
    "denominator": ("分母", "Denominator"),
    "now": ("本期", "This period"),
    "year": ("去年同期", "A year before"),
    "before": ("上期", "Just before"),
    "yoy": ("同比", "Since a year before"),
    "mom": ("环比", "Since just before"),
    "growth": ("增幅", "Growth"),
    "points": ("百分点", "Points"),
    "count": ("案件数", "Cases"),
    "meaning": ("定义", "Meaning"),
    "left_out": ("不计", "Left out"),
    "at": ("数据截至 {}；滞后 {} 秒。", "As of {}; at most {} s behind the rows."),
    "no_sum": ("人数按去重计，各行相加不等于合计。", "Persons are distinct: the rows do not add up to the total."),
    "year_is": ("去年同期：{}；上期：{}。", "A year before: {}; just before: {}."),
    "none": ("分母为零时数值以“–”表示。", "A dash: the denominator is 0."),
}


def word(name: str, lang: Lang, *told: str) -> str:
    """A word of the tables."""
    return WORDS[name][lang is Lang.EN].format(*told)


def period(window: Window | None, lang: Lang) -> str:
    """A window as a title tells it: whole days by their first and last."""
    if window is None:
        return word("all", lang)
    begin, last = wording.day(window.since, lang), wording.day(window.until - timedelta(microseconds=1), lang)
    return begin if begin == last else f"{begin} – {last}" if lang is Lang.EN else f"{begin}至{last}"


def sheets(answer: Answer, lang: Lang = Lang.ZH) -> list[Sheet]:
    """The sheets of an answer, the definitions of what stands in them last."""
    match answer:
        case Summary():
            return [_summary(answer, lang), definitions(answer.figures, lang)]
        case ByDimension():
            return [*_by(answer, lang), definitions(answer.total, lang)]
        case Compared():
            return [_compared(answer, lang), definitions(answer.comparison.rows, lang)]
        case Latency():
            return [_latency(answer, lang)]


def definitions(kpis: Iterable[str], lang: Lang = Lang.ZH) -> Sheet:
    """What each figure means."""
    columns = (
        Column(word("id", lang), 22),
        Column(word("figure", lang), 22),
        Column(word("meaning", lang), 70),
        Column(word("left_out", lang), 34),
    )
    rows = [
        [
            Cell(name, "text"),
            Cell(name_of(name, lang), "text"),
            Cell(meaning_of(name, lang), "sentence"),
            Cell(DEFINITIONS[name].left_out, "sentence"),
        ]
        for name in kpis
    ]
    return Sheet(word("definitions", lang), word("definitions", lang), "", "", columns, rows)


def _summary(answer: Summary, lang: Lang) -> Sheet:
    columns = [Column(word("group", lang), 12), Column(word("figure", lang), 26)]
    columns += [Column(word(part, lang), 15) for part in FIGURE] + [Column(word("id", lang), 24)]
    rows = [
        [Cell(group, "text"), Cell(name_of(name, lang), "text"), *_figure(name, cells), Cell(name, "text")]
        for group, members in grouped(answer.figures, lang).items()
        for name, cells in ((name, answer.figures[name]) for name in members)
    ]
    return _sheet(word("figures", lang), word("figures", lang), answer.head, lang, columns, rows)


def _by(answer: ByDimension, lang: Lang) -> Iterable[Sheet]:
    told = title(answer.dimension, lang)
    for group, members in grouped(answer.total, lang).items():
        columns = [Column(told, 18)]
        for name in members:
            columns += [
                Column(word(one, lang), 10, name_of(name, lang)) for one in ("value", "numerator", "denominator")
            ]
        rows = [
            [Cell(label(answer.dimension, key, lang), "text"), *_figures(members, cells)]
            for key, cells in answer.rows.items()
        ]
        total = [Cell(TOTAL[lang is Lang.EN], "text"), *_figures(members, answer.total)]
        heading = f"{word('by', lang, told)} · {group}"
        yield _sheet(group, heading, answer.head, lang, columns, rows, total, word("no_sum", lang))


def _compared(answer: Compared, lang: Lang) -> Sheet:
    moved = ("growth", "points")
    columns = [Column(word("figure", lang), 24)]
    for group, names in (("now", FIGURE), ("year", FIGURE), ("yoy", moved), ("before", FIGURE), ("mom", moved)):
        columns += [Column(word(name, lang), 11, word(group, lang)) for name in names]
    rows = [
        [
            Cell(name_of(name, lang), "text"),
            *_figure(name, one.now),
            *_beside(name, one.year),
            *_beside(name, one.before),
        ]
        for name, one in answer.comparison.rows.items()
    ]
    note = word("year_is", lang, period(answer.comparison.year, lang), period(answer.comparison.before, lang))
    return _sheet(word("compared", lang), word("compared", lang), answer.head, lang, columns, rows, None, note)


def _latency(answer: Latency, lang: Lang) -> Sheet:
    told = title(answer.dimension, lang)
    columns = [Column(told, 18)]
    for what in answer.rows:
        names = ("p50", "p90", "p99", word("count", lang))
        columns += [Column(name, 9, LATENCIES[what][0] if lang is Lang.ZH else what) for name in names]
    keys = dict.fromkeys(key for found in answer.rows.values() for key in found)
    rows = [
        [Cell(label(answer.dimension, key, lang), "text")]
        + [cell for found in answer.rows.values() for cell in _quantiles(found.get(key))]
        for key in keys
    ]
    total = [Cell(TOTAL[lang is Lang.EN], "text")]
    total += [cell for what in answer.rows for cell in _quantiles(answer.total.get(what))]
    heading = word("latency", lang, told)
    return replace(_sheet(heading, heading, answer.head, lang, columns, rows, total), unit=word("unit_s", lang))


def _sheet(
    name: str,
    heading: str,
    head: Head,
    lang: Lang,
    columns: Sequence[Column],
    rows: Sequence[Sequence[Cell]],
    total: Sequence[Cell] | None = None,
    note: str | None = None,
) -> Sheet:
    notes = [word("at", lang, wording.instant(head.at), f"{head.lag_s:.0f}"), word("none", lang)]
    if note is not None:
        notes.append(note)
    told = word("period", lang, period(head.window, lang))
    return Sheet(name[:31], heading, told, word("unit", lang), columns, rows, total, notes)


def _figures(names: Iterable[str], cells: Mapping[str, Kpi]) -> list[Cell]:
    return [cell for name in names for cell in _figure(name, cells[name])]


def _figure(name: str, kpi: Kpi) -> list[Cell]:
    """Value, numerator, denominator; a sum of money is in yuan in both."""
    kind: Kind = DEFINITIONS[name].kind
    above = Cell(kpi.numerator / 100, "yuan") if kind == "yuan" else Cell(kpi.numerator, "count")
    return [Cell(kpi.value, kind), above, Cell(kpi.denominator, "count")]


def _beside(name: str, one: Beside) -> list[Cell]:
    return [*_figure(name, one.kpi), Cell(one.change.growth, "growth"), Cell(one.change.points, "points")]


def _quantiles(found: Quantiles | None) -> list[Cell]:
    if found is None:
        return [Cell(None, "seconds")] * 3 + [Cell(0, "count")]
    times = (found.p50, found.p90, found.p99)
    return [Cell(None if one is None else one / 1000, "seconds") for one in times] + [Cell(found.count, "count")]
