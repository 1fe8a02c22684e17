"""The filters of the figures' pages: read from the address, written into every link, and shown as a form.

A person's window ends with the day that he names; the API's ends before it. Everything else is as the API has it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from urllib.parse import urlencode

from sqlalchemy import Connection

from dispatcher.assign import units_of
from dispatcher.figures import filters
from dispatcher.figures.filters import Asked, FiltersWrong, OutOfScope, Reader
from dispatcher.figures.windows import Name
from dispatcher.words import SOURCES, FraudType, Risk
from web.pages.asking import ROOT, Asking
from web.problems import Problem

FIRST = Name.MONTH
"""The window that is shown unless another is asked for."""
KEPT = ("window", "from", "to", "region", "unit", "source", "type", "level", "channel")
CHOICES: Mapping[str, Sequence[str]] = {"type": tuple(FraudType), "level": tuple(Risk), "source": SOURCES}


@dataclass(frozen=True, slots=True)
class Chosen:
    """What was asked for, as it was written (`given`) and as it is meant (`asked`)."""

    given: Mapping[str, str]
    asked: Asked

    def link(self, page: str, **changes: str | None) -> str:
        """The address of a page with these filters, changed; None leaves one out."""
        told = {**self.given, **changes}
        return f"{ROOT}/{page}?{urlencode({name: value for name, value in told.items() if value})}"


def chosen(asking: Asking, connection: Connection, *, names: Sequence[str] = KEPT) -> Chosen:
    """The filters of this address, of those in `names`, within the visitor's region.

    Raises: Problem 404: the region or unit is not his, or there is none. 422: something cannot be read.
    """
    given = {name: asking.query[name] for name in names if asking.query.get(name)}
    if given.get("window") in tuple(Name):
        given = {name: value for name, value in given.items() if name not in ("from", "to")}
    else:
        given.pop("window", None)
        if "from" not in given:
            given = {"window": FIRST.value} | {name: value for name, value in given.items() if name != "to"}
    try:
        asked = filters.read(_as_the_api_has_it(given), _reader(asking, connection))
    except OutOfScope:
        raise Problem(404, "no such page") from None
    except FiltersWrong as fault:
        raise Problem(422, "these figures cannot be told", fault.faults) from fault
    return Chosen(given, asked)


def _as_the_api_has_it(given: Mapping[str, str]) -> dict[str, list[str]]:
    """Raises: Problem 422: a day that is none."""
    told = {name: [value] for name, value in given.items()}
    if "to" in given:
        try:
            told["to"] = [(date.fromisoformat(given["to"]) + timedelta(days=1)).isoformat()]
        except (ValueError, OverflowError):
            raise Problem(422, "to must be a day") from None
    return told


def _reader(asking: Asking, connection: Connection) -> Reader:
    visitor, rules = asking.visitor, asking.house.intake.rules
    tree = units_of(connection)
    units = frozenset(tree.by_id[one]["code"] for one in tree.subtree(visitor.unit_id))
    within = None if visitor.unit_id == tree.root() else visitor.region
    return Reader(rules.regions, sorted(rules.sources), units, asking.now, within)
