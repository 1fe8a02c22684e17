"""Columns of a table of alerts: a heading, English or Chinese, and the field of schema v1 it stands for.

A bare English heading means the victim (`phone`) or the signal (`call_count`); the suspect's are spelt out,
`suspect.phone` or `suspect_phone`.
"""

import re
from typing import Final

TOP = (
    "source",
    "source_ref",
    "batch",
    "risk",
    "fraud_type",
    "occurred_at",
    "pushed_at",
    "region",
    "test",
    "revision",
    "withdraw",
    "reason",
)
VICTIM = ("phone", "name", "id_number", "bank_card", "accounts", "sex", "age_band", "address")
SUSPECT = ("phone", "website", "app", "ip", "bank_account", "device_kind")
SIGNAL = ("call_count", "call_seconds", "amount_yuan")

CHINESE: Final = {
    "来源": "source",
    "预警来源": "source",
    "来源编号": "source_ref",
    "预警编号": "source_ref",
    "批次": "batch",
    "风险等级": "risk",
    "预警等级": "risk",
    "诈骗类型": "fraud_type",
    "事发时间": "occurred_at",
    "推送时间": "pushed_at",
    "预警时间": "pushed_at",
    "地区": "region",
    "地区代码": "region",
    "行政区划代码": "region",
    "测试": "test",
    "修订号": "revision",
    "撤回": "withdraw",
    "撤回原因": "reason",
    "手机号": "victim.phone",
    "手机号码": "victim.phone",
    "电话": "victim.phone",
    "电话号码": "victim.phone",
    "姓名": "victim.name",
    "身份证号": "victim.id_number",
    "身份证号码": "victim.id_number",
    "银行卡号": "victim.bank_card",
    "其他账号": "victim.accounts",
    "性别": "victim.sex",
    "年龄段": "victim.age_band",
    "地址": "victim.address",
    "住址": "victim.address",
    "嫌疑人电话": "suspect.phone",
    "涉诈电话": "suspect.phone",
    "涉诈网址": "suspect.website",
    "涉诈APP": "suspect.app",
    "涉诈IP": "suspect.ip",
    "涉诈账户": "suspect.bank_account",
    "设备类型": "suspect.device_kind",
    "通话次数": "signal.call_count",
    "通话时长": "signal.call_seconds",
    "涉案金额": "signal.amount_yuan",
    "金额": "signal.amount_yuan",
}
"""Source: headings in common use with the upstreams; a deployment's own go here."""

_UNIT = re.compile(r"[(（][^()（）]{0,8}[)）]$")


def _key(heading: str) -> str:
    """A heading without case, spaces and a unit in brackets: 通话时长（秒） is 通话时长."""
    return _UNIT.sub("", heading.replace("\ufeff", "").strip()).replace(" ", "").lower()


COLUMNS: Final[dict[str, str]] = {
    **{name: name for name in TOP},
    **{name: f"victim.{name}" for name in VICTIM},
    **{name: f"signal.{name}" for name in SIGNAL},
    **{f"victim.{name}": f"victim.{name}" for name in VICTIM},
    **{f"signal.{name}": f"signal.{name}" for name in SIGNAL},
    **{f"suspect.{name}": f"suspect.{name}" for name in SUSPECT},
    **{f"suspect_{name}": f"suspect.{name}" for name in SUSPECT},
    **{_key(heading): field for heading, field in CHINESE.items()},
}


def field_of(heading: str) -> str | None:
    """The field that a heading stands for, as a dotted path; None for one we do not know."""
    return COLUMNS.get(_key(heading))
