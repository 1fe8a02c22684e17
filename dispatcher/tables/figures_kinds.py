"""Sums of days at rest by one dimension more: what a prefecture has of a level, type, hour or source on a day."""

from sqlalchemy import Column, Integer, String
from sqlmodel import Field, SQLModel

from dispatcher.tables.columns import one_of, rule
from dispatcher.tables.figures_days import flag
from dispatcher.tables.figures_sums import Sums

KINDS = ("level", "type", "hour", "source")


class Kind(SQLModel):
    """The key: a day, a region, a value of a dimension, and a kind of alert."""

    dimension: str = Field(sa_column=Column(String(16), primary_key=True))
    depth: int = Field(sa_column=Column(Integer, primary_key=True, autoincrement=False))
    day: int = Field(sa_column=Column(Integer, primary_key=True, autoincrement=False))
    region: str = Field(sa_column=Column(String(6), primary_key=True))
    value: str = Field(sa_column=Column(String(64), primary_key=True))
    is_test: bool = Field(sa_column=flag("is_test"))
    history: bool = Field(sa_column=flag("history"))


class FigureKind(Sums, Kind, table=True):
    """One row a day, prefecture (`depth` 4) or province (2), value of a dimension, and kind of alert (test, imported).

    The sums are those of `figures_days`. They hold for the days that `figures_rested` names; what lies here of another
    day is read by nobody. Written by dispatcher/figures/resting.py alone, a day at a time.
    """

    __tablename__ = "figures_kinds"
    __table_args__ = (one_of("dimension", KINDS), rule("depth IN (2, 4)", "depth_is_known"))


class FigureRested(SQLModel, table=True):
    """A day of which such sums hold: written with them, deleted by the fold that changes a fact of the day."""

    __tablename__ = "figures_rested"

    day: int = Field(sa_column=Column(Integer, primary_key=True, autoincrement=False))
