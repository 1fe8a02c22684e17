"""Figures of a day and county at rest: what adds up, summed over the facts of its alerts."""

from typing import Any

from sqlalchemy import Boolean, Column, Integer, String
from sqlmodel import Field, SQLModel

from dispatcher.tables.figures_sums import Sums


def flag(name: str) -> Column[Any]:
    """A part of the key that is true or false."""
    return Column(Boolean(create_constraint=True, name=f"{name}_is_boolean"), primary_key=True)


class Day(SQLModel):
    """The key: a day, a region, and a kind of alert (test, imported)."""

    depth: int = Field(sa_column=Column(Integer, primary_key=True, autoincrement=False))
    day: int = Field(sa_column=Column(Integer, primary_key=True, autoincrement=False))
    region: str = Field(sa_column=Column(String(6), primary_key=True))
    is_test: bool = Field(sa_column=flag("is_test"))
    history: bool = Field(sa_column=flag("history"))


class FigureDay(Sums, Day, table=True):
    """One row a day, region, and kind of alert (test, imported); written by the fold alone, as a sum of its facts.

    `depth` tells a county (6), a prefecture (4) and a province (2): the coarser ones are sums of their counties.

    `persons` and all that begins so count persons with one case alone: the others do not add up.
    """

    __tablename__ = "figures_days"
