"""Which figures somebody asked for, read from the words of an address or a command: every fault at once.

from, to       a day or an instant with its offset; [from, to)
window         today, month, ytd, since_last_year, instead of from and to
region         2, 4 or 6 digits of GB/T 2260, all below it included
source, type, actual_type, level, final_level, channel, kpi     each may be repeated
unit           a unit's code
test, history  true or false
"""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, time, timedelta

from config.regions import Regions
from dispatcher.alert import Fault
from dispatcher.alert.faults import safe_name
from dispatcher.figures import windows
from dispatcher.figures.definitions import DEFINITIONS
from dispatcher.figures.scope import Scope
from dispatcher.figures.windows import Window
from dispatcher.plan import LOCAL
from dispatcher.subtree import region_bounds
from dispatcher.words import Channel, FraudType, Risk

EARLIEST, LATEST = datetime(2000, 1, 1, tzinfo=LOCAL), datetime(3000, 1, 1, tzinfo=LOCAL)
WIDEST_YEARS = 10
WIDEST = timedelta(days=365 * WIDEST_YEARS + 3)
MOST_ROWS = 2_000
"""Rows of one answer: the days of five years."""

ONCE = ("from", "to", "window", "region", "unit", "test", "history")
CLOSED: Mapping[str, tuple[str, ...]] = {
    "type": tuple(FraudType),
    "actual_type": tuple(FraudType),
    "level": tuple(Risk),
    "final_level": tuple(Risk),
    "channel": tuple(Channel),
    "kpi": tuple(DEFINITIONS),
}
"""Parameters that may be repeated, with all that each may be."""

MANY = ("source", *CLOSED)
NAMES = (*ONCE, *MANY)

DAY = re.compile(r"\d{4}-\d\d-\d\d", re.ASCII)
INSTANT = re.compile(r"\d{4}-\d\d-\d\dT.*(?:Z|[+-]\d\d:?\d\d)", re.ASCII)
REGION = re.compile(r"\d{2}|\d{4}|\d{6}", re.ASCII)
UNIT = re.compile(r"[0-9A-Za-z_-]{1,16}", re.ASCII)

Given = Mapping[str, Sequence[str]]


class FiltersWrong(ValueError):
    """Filters that cannot be read; `faults` names every field and what would be right."""

    def __init__(self, faults: Collection[Fault]) -> None:
        super().__init__("\n".join(f"{fault.field} {fault.message}" for fault in faults))
        self.faults = list(faults)


class OutOfScope(Exception):
    """The region or unit is not the visitor's. It is not told whether there is such a one."""


@dataclass(frozen=True, slots=True)
class Reader:
    """What filters are read against: the regions, the upstreams, the units, the clock, and the visitor's region.

    `called`: how a door calls a filter where it is not by its name, as `--risk` for level. `within`: a code of six
    digits; None where the visitor sees everything. `units`: the codes of
    those that he may see.
    """

    regions: Regions
    sources: Collection[str]
    units: Collection[str]
    now: datetime
    within: str | None = None
    called: Mapping[str, str] = field(default_factory=dict)

    def name(self, filter_: str) -> str:
        """As the door calls it."""
        return self.called.get(filter_, filter_)


@dataclass(frozen=True, slots=True)
class Asked:
    """What was asked for. `window` is None for all that there ever was; `kpis` are in the order of the definitions."""

    scope: Scope
    window: Window | None
    kpis: tuple[str, ...]


def read(given: Given, reader: Reader) -> Asked:
    """The figures that these words mean.

    Raises: FiltersWrong: every field that is not right. OutOfScope: the region or unit is not the visitor's.
    """
    faults = [
        Fault(safe_name(name), f"is not known here; there are {', '.join(NAMES)}")
        for name in given
        if name not in NAMES
    ]
    faults += [Fault(reader.name(name), "must be given once") for name in ONCE if len(given.get(name, ())) > 1]
    once = {name: given[name][0] for name in ONCE if len(given.get(name, ())) == 1}
    window = _window(once, reader, faults)
    region, unit = _region(once.get("region"), reader, faults), _unit(once.get("unit"), reader, faults)
    many = {name: _many(name, given.get(name, ()), reader, faults) for name in MANY}
    flags = {name: _flag(reader.name(name), once.get(name), faults) for name in ("test", "history")}
    if faults:
        raise FiltersWrong(faults)
    scope = Scope(
        since=window.since if window else None,
        until=window.until if window else None,
        region=region,
        sources=many["source"],
        fraud_types=many["type"],
        risks=many["level"],
        tests=bool(flags["test"]),
        actual_types=many["actual_type"],
        final_risks=many["final_level"],
        channels=many["channel"],
        unit=unit,
        history=flags["history"],
    )
    wanted = many["kpi"] or tuple(DEFINITIONS)
    return Asked(scope, window, tuple(name for name in DEFINITIONS if name in wanted))


