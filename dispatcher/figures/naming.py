"""What a dimension and its values are called, in Chinese and in English."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from functools import cache
from typing import Any

from config.regions import Regions
from dispatcher.alert.terms import FRAUD_TYPE_WORDS, RISK_WORDS
from dispatcher.figures.wording import Lang

TITLES: Mapping[str, tuple[str, str]] = {
    "province": ("省份", "Province"),
    "prefecture": ("地市", "Prefecture"),
    "county": ("县（市、区）", "County"),
    "unit": ("单位", "Unit"),
    "type": ("诈骗类型", "Type of fraud"),
    "actual_type": ("实际诈骗类型", "Actual type of fraud"),
    "level": ("风险等级", "Level"),
    "final_level": ("最终等级", "Final level"),
    "source": ("预警来源", "Source"),
    "channel": ("劝阻渠道", "Channel"),
    "age_band": ("年龄段", "Age"),
    "hour": ("时段", "Hour"),
    "day": ("日期", "Day"),
}
"""Dimension to its title."""

UNKNOWN = ("不详", "not told")
TOTAL = ("合计", "Total")

CHANNELS = {"sms": "短信", "call": "电话", "visit": "见面"}
SOURCES = {
    "national_centre": "国家反诈中心",
    "ncac_app": "国家反诈中心APP",
    "miit_12381": "工信部12381",
    "telecom_cmcc": "中国移动",
    "telecom_cucc": "中国联通",
    "telecom_ctcc": "中国电信",
    "bank": "银行",
    "payment": "支付机构",
    "internet_company": "互联网企业",
    "province_model": "省级模型",
    "hotline_96110": "96110热线",
    "police_110": "110报警",
    "manual": "人工录入",
}
_TYPES = {value.value: word for word, value in FRAUD_TYPE_WORDS.items()}
_LEVELS = {value.value: word for word, value in RISK_WORDS.items()}
_WORDS = {
    "type": _TYPES,
    "actual_type": _TYPES,
    "level": _LEVELS,
    "final_level": _LEVELS,
    "channel": CHANNELS,
    "source": SOURCES,
}


def title(dimension: str, lang: Lang = Lang.ZH) -> str:
    """The title of a dimension's column."""
    return TITLES[dimension][lang is Lang.EN]


def label(dimension: str, value: Any, lang: Lang = Lang.ZH) -> str:
    """What a row of a dimension is called: 太原市 for 140100, 特危 for L1; in English the code, but for regions."""
    if value is None:
        return UNKNOWN[lang is Lang.EN]
    if isinstance(value, date):
        return value.isoformat()
    if dimension in ("province", "prefecture", "county"):
        row = _regions().rows.get(str(value))
        if row is None:
            return str(value)
        return row.name if row.level == dimension else f"{row.name}本级"  # told by no region further down
    if dimension == "unit":
        row = _regions().rows.get(str(value))
        return f"{row.name}反诈中心" if row else str(value)
    if dimension == "hour":
        return f"{value:02d}:00"
    return str(value) if lang is Lang.EN else _WORDS.get(dimension, {}).get(str(value), str(value))


@cache
def _regions() -> Regions:
    return Regions.load()
