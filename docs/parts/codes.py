"""The closed lists of codes, with the words of the trade."""

from __future__ import annotations

import inspect
from typing import Any

from dispatcher import words
from dispatcher.alert import terms
from dispatcher.worklist import codes
from parts.markdown import table

LISTS: tuple[type[Any], ...] = (
    words.Risk,
    words.FraudType,
    words.Channel,
    words.Means,
    words.Target,
    words.DispatchState,
    words.Answer,
    words.Outcome,
    words.CloseCode,
    words.StopState,
    words.StopReply,
    words.DeadlineKind,
    words.Role,
)
CHINESE: dict[str, dict[str, str]] = {
    "Risk": {code: word for word, code in terms.RISK_WORDS.items()},
    "FraudType": {code: word for word, code in terms.FRAUD_TYPE_WORDS.items()},
    "Channel": {"sms": "短信", "call": "电话", "visit": "见面"},
    "Means": {"carrier": "短信通道", "robot": "机器人外呼", "human": "人工外呼", "officer": "民警"},
    "Target": {"self": "本人", "relative": "亲友", "duty": "值班电话"},
    "CloseCode": {
        "dissuaded": "已劝阻",
        "temp_unreachable": "暂时找不到",
        "unreachable": "确实找不到",
        "false_alarm": "不符",
        "duplicate": "重复预警",
        "defrauded_stopped": "已被骗，已止付",
        "defrauded_lost": "已被骗，未止付",
        "transferred_out": "移交",
        "auto_closed": "自动办结",
    },
    "StopState": {"proposed": "建议", "requested": "已请求", "answered": "已回复", "dismissed": "不需要"},
    "StopReply": {"stopped": "已止付", "nothing_left": "无余额", "no_such_account": "账号不符", "refused": "拒绝"},
    "DeadlineKind": {"sign_in": "签收", "contact": "电话接触", "met": "见面", "feedback": "反馈", "follow_up": "回访"},
    "Role": {
        "upstream": "上游",
        "caller": "话务员",
        "officer": "民警",
        "supervisor": "督导",
        "administrator": "管理员",
    },
}


def closed_lists() -> str:
    """Every closed list of words.py, with the Chinese word where the trade has one."""
    parts = []
    for listed in LISTS:
        chinese = CHINESE.get(listed.__name__, {})
        rows = [(f"`{member}`", chinese.get(str(member), "")) for member in listed]
        told = inspect.cleandoc(listed.__doc__ or "")
        body = table(("code", "中文"), rows) if chinese else ", ".join(row[0] for row in rows) + "\n"
        parts.append(f"## {listed.__name__}\n\n{told}\n\n{body}")
    parts.append("## Sources\n\n" + ", ".join(f"`{source}`" for source in words.SOURCES) + "\n")
    return "\n".join(parts)


def report_codes() -> str:
    """The fields of a report with their codes."""
    rows = []
    for name, field in codes.Report.model_json_schema()["properties"].items():
        required = "yes" if codes.Report.model_fields[name].is_required() else ""
        rows.append((f"`{name}`", required, _values(field)))
    return table(("field", "wanted", "values"), rows)


def _values(field: dict[str, Any]) -> str:
    branches = [branch for branch in field.get("anyOf", [field]) if branch.get("type") != "null"]
    listed = [value for branch in branches for value in branch.get("enum", branch.get("items", {}).get("enum", []))]
    if listed:
        several = "any of " if any(branch.get("type") == "array" for branch in branches) else ""
        return several + ", ".join(f"`{value}`" for value in listed)
    for branch in branches:
        if "$ref" in branch:
            return {"Risk": "`L1` … `L4`", "FraudType": "a fraud type", "CloseCode": "a closing code"}[
                branch["$ref"].rpartition("/")[2]
            ]
        if branch.get("format") == "date-time":
            return "an instant with its offset"
        if branch.get("type") == "number":
            return "yuan, ≥ 0, at most two decimals"
    return "text"