def _window(once: Mapping[str, str], reader: Reader, faults: list[Fault]) -> Window | None:
    if (name := once.get("window")) is not None:
        if name not in tuple(windows.Name):
            faults.append(Fault(reader.name("window"), f"must be one of: {', '.join(windows.Name)}"))
            return None
        if "from" in once or "to" in once:
            beside = f"must not stand beside {reader.name('from')} or {reader.name('to')}"
            faults.append(Fault(reader.name("window"), beside))
            return None
        return windows.named(windows.Name(name), reader.now)
    before = len(faults)
    since, until = (_instant(reader.name(one), once.get(one), faults) for one in ("from", "to"))
    if len(faults) > before or (since is None and until is None):
        return None
    begin, end = since or EARLIEST, until or max(reader.now, (since or EARLIEST) + timedelta(microseconds=1))
    if begin >= end:
        faults.append(Fault(reader.name("from"), f"must lie before {reader.name('to')}"))
        return None
    if since is not None and end - begin > WIDEST:
        wanted = f"must lie at most {WIDEST_YEARS} years before {reader.name('to')}"
        faults.append(Fault(reader.name("from"), wanted))
        return None
    return windows.custom(begin, end)


def _instant(field: str, text: str | None, faults: list[Fault]) -> datetime | None:
    if text is None:
        return None
    try:
        if DAY.fullmatch(text):
            found = datetime.combine(datetime.fromisoformat(text).date(), time(), LOCAL)
        elif INSTANT.fullmatch(text):
            found = datetime.fromisoformat(text)
        else:
            raise ValueError(field)
    except ValueError:
        wanted = "must be a day (2026-01-31) or an instant with its offset (2026-01-31T08:00:00+08:00)"
        faults.append(Fault(field, wanted))
        return None
    if not EARLIEST <= found <= LATEST:
        faults.append(Fault(field, f"must lie between {EARLIEST:%Y-%m-%d} and {LATEST:%Y-%m-%d}"))
        return None
    return found.astimezone(UTC)


def _region(text: str | None, reader: Reader, faults: list[Fault]) -> str | None:
    if text is None:
        return reader.within
    if not REGION.fullmatch(text):
        faults.append(
            Fault(reader.name("region"), "must be the first 2, 4 or all 6 digits of a GB/T 2260 code, such as 1401")
        )
        return None
    code = text.ljust(6, "0")
    if reader.within is not None:
        low, high = region_bounds(reader.within)
        if not low <= (reader.regions.current(code) or code) < high:
            raise OutOfScope
    current = reader.regions.current(code)
    if current is None:
        faults.append(Fault(reader.name("region"), "must be a known GB/T 2260 code, such as 140000, 1401 or 140105"))
    return current


def _unit(code: str | None, reader: Reader, faults: list[Fault]) -> str | None:
    if code is None:
        return None
    if not UNIT.fullmatch(code):
        faults.append(Fault(reader.name("unit"), "must be the code of a unit, such as 140105"))
        return None
    if code not in reader.units:
        if reader.within is not None:
            raise OutOfScope
        faults.append(
            Fault(reader.name("unit"), "must be the code of a unit, such as 140105; there is none of this one")
        )
    return code


def _many(name: str, values: Sequence[str], reader: Reader, faults: list[Fault]) -> tuple[str, ...]:
    known = CLOSED.get(name) or tuple(reader.sources)
    if any(value not in known for value in values):
        faults.append(Fault(reader.name(name), f"must be one of: {', '.join(known)}"))
        return ()
    return tuple(dict.fromkeys(values))


def _flag(name: str, text: str | None, faults: list[Fault]) -> bool | None:
    if text not in (None, "true", "false"):
        faults.append(Fault(name, "must be true or false"))
    return None if text is None else text == "true"
