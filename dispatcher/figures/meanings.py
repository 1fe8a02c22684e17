"""The other language of each definition: its English name, and its meaning in Chinese. One entry per figure."""

from __future__ import annotations

from collections.abc import Mapping

from dispatcher.figures.definitions import DEFINITIONS
from dispatcher.figures.wording import Lang

MEANINGS: Mapping[str, tuple[str, str]] = {
    "alerts": ("Alerts", "新立案的预警数（分子）；分母为推送总数，含并入已有案件的预警。数值取分子。"),
    "persons": ("Persons", "去重后的预警对象人数（分子）；分母为新立案的预警数。跨日、跨地区、跨类型不可相加。"),
    "dispatches": ("Warnings", "对预警对象发起的短信、电话、上门次数；按渠道各计一次。"),
    "sign_in_on_time": ("Signed in on time", "限时内的首次签收，占已签收或已到期任务的比例；作废的不计。"),
    "sign_in_late": ("Signed in late", "超时的首次签收，占已签收或已到期任务的比例。"),
    "sign_in_missed": ("Not signed in", "已到期而至今未签收的任务，占已签收或已到期任务的比例。"),
    "feedback": ("Feedback given", "已反馈的任务，占应反馈（每案每次预警一次）且已反馈或已到期任务的比例。"),
    "feedback_on_time": ("Feedback on time", "限时内首次反馈的任务，占已反馈或已到期任务的比例；到达时已超时的不计。"),
    "pushed_on_time": ("Pushed on time", "事发后限时内送达的预警，占已知事发时间预警的比例；并入案件的不计。"),
    "sms_delivered": ("Texts delivered", "有送达回执的短信，占运营商已收下或可能已收下短信的比例。"),
    "call_answered": ("Calls answered", "本人接听的人数，占被拨打人数的比例。"),
    "met": ("Met at the door", "已见面的人数，占应上门人数的比例。"),
    "met_on_time": ("Met on time", "限时内见面的人数，占已见面或见面时限已到人数的比例。"),
    "effective_visits": ("Effective visits", "见到本人的上门次数，占全部上门次数的比例。"),
    "coverage": ("Coverage", "电话接通或见面接触到本人的人数，占全部预警对象的比例。"),
    "dissuaded": (
        "Dissuaded",
        "接触到本人且及时劝阻或自主防范、未被骗，并在首次预警后30天内无损失的人数，占接触已满30天人数的比例。",
    ),
    "dissuaded_provisional": (
        "Dissuaded (provisional)",
        "未被骗且及时劝阻或自主防范的人数，占接触到本人人数的比例；不等待此后的损失。",
    ),
    "missed_contact": (
        "Missed",
        "特危、高危、中危对象中，限时内未接触到本人的人数，占时限已到或已接触人数的比例；仅有短信视为漏劝。",
    ),
    "defrauded_after_warning": (
        "Defrauded after a warning",
        "首次预警之后30天内首次被骗的人数，占预警已满30天人数的比例。",
    ),
    "defrauded_after_sms": ("… after a text alone", "同上，限至少有一案仅收到短信的人。"),
    "defrauded_after_call": ("… after a call", "同上，限至少有一案电话接触本人而未见面的人。"),
    "defrauded_after_meeting": ("… after a meeting", "同上，限已见面的人。"),
    "accuracy": ("Accuracy", "对象已被骗或被及时劝阻的预警，占结论明确预警的比例。"),
    "follow_up_valid": ("Handled as reported", "回访核实处置属实的次数，占已回访次数的比例。"),
    "follow_ups_done": ("Followed up", "已完成的回访，占已完成或已到期回访的比例。"),
    "kept_from_fraud": (
        "Persons kept from fraud",
        "接触到本人且未被骗、及时劝阻或自主防范的去重人数（分子）；分母为全部对象。数值取分子。",
    ),
    "kept_from_fraud_alerts": (
        "Alerts kept from fraud",
        "对象经接触未被骗、及时劝阻或自主防范的预警数（分子）；分母为全部新立案预警。数值取分子。",
    ),
    "money_defrauded": ("Yuan lost", "各案最新反馈的受骗金额合计（分子，单位分），分母为有受骗金额的案件数。"),
    "money_dissuaded": ("Yuan kept", "各案最新反馈的劝阻金额合计（分子，单位分），分母为有劝阻金额的案件数。"),
    "money_stopped": ("Yuan stopped", "各案最新反馈的止损金额合计（分子，单位分），分母为有止损金额的案件数。"),
    "stop_payment_success": ("Stop-payments made", "银行答复成功且金额大于零的止付请求，占全部止付请求的比例。"),
    "alerts_per_100k": ("Alerts per 100,000 residents", "每十万常住人口的新立案预警数；县级无人口普查数据，不计。"),
    "closed": ("Closed", "已结案件，占全部案件的比例。"),
    "not_found": ("Not found", "暂时或确实找不到对象的案件，占全部案件的比例。"),
    "late_on_arrival": ("Late on arrival", "预警到达时已经超过的时限，占全部时限的比例；不计入任何及时率。"),
}


def name_of(kpi: str, lang: Lang) -> str:
    """A figure's name."""
    return DEFINITIONS[kpi].zh if lang is Lang.ZH else MEANINGS[kpi][0]


def meaning_of(kpi: str, lang: Lang) -> str:
    """What a figure means, in one sentence."""
    return MEANINGS[kpi][1] if lang is Lang.ZH else DEFINITIONS[kpi].en
