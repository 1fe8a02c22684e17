"""What each figure means, in one sentence a supervisor can hold us to. Ids are stable for every door."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from dispatcher.figures.marks import Mark
from dispatcher.figures.parts import Alerts, Part, Persons, Residents, Sum

RECEIVED = "alerts received in the window; a case counts in the window of its first alert"


@dataclass(frozen=True, slots=True)
class Definition:
    """One figure. `kind`: `share` is numerator / denominator; `count` tells the numerator, `of` the denominator beside
    it; `yuan` tells the numerator's fen as yuan; `per_100k` is 100,000 x numerator / denominator. Shares and rates are
    None when the denominator is 0. `left_out`: what is in neither part.
    """

    id: str
    zh: str
    en: str
    numerator: Part
    denominator: Part
    kind: Literal["share", "count", "yuan", "per_100k"] = "share"
    window: str = RECEIVED
    left_out: str = "withdrawn and test alerts"


TESTS = "withdrawn and test alerts"
VOID = f"{TESTS}; promises that are void; those neither kept nor due yet"
LATE = f"{VOID}; late on arrival"
WAITING = f"{TESTS}; whose 30 days have not passed"

_ALL = (
    Definition(
        "alerts",
        "预警数",
        "Alerts that opened a case (numerator) of all alerts pushed, those that joined one included (denominator); "
        "the value is the count.",
        Alerts(),
        Alerts(joined=True),
        "count",
    ),
    Definition(
        "persons",
        "预警人数",
        "Distinct persons (numerator) in the alerts that opened a case (denominator); they do not add up over days, "
        "regions or types.",
        Persons(),
        Alerts(),
        "count",
    ),
    Definition(
        "dispatches",
        "劝阻次数",
        "Texts, calls and visits promised to persons; by channel each counts once.",
        Sum("dispatches", ("dispatches_sms", "dispatches_call", "dispatches_visit")),
        Sum("dispatches", ("dispatches_sms", "dispatches_call", "dispatches_visit")),
        "count",
        left_out=f"{TESTS}; notices to duty phones",
    ),
    Definition(
        "sign_in_on_time",
        "签收及时率",
        "First sign-ins given by their limit, of those given or due by now; void ones left out.",
        Sum("promises", ("sign_ins_on_time",)),
        Sum("promises", ("sign_ins",)),
        left_out=VOID,
    ),
    Definition(
        "sign_in_late",
        "逾期签收率",
        "First sign-ins given after their limit, of those given or due by now.",
        Sum("promises", ("sign_ins_late",)),
        Sum("promises", ("sign_ins",)),
        left_out=VOID,
    ),
    Definition(
        "sign_in_missed",
        "未签收率",
        "First sign-ins due and not given so far, of those given or due by now.",
        Sum("promises", ("sign_ins_missed",)),
        Sum("promises", ("sign_ins",)),
        left_out=VOID,
    ),
    Definition(
        "feedback",
        "反馈率",
        "Feedback given at all, of the feedback owed (once for a case and warning) that was given or due by now.",
        Sum("promises", ("feedbacks_given",)),
        Sum("promises", ("feedbacks",)),
        left_out=VOID,
    ),
    Definition(
        "feedback_on_time",
        "反馈及时率",
        "First feedback that came by its limit, of the feedback owed that was given or due by now; "
        "late on arrival left out.",
        Sum("promises", ("feedbacks_on_time",)),
        Sum("promises", ("feedbacks_timed",)),
        left_out=LATE,
    ),
    Definition(
        "pushed_on_time",
        "预警及时率",
        "Alerts received within the limit after the event, of those whose event time is known; joined ones left out.",
        Alerts(Mark.PUSH_KNOWN | Mark.PUSH_ON_TIME),
        Alerts(Mark.PUSH_KNOWN),
        left_out=f"{TESTS}; alerts that joined a case; events without a time",
    ),
    Definition(
        "sms_delivered",
        "短信送达率",
        "Texts with a delivered receipt, of texts that a carrier took or may have taken.",
        Sum("texts", ("texts_delivered",)),
        Sum("texts", ("texts",)),
    ),
    Definition(
        "call_answered",
        "电话接通率",
        "Persons who answered a call themselves, of persons called.",
        Persons(Mark.ANSWERED),
        Persons(Mark.CALLED),
    ),
    Definition(
        "met",
        "见面劝阻率",
        "Persons met at the door, of persons to whom an officer was to go.",
        Persons(Mark.MET),
        Persons(Mark.VISIT_ASKED),
    ),
    Definition(
        "met_on_time",
        "见面及时率",
        "Persons met by the limit, of persons met or whose limit for it has passed.",
        Persons(Mark.MET_ON_TIME),
        Persons(Mark.MET_RIPE),
        left_out=LATE,
    ),
    Definition(
        "effective_visits",
        "有效上门劝阻率",
        "Visits that met the person, of all visits made.",
        Sum("visits", ("visits_met",)),
        Sum("visits", ("visits",)),
    ),
    Definition(
        "coverage",
        "劝阻覆盖率",
        "Persons reached themselves, by phone or met, of all persons.",
        Persons(Mark.REACHED),
        Persons(),
    ),
    Definition(
        "dissuaded",
        "劝阻成功率",
        "Persons reached who were not defrauded, dissuaded in time or aware, with no loss within 30 days of the first "
        "warning, of persons reached at least 30 days ago.",
        Persons(Mark.KEPT),
        Persons(Mark.REACHED_RIPE),
        left_out=WAITING,
    ),
    Definition(
        "dissuaded_provisional",
        "劝阻成功率（暂计）",
        "Persons not defrauded who were dissuaded in time or were aware, of persons reached themselves; "
        "later losses are not awaited.",
        Persons(Mark.SAFE | Mark.REACHED),
        Persons(Mark.REACHED),
    ),
    Definition(
        "missed_contact",
        "漏劝率",
        "Persons at L1 to L3 not reached themselves by their level's limit, of those whose limit has passed or who "
        "were reached; a text alone is a miss.",
        Persons(Mark.CONTACT_MISSED),
        Persons(Mark.CONTACT_RIPE),
        left_out=f"{LATE}; L4",
    ),
    Definition(
        "defrauded_after_warning",
        "预警后被骗率",
        "Persons whose first loss came after the first warning and within 30 days of it, of persons warned at least "
        "30 days ago.",
        Persons(Mark.LOST),
        Persons(Mark.RIPE),
        left_out=WAITING,
    ),
    Definition(
        "defrauded_after_sms",
        "仅短信预警后被骗率",
        "The same, of persons whom in one case at least nothing but a text had reached.",
        Persons(Mark.SMS_LOST),
        Persons(Mark.SMS_RIPE),
        left_out=WAITING,
    ),
    Definition(
        "defrauded_after_call",
        "电话劝阻后被骗率",
        "The same, of persons who in one case at least were reached by phone and not met.",
        Persons(Mark.CALL_LOST),
        Persons(Mark.CALL_RIPE),
        left_out=WAITING,
    ),
    Definition(
        "defrauded_after_meeting",
        "见面劝阻后被骗率",
        "The same, of persons who were met.",
        Persons(Mark.MEETING_LOST),
        Persons(Mark.MEETING_RIPE),
        left_out=WAITING,
    ),
    Definition(
        "accuracy",
        "预警准确率",
        "Alerts whose person was defrauded or dissuaded in time, of alerts whose verdict is determined.",
        Alerts(Mark.JUDGED | Mark.ACCURATE),
        Alerts(Mark.JUDGED),
        left_out=f"{TESTS}; alerts that joined a case; verdict unknown",
    ),
    Definition(
        "follow_up_valid",
        "处置真实率",
        "Follow-ups that found the case handled as reported, of follow-ups made.",
        Sum("promises", ("follow_ups_valid",)),
        Sum("promises", ("follow_ups_done",)),
    ),
    Definition(
        "follow_ups_done",
        "回访率",
        "Follow-ups made, of those made or due by now.",
        Sum("promises", ("follow_ups_done",)),
        Sum("promises", ("follow_ups",)),
        left_out=VOID,
    ),
    Definition(
        "kept_from_fraud",
        "避免受骗人数",
        "Distinct persons reached and not defrauded, dissuaded in time or aware (numerator), of all persons; the value "
        "is the count.",
        Persons(Mark.SAFE | Mark.REACHED),
        Persons(),
        "count",
    ),
    Definition(
        "kept_from_fraud_alerts",
        "避免受骗预警数",
        "Alerts whose person was reached and not defrauded, dissuaded in time or aware, of all alerts that opened a "
        "case; the value is the count.",
        Alerts(Mark.KEPT_HERE),
        Alerts(),
        "count",
    ),
    Definition(
        "money_defrauded",
        "受骗金额",
        "Yuan lost as the latest report of each case tells it (numerator, in fen), and how many cases tell a loss.",
        Sum("fen", ("lost_fen",)),
        Alerts(Mark.HAS_LOSS),
        "yuan",
    ),
    Definition(
        "money_dissuaded",
        "劝阻金额",
        "Yuan kept from the swindler as the latest report of each case tells it (numerator, in fen), and its cases.",
        Sum("fen", ("saved_fen",)),
        Alerts(Mark.HAS_SAVED),
        "yuan",
    ),
    Definition(
        "money_stopped",
        "止损金额",
        "Yuan stopped on its way as the latest report of each case tells it (numerator, in fen), and its cases.",
        Sum("fen", ("stopped_fen",)),
        Alerts(Mark.HAS_STOPPED),
        "yuan",
    ),
    Definition(
        "stop_payment_success",
        "止付成功率",
        "Stop-payment requests by which the bank stopped money (an amount above 0), of requests made.",
        Sum("stops", ("stop_requests_met",)),
        Sum("stops", ("stop_requests",)),
        left_out=f"{TESTS}; proposals that nobody asked a bank for",
    ),
    Definition(
        "alerts_per_100k",
        "十万人口预警率",
        "Alerts that opened a case per 100,000 residents of the region; none for a county, whose residents no census "
        "here tells.",
        Alerts(),
        Residents(),
        "per_100k",
    ),
    Definition(
        "closed",
        "结案率",
        "Cases that are closed, of all cases.",
        Alerts(Mark.CLOSED),
        Alerts(),
    ),
    Definition(
        "not_found",
        "失联率",
        "Cases whose person could not be found, so far or for good, of all cases.",
        Alerts(Mark.UNREACHABLE),
        Alerts(),
    ),
    Definition(
        "late_on_arrival",
        "到达已超时率",
        "Limits that had run out before their alert came, of all limits; they are in no rate of punctuality.",
        Sum("promises", ("limits_late_on_arrival",)),
        Sum("promises", ("limits",)),
        left_out=f"{TESTS}; promises that are void",
    ),
)

DEFINITIONS: Mapping[str, Definition] = {definition.id: definition for definition in _ALL}
"""Every figure by its id, in the order in which pages show them."""

DOZEN = (
    "alerts",
    "sign_in_on_time",
    "feedback",
    "feedback_on_time",
    "pushed_on_time",
    "sms_delivered",
    "call_answered",
    "met",
    "met_on_time",
    "coverage",
    "dissuaded_provisional",
    "missed_contact",
)
"""The first dozen, which `quanzu run` and `quanzu audit` tell."""

KPIS = {name: (DEFINITIONS[name].zh, DEFINITIONS[name].en) for name in DOZEN}
"""The dozen: id to (Chinese name, definition)."""

LATENCIES: Mapping[str, tuple[str, str]] = {
    "handed_over_ms": ("首次发出", "received → handed over: a carrier has the first text or call to the person"),
    "signed_ms": ("签收", "assigned → signed in, the first by an officer or caller"),
    "tried_ms": ("首次处置", "signed in → the first try that was reported"),
    "reached_ms": ("本人接触", "received → the person himself reached"),
    "met_ms": ("见面", "received → met"),
    "closed_ms": ("结案", "received → closed"),
}
"""Response times: id to (Chinese name, from when to when)."""
