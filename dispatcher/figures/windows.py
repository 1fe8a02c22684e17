"""Windows that people name, and the windows they are compared with. Days are Shanghai's.

    今日 today        midnight to now              before it: yesterday, up to the same time of day
    本月 month        the 1st to now               the month before, up to the same day and time
    今年以来 ytd      1 January to now             the year before, up to the same day and time
    去年至今 since_last_year   1 January of last year to now
    custom            what somebody chose          as long a window just before; whole months: as many months

A window is half-open, [since, until). A day that a month does not have becomes its last one: 29 to 28 February.
"""

from __future__ import annotations

from calendar import monthrange
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from dispatcher.plan import LOCAL


class Name(StrEnum):
    """The windows that have a name."""

    TODAY = "today"
    MONTH = "month"
    YTD = "ytd"
    SINCE_LAST_YEAR = "since_last_year"


CALLED = {
    Name.TODAY: "今日",
    Name.MONTH: "本月",
    Name.YTD: "今年以来",
    Name.SINCE_LAST_YEAR: "去年至今",
}
"""As a supervisor says it."""


@dataclass(frozen=True, slots=True)
class Window:
    """[`since`, `until`), both aware. `step_months`, `step_days`: how far back its forerunner lies, if not next to it.

    Raises: ValueError: it would hold no instant.
    """

    since: datetime
    until: datetime
    step_months: int = 0
    step_days: int = 0

    def __post_init__(self) -> None:
        if self.since >= self.until:
            raise ValueError("a window begins before it ends")


def named(name: Name, now: datetime) -> Window:
    """The window of this name that ends now; at midnight sharp, just after it, so as to hold an instant."""
    local = now.astimezone(LOCAL)
    midnight = local.replace(hour=0, minute=0, second=0, microsecond=0)
    until = local if local != midnight else local + timedelta(microseconds=1)
    match name:
        case Name.TODAY:
            return Window(midnight, until, step_days=1)
        case Name.MONTH:
            return Window(midnight.replace(day=1), until, step_months=1)
        case Name.YTD:
            return Window(midnight.replace(month=1, day=1), until, step_months=12)
        case Name.SINCE_LAST_YEAR:
            return Window(midnight.replace(year=midnight.year - 1, month=1, day=1), until)


def custom(since: datetime, until: datetime) -> Window:
    """The window that somebody chose; one of whole months steps back by as many months. Raises: ValueError."""
    begin, end = since.astimezone(LOCAL), until.astimezone(LOCAL)
    if _first_of_a_month(begin) and _first_of_a_month(end):
        return Window(since, until, step_months=(end.year - begin.year) * 12 + end.month - begin.month)
    return Window(since, until)


def year_before(window: Window) -> Window:
    """The same window a year earlier 同比."""
    return _back(window, 12)


def just_before(window: Window) -> Window:
    """The window just before 环比."""
    if window.step_days:
        return Window(_days_back(window.since, window.step_days), _days_back(window.until, window.step_days))
    if window.step_months:
        return _back(window, window.step_months)
    return Window(window.since - (window.until - window.since), window.since)


def _back(window: Window, months: int) -> Window:
    since, until = _months_back(window.since, months), window.until.astimezone(LOCAL)
    if until == until.replace(hour=0, minute=0, second=0, microsecond=0):  # it ends with the day before
        until = _months_back(until - timedelta(days=1), months) + timedelta(days=1)
    else:
        until = _months_back(until, months)
    # from 28 to 29 February at noon: a year earlier both ends are the 28th, so its length decides
    return Window(since, until if until > since else since + (window.until - window.since))


def _first_of_a_month(local: datetime) -> bool:
    return local == local.replace(day=1, hour=0, minute=0, second=0, microsecond=0)


def _days_back(at: datetime, days: int) -> datetime:
    """The same time of day in Shanghai, so many days earlier."""
    return at.astimezone(LOCAL) - timedelta(days=days)


def _months_back(at: datetime, months: int) -> datetime:
    """The same day and time in Shanghai, so many months earlier."""
    local = at.astimezone(LOCAL)
    year, month = divmod(local.year * 12 + local.month - 1 - months, 12)
    return local.replace(year=year, month=month + 1, day=min(local.day, monthrange(year, month + 1)[1]))


@dataclass(frozen=True, slots=True)
class Change:
    """How a figure moved. `growth`: (cur - prev) / prev, a share; None if prev is 0 or either is not known.

    `points`: the difference in percentage points, for rates alone; else None.
    """

    growth: float | None
    points: float | None


def change(current: float | None, previous: float | None, *, is_rate: bool) -> Change:
    """From `previous` to `current`."""
    if current is None or previous is None:
        return Change(None, None)
    return Change(
        (current - previous) / previous if previous else None, (current - previous) * 100 if is_rate else None
    )
