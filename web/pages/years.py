"""*Outcomes* beside the same days of the year before: what each headline figure was then, and alerts day by day."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta

from fastapi.responses import Response
from markupsafe import Markup
from sqlalchemy import Connection

from dispatcher.figures import count, lag
from dispatcher.figures.scope import Scope
from dispatcher.figures.table import Key, Kpi
from dispatcher.figures.windows import Change, Window, change, year_before
from dispatcher.plan import LOCAL
from web.pages.asking import Asking
from web.pages.charts import lines
from web.pages.filters import chosen
from web.pages.later import Later
from web.pages.rendering import last_instant
from web.pages.showing import Shown, shown
from web.pages.words import say

PART = Later("years")
HEAD = ("alerts", "persons", "coverage", "dissuaded_provisional", "kept_from_fraud", "money_dissuaded")
MONTHS_FROM = timedelta(days=62)
"""A longer window is drawn by months."""


@dataclass(frozen=True, slots=True)
class Beside:
    """A figure of the window, what it was a year before, and the difference."""

    now: Shown
    before: str
    moved: Change


Days = Mapping[date, int]


def counted(
    connection: Connection, scope: Scope, window: Window, now: datetime
) -> tuple[tuple[Mapping[str, Kpi], Days], tuple[Mapping[str, Kpi], Days]]:
    """Of the window, then of the same a year before: the headline figures, and alerts by day."""
    this, last = (
        (
            count(connection, one, kpis=HEAD, now=now).whole,
            {key[0]: cells["alerts"].numerator for key, cells in _by_day(connection, one, now).items()},
        )
        for one in (scope, _year_before(scope, window))
    )
    return this, last


def _by_day(connection: Connection, scope: Scope, now: datetime) -> Mapping[Key, Mapping[str, Kpi]]:
    return count(connection, scope, kpis=("alerts",), by=("day",), now=now).rows


def _year_before(scope: Scope, window: Window) -> Scope:
    then = year_before(window)
    return replace(scope, since=then.since, until=then.until)


def show(asking: Asking) -> Response:
    """The headline figures twice, and a line for each of the two years."""
    with asking.house.store.read() as connection:
        wanted = chosen(asking, connection)
        window = wanted.asked.window
        assert window is not None  # `chosen` always names one
        (mine, days), (before, days_before) = counted(connection, wanted.asked.scope, window, asking.now)
        behind_by = lag(connection, asking.now).behind.total_seconds()

    def beside(name: str) -> Beside:
        is_now, was = (shown(name, cells[name], asking.lang, wanted) for cells in (mine, before))
        moved = change(mine[name].value, before[name].value, is_rate=is_now.is_share)
        return Beside(is_now, was.value, moved)

    drawn = _lines(asking, window, days, days_before)
    return PART.answer(asking, wanted, head=[beside(name) for name in HEAD], years=drawn, lag=behind_by)


def _lines(asking: Asking, window: Window, days: Days, days_before: Days) -> Markup:
    """Alerts by day (or month) of the window, over the same of the year before."""
    style = "%Y-%m" if window.until - window.since > MONTHS_FROM else "%m-%d"
    this, last = (_amounts(told, one, style) for told, one in ((days, window), (days_before, year_before(window))))
    every = max(1, len(this) // 8)
    labels = [label if at % every == 0 else "" for at, label in enumerate(this)]
    drawn = [
        (say(asking.lang, "outcomes.this_year"), list(this.values())),
        (say(asking.lang, "outcomes.last_year"), list(last.values())[: len(this)]),
    ]
    return lines(drawn, labels, name=say(asking.lang, "outcomes.years"))


def _amounts(days: Days, window: Window, style: str) -> dict[str, int]:
    """What came in each day, or month, of a window; 0 where nothing came."""
    first, last = (at.astimezone(LOCAL).date() for at in (window.since, last_instant(window)))
    found: dict[str, int] = {}
    for at in (first + timedelta(days=step) for step in range((last - first).days + 1)):
        label = at.strftime(style)
        found[label] = found.get(label, 0) + days.get(at, 0)
    return found
