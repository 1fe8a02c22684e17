"""Which figures stand together in a table, so that a page has room for them."""

from __future__ import annotations

from collections.abc import Iterable

from dispatcher.figures.wording import Lang

GROUPS: dict[tuple[str, str], tuple[str, ...]] = {
    ("预警", "Alerts"): ("alerts", "persons", "dispatches", "pushed_on_time", "alerts_per_100k", "late_on_arrival"),
    ("时限", "Time limits"): (
        *("sign_in_on_time", "sign_in_late", "sign_in_missed", "feedback", "feedback_on_time"),
        *("met_on_time", "missed_contact"),
    ),
    ("触达", "Reach"): ("sms_delivered", "call_answered", "met", "effective_visits", "coverage", "not_found"),
    ("成效", "Results"): (
        *("dissuaded_provisional", "dissuaded", "kept_from_fraud", "kept_from_fraud_alerts", "accuracy"),
        *("closed", "follow_ups_done", "follow_up_valid"),
    ),
    ("损失与止付", "Losses and stops"): (
        *("defrauded_after_warning", "defrauded_after_sms", "defrauded_after_call", "defrauded_after_meeting"),
        *("money_defrauded", "money_dissuaded", "money_stopped", "stop_payment_success"),
    ),
}
"""Name of the group in both languages, to its figures; each figure is in one."""


def grouped(kpis: Iterable[str], lang: Lang = Lang.ZH) -> dict[str, list[str]]:
    """These figures by group, in the groups' order; groups without any are absent."""
    wanted = set(kpis)
    found = {names[lang is Lang.EN]: [one for one in members if one in wanted] for names, members in GROUPS.items()}
    return {name: members for name, members in found.items() if members}
