"""Where a person lives, in the six digits of GB/T 2260, and how regions hold one another.

    140000 山西省                      a scope of "14"
    └── 140100 太原市                  a scope of "1401"
        └── 140105 小店区              a scope of "140105"

Codes change over the years: an alias table rolls an old code up into today's county.
"""

import csv
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from config.faults import ConfigurationFault

DATA = Path(__file__).parent / "data"
LEVELS = ("province", "prefecture", "county")
SIX_DIGITS = re.compile(r"[0-9]{6}", re.ASCII)


@dataclass(frozen=True, slots=True)
class Region:
    """One row of the code table. `level` is one of LEVELS; only a province has no parent."""

    code: str
    name: str
    level: str
    parent: str | None


@dataclass(frozen=True, eq=False)
class Regions:
    """Every region this deployment knows, its old codes, and how many people live there.

    Args:
        rows: today's regions, keyed by code.
        aliases: old code -> today's code. A county that was split leads to the one that took most of it
            (140211 南郊区 to 140214 云冈区, though a part went to 140213 平城区): our choice, one code has one heir.
        residents: inhabitants by prefecture code, >= 0.
            Source of the shipped figures: the census of 2020, by prefecture. No figure by county is kept, so a
            prefecture's residents are split equally over its counties (the first ones take the remainder):
            good enough to spread made-up alerts, not to publish a county's rate.
    """

    rows: Mapping[str, Region]
    aliases: Mapping[str, str]
    residents: Mapping[str, int]

    @classmethod
    def load(cls, folder: Path = DATA) -> "Regions":
        """Read the three tables `regions_*.csv`, `region_aliases.csv`, `population_*.csv` of a folder.

        Raises:
            ConfigurationFault: a table is missing, or they do not agree; all faults at once.
        """
        faults: list[str] = []
        rows = {
            line["code"]: Region(line["code"], line["name"], line["level"], line["parent"] or None)
            for line in _lines(folder, "regions_*.csv", faults)
        }
        aliases = {line["old"]: line["current"] for line in _lines(folder, "region_aliases.csv", faults)}
        counts = {line["code"]: line["residents"] for line in _lines(folder, "population_*.csv", faults)}
        faults += _disagreements(rows, aliases, counts)
        if faults:
            raise ConfigurationFault(faults)
        return cls(rows, aliases, {code: int(count) for code, count in counts.items()})

    def known(self, code: str) -> bool:
        """Whether this is a code of today; an old code is not, see `current`."""
        return code in self.rows

    def current(self, code: str) -> str | None:
        """Today's code for this one, itself or what it became; None for a code never heard of."""
        return code if code in self.rows else self.aliases.get(code)

    def name(self, code: str) -> str:
        """The name of a region of today. Raises: KeyError for any other code."""
        return self.rows[code].name

    def parent(self, code: str) -> str | None:
        """The region that holds this one; None for a province. Raises: KeyError for an unknown code."""
        return self.rows[code].parent

    def ancestors(self, code: str) -> tuple[str, ...]:
        """All that hold this one, nearest first, up to the province; empty for a province."""
        found: list[str] = []
        above = self.parent(code)
        while above is not None:
            found.append(above)
            above = self.parent(above)
        return tuple(found)

    @staticmethod
    def subtree_bounds(code: str) -> tuple[str, str]:
        """A half-open range of text: `region >= low AND region < high` is this region and all below it.

        Digits only on both sides, so that every collation orders them alike.
        Raises: ValueError when it is not six digits.
        """
        if not SIX_DIGITS.fullmatch(code):
            raise ValueError("a region code has six digits")
        low = code
        while low.endswith("00") and len(low) > 2:
            low = low[:-2]
        high = str(int(low) + 1).zfill(len(low))
        # a prefix of nines has no successor of its length; letters sort behind digits everywhere
        return low, high if len(high) == len(low) else "A"

    def within(self, code: str, scope: str) -> bool:
        """Whether a region of today is `scope` or lies below it."""
        return code == scope or scope in self.ancestors(code)

    @cached_property
    def counties(self) -> tuple[str, ...]:
        """Codes of every county, ascending."""
        return tuple(sorted(code for code, row in self.rows.items() if row.level == "county"))

    @cached_property
    def population(self) -> Mapping[str, int]:
        """Residents of every region of today, by code; a county's is its share, see the class."""
        people = dict.fromkeys(self.rows, 0)
        for prefecture, residents in self.residents.items():
            counties = [code for code in self.counties if self.rows[code].parent == prefecture]
            each, left = divmod(residents, len(counties))
            for place, county in enumerate(counties):
                people[county] = each + (place < left)
            for region in (prefecture, *self.ancestors(prefecture)):
                people[region] += residents
        return people

    @cached_property
    def weights(self) -> tuple[int, ...]:
        """Residents of `counties`, in their order: how often a made-up alert falls there."""
        return tuple(self.population[code] for code in self.counties)


def _lines(folder: Path, pattern: str, faults: list[str]) -> list[dict[str, str]]:
    paths = sorted(folder.glob(pattern))
    if not paths:
        faults.append(f"{pattern}: no such table")
    found: list[dict[str, str]] = []
    for path in paths:
        with path.open(encoding="utf-8-sig", newline="") as stream:
            found += list(csv.DictReader(stream))
    return found


def _disagreements(rows: Mapping[str, Region], aliases: Mapping[str, str], counts: Mapping[str, str]) -> Iterable[str]:
    """What is wrong between the tables, one sentence each."""
    for code, row in rows.items():
        if not SIX_DIGITS.fullmatch(code):
            yield f"regions: {code!r} is not six digits"
        if row.level not in LEVELS:
            yield f"regions: {code} has the level {row.level!r}, want one of {', '.join(LEVELS)}"
        elif row.level == "province" and row.parent is not None:
            yield f"regions: {code} is a province, so it has no parent"
        elif row.level != "province" and not _stands_above(rows.get(row.parent or ""), row):
            yield f"regions: {code} is a {row.level}, but its parent is not one level higher"
    for old, today in aliases.items():
        if old in rows:
            yield f"region_aliases: {old} is a code of today"
        if today not in rows:
            yield f"region_aliases: {old} leads to {today}, which is not a code of today"
    for code, count in counts.items():
        if not any(row.parent == code and row.level == "county" for row in rows.values()):
            yield f"population: {code} has no counties to live in"
        if not (count.isascii() and count.isdigit()):
            yield f"population: {code} wants a whole number of residents"


def _stands_above(parent: Region | None, row: Region) -> bool:
    return parent is not None and parent.level in LEVELS and LEVELS.index(parent.level) + 1 == LEVELS.index(row.level)
