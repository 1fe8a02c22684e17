"""The sentences of the page, in Chinese and in English. A figure that is not known makes no sentence."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from dispatcher.figures import wording
from dispatcher.figures.answers import Compared
from dispatcher.figures.windows import Change
from dispatcher.figures.wording import Lang

WORDS: Mapping[str, tuple[str, str]] = {
    "title": ("预警劝阻工作情况通报", "Warning and dissuasion: a report"),
    "kicker": ("反电信网络诈骗", "Against telecom and online fraud"),
    "everywhere": ("全部辖区", "All regions"),
    "overview": ("一、总体情况", "1. Overview"),
    "main": ("二、主要指标", "2. Main figures"),
    "trend": ("三、预警走势", "3. Alerts over time"),
    "where": ("四、地区分布", "4. Where"),
    "what": ("五、诈骗类型", "5. Types of fraud"),
    "speed": ("六、响应时长", "6. Response times"),
    "definitions": ("附录：指标定义", "Appendix: definitions"),
    "figure": ("指标", "Figure"),
    "now": ("本期", "This period"),
    "year": ("去年同期", "A year before"),
    "yoy": ("同比", "Change"),
    "before": ("上期", "Just before"),
    "mom": ("环比", "Change"),
    "parts": ("分子 / 分母", "Of"),
    "step": ("环节", "Step"),
    "half": ("半数在", "Half within"),
    "nine": ("九成在", "Nine in ten within"),
    "most": ("99 %在", "99 % within"),
    "cases": ("案件数", "Cases"),
    "left_out": ("不计", "Left out"),
    "meaning": ("定义", "Meaning"),
    "as_of": (
        "数据截至 {}，滞后 {} 秒；日期均为北京时间，时段不含末时。",
        "As of {}, {} s behind the rows; dates are Beijing's.",
    ),
    "windows": ("去年同期为 {}，上期为 {}。", "A year before: {}; just before: {}."),
    "persons": (
        "人数按去重计，跨地区、跨类型不可相加。",
        "Persons are distinct and do not add up over regions or types.",
    ),
    "none": ("“–”表示分母为零或无从比较。", "A dash: nothing to divide by, or to compare with."),
    "by_day": ("按日", "by day"),
    "by_month": ("按月", "by month"),
}


def word(name: str, lang: Lang, *told: Any) -> str:
    """A word of the page."""
    return WORDS[name][lang is Lang.EN].format(*told)


def moved(change: Change, lang: Lang) -> str:
    """How a figure moved, as the tables tell it."""
    if change.points is None:
        return wording.growth(change.growth)
    points = wording.points(change.points, lang)
    return points if change.growth is None else f"{wording.growth(change.growth)} ({points})"


def overview(answer: Compared, period: str, place: str, lang: Lang) -> list[str]:
    """One paragraph on the alerts, one on how people were reached, one on what it was good for."""
    return [text for text in _paragraphs(answer, period, place, lang) if text]


def _paragraphs(answer: Compared, period: str, place: str, lang: Lang) -> list[str]:
    figures = answer.comparison.rows
    zh = lang is Lang.ZH

    def number(name: str) -> str:
        return wording.count(figures[name].now.numerator, lang)

    def share(name: str) -> str | None:
        value = figures[name].now.value
        return None if value is None else wording.share(value)

    since = figures["alerts"].year.change.growth
    if zh:
        compared = "" if since is None else f"，同比{'上升' if since >= 0 else '下降'}{wording.share(abs(since))}"
        first = f"{period}，{place}共接收预警{number('alerts')}条{compared}，涉及群众{number('persons')}人。"
        first += f"向预警对象发出短信、电话、上门劝阻共{number('dispatches')}次。"
        said = (
            *(("coverage", "本人接触（电话接通或见面）覆盖率"), ("sms_delivered", "短信送达率")),
            *(("call_answered", "电话接通率"), ("met", "见面劝阻率"), ("feedback_on_time", "反馈及时率")),
        )
        second = "，".join(f"{name}{told}" for one, name in said if (told := share(one)))
        kept = f"经劝阻避免受骗{number('kept_from_fraud')}人"
        sums = (("money_dissuaded", "劝阻金额"), ("money_stopped", "止损金额"))
        money = "".join(
            f"，{name}{wording.yuan(figures[one].now.value)}" for one, name in sums if figures[one].now.numerator
        )
        return [first, second and f"{second}。", f"{kept}{money}。"]
    compared = "" if since is None else f", {wording.growth(since)} against the same period a year before"
    first = f"{place}, {period}: {number('alerts')} alerts about {number('persons')} persons{compared}. "
    first += f"{number('dispatches')} texts, calls and visits went to them."
    english = (("coverage", "reached themselves, by phone or met"), ("met", "of those to be visited were met"))
    second = "; ".join(f"{told} {name}" for one, name in english if (told := share(one)))
    third = f"{number('kept_from_fraud')} persons were kept from fraud"
    for one, name in (("money_dissuaded", "kept"), ("money_stopped", "stopped on its way")):
        if figures[one].now.numerator:
            third += f", {wording.yuan(figures[one].now.value, lang)} {name}"
    return [first, second and f"{second}.", f"{third}."]
