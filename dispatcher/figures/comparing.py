"""Figures beside those of a year earlier 同比 and of the window just before 环比."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from sqlalchemy import Connection

from dispatcher.figures.counting import count
from dispatcher.figures.definitions import DEFINITIONS
from dispatcher.figures.scope import Scope
from dispatcher.figures.table import Kpi
from dispatcher.figures.windows import Change, Window, change, just_before, year_before


@dataclass(frozen=True, slots=True)
class Beside:
    """A figure of another window, and how it moved from there."""

    kpi: Kpi
    change: Change


@dataclass(frozen=True, slots=True)
class Compared:
    """One figure: now, against the year before, against the window just before."""

    now: Kpi
    year: Beside
    before: Beside


@dataclass(frozen=True, slots=True)
class Comparison:
    """The three windows, and the figures by id."""

    window: Window
    year: Window
    before: Window
    rows: Mapping[str, Compared]


def compare(connection: Connection, scope: Scope, window: Window, kpis: Sequence[str], *, now: datetime) -> Comparison:
    """The figures of `scope` in `window`, beside two earlier windows; promises are judged as of `now` in all three."""

    def counted(one: Window) -> Mapping[str, Kpi]:
        narrowed = replace(scope, since=one.since, until=one.until)
        return count(connection, narrowed, kpis=kpis, now=now).whole

    year, before = year_before(window), just_before(window)
    current, then, last = counted(window), counted(year), counted(before)
    return Comparison(
        window,
        year,
        before,
        {
            name: Compared(
                current[name],
                Beside(then[name], moved(name, current[name], then[name])),
                Beside(last[name], moved(name, current[name], last[name])),
            )
            for name in kpis
        },
    )


def moved(name: str, current: Kpi, previous: Kpi) -> Change:
    """How a figure moved; points for a share alone."""
    return change(current.value, previous.value, is_rate=DEFINITIONS[name].kind == "share")
