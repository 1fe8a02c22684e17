"""The default policy, level by level."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from config.policy import load_policy
from parts.codes import CHINESE
from parts.markdown import table


def policy_levels() -> str:
    """The default policy's limits and channels, level by level, in seconds."""
    rules = [(risk, load_policy("default").level(risk)) for risk in ("L1", "L2", "L3", "L4")]

    def row(says: str, of: Callable[[Any], object]) -> tuple[str, ...]:
        return (says, *(_or_dash(of(rule)) for _, rule in rules))

    rows = [
        row("text handed over", lambda rule: rule.sms.hand_over_s),
        row("flash text 闪信", lambda rule: "yes" if rule.sms.flash else None),
        row("robot: tries, pause", lambda rule: rule.robot and f"{rule.robot.tries}, {rule.robot.redial_s:g}"),
        row("robot's hours", lambda rule: rule.robot and f"{rule.robot.opens:%H:%M}–{rule.robot.closes:%H:%M}"),
        row("a person calls", lambda rule: rule.human and rule.human.start),
        row("a person: tries, pause", lambda rule: rule.human and f"{rule.human.tries}, {rule.human.redial_s:g}"),
        row("relatives from miss", lambda rule: rule.human and rule.human.relatives_from_miss),
        row("visit", lambda rule: rule.visit and rule.visit.start),
        row("sign-in 签收", lambda rule: rule.sign_in_s),
        row("contact", lambda rule: rule.contact_s),
        row("met", lambda rule: rule.met_s),
        row("feedback", lambda rule: rule.feedback_s),
        row("follow-ups 回访", lambda rule: ", ".join(f"{due:g}" for due in rule.follow_ups_s) or None),
        row("share followed up", lambda rule: rule.follow_up_share if rule.follow_ups_s else None),
        row("closes itself", lambda rule: rule.closes_itself_s),
    ]
    return table(("", *(f"{risk} {CHINESE['Risk'][risk]}" for risk, _ in rules)), rows)


def _or_dash(value: object) -> str:
    if value is None:
        return "–"
    return f"{value:,g}" if isinstance(value, float) else str(value)
