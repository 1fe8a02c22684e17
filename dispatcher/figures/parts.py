"""What a numerator or a denominator is made of: numbers that add up, or persons, who never do."""

from __future__ import annotations

from dataclasses import dataclass

from dispatcher.figures.marks import Mark


@dataclass(frozen=True, slots=True)
class Sum:
    """The sum of these columns of facts. `unit`: what one of them is, and what a list of them shows."""

    unit: str
    columns: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Alerts:
    """Alerts that stand for a case with every mark of `marks`; `joined` counts those that joined one too."""

    marks: Mark = Mark.PERSON
    joined: bool = False
    unit: str = "alerts"


@dataclass(frozen=True, slots=True)
class Persons:
    """Distinct persons with every mark of `marks`, each mark in any of his cases in scope."""

    marks: Mark = Mark.PERSON
    unit: str = "persons"


@dataclass(frozen=True, slots=True)
class Residents:
    """Inhabitants of the scope's region, or of each region asked for; 0 where no census tells them."""

    unit: str = "residents"


Part = Sum | Alerts | Persons | Residents
