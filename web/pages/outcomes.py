"""Outcomes: from the alert to the person dissuaded, by channel; late and missed; money. What costs more follows.

whole     one count, here
years     the same of the year before      (years.py)
parts     by level, place, type and hour   (breakdown.py)
times     response times                   (latency.py)
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

from fastapi.responses import Response
from sqlalchemy import Connection

from dispatcher.figures import count, lag
from dispatcher.figures.scope import Scope
from dispatcher.figures.table import Kpi
from web.pages import breakdown, latency, report, years
from web.pages.asking import Asking
from web.pages.filters import CHOICES, Chosen, chosen
from web.pages.rendering import html, region_name, regions
from web.pages.showing import shown
from web.pages.words import say

FUNNEL = ("persons", "coverage", "dissuaded_provisional", "sms_delivered", "call_answered", "met")
LATE: tuple[str, ...] = (
    *("pushed_on_time", "sign_in_on_time", "sign_in_late", "sign_in_missed", "feedback_on_time", "met_on_time"),
    *("missed_contact", "late_on_arrival"),
)
MONEY = ("money_defrauded", "money_dissuaded", "money_stopped")
WHOLE = tuple(dict.fromkeys(years.HEAD + FUNNEL + LATE + MONEY))


def counted(connection: Connection, scope: Scope, now: datetime) -> Mapping[str, Kpi]:
    """All that the page waits for."""
    return count(connection, scope, kpis=WHOLE, now=now).whole


def show(asking: Asking) -> Response:
    """The page, for the window and filters of its address; it asks for its other parts when it is there."""
    with asking.house.store.read() as connection:
        wanted = chosen(asking, connection)
        whole = counted(connection, wanted.asked.scope, asking.now)
        behind_by = lag(connection, asking.now).behind.total_seconds()
    cells = {name: shown(name, cell, asking.lang, wanted) for name, cell in whole.items()}
    later = (years.PART, breakdown.PART, latency.PART)
    return html(
        asking,
        "outcomes.html",
        chosen=wanted,
        window=wanted.asked.window,
        choices=CHOICES,
        trail=_trail(asking, wanted),
        head=[cells[name] for name in years.HEAD],
        funnel=cells,
        late=[cells[name] for name in LATE],
        money=[cells[name] for name in MONEY],
        parts=_parts(whole),
        later={one.name: (say(asking.lang, f"later.{one.name}"), one.link(wanted)) for one in later},
        report=_report(wanted),
        lag=behind_by,
    )


def _report(wanted: Chosen) -> str | None:
    """The press's page of the same; none where more than a window and a place was chosen, of which it cannot tell."""
    return wanted.link("report") if set(wanted.given) <= set(report.TOLD_OF) else None


def _parts(whole: Mapping[str, Kpi]) -> dict[str, float | None]:
    """How much of all persons each step of the funnel still holds."""
    everybody = whole["persons"].numerator
    steps = {
        "called": whole["call_answered"].denominator,
        "reached": whole["coverage"].numerator,
        "dissuaded": whole["dissuaded_provisional"].numerator,
    }
    return {name: number / everybody if everybody else None for name, number in steps.items()}


def _trail(asking: Asking, wanted: Chosen) -> list[tuple[str, str]]:
    """From the visitor's own region down to the one that is shown."""
    here = wanted.asked.scope.region
    if here is None or here == asking.region:
        return []
    names = regions()
    above = [code for code in reversed(names.ancestors(here)) if code.startswith(_stem(asking.region))]
    return [(region_name(code, asking.lang), wanted.link("outcomes", region=code)) for code in above]


def _stem(region: str) -> str:
    while region.endswith("00"):
        region = region[:-2]
    return region
