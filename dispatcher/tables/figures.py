"""Figures at rest: what befell each alert's case in one wide row, made anew whenever a row of the case changes."""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import BigInteger, Boolean, Column, Index, Integer, LargeBinary, Uuid, text
from sqlmodel import Field, SQLModel

from dispatcher.tables.columns import instant, key, word

BY_KIND = ("risk", "fraud_type", "hour", "source")
"""What persons with several cases are told apart by most: so that their rows need not be read."""


def _flag(name: str) -> Column[Any]:
    return Column(Boolean(create_constraint=True, name=f"{name}_is_boolean"), nullable=False)


def _number() -> Column[Any]:
    return Column(Integer, nullable=False)


def _big(*, nullable: bool = False) -> Column[Any]:
    return Column(BigInteger, nullable=nullable)


class FigureAlert(SQLModel, table=True):
    """One row an alert that is not withdrawn; written by the fold alone, from a statement that reads its case whole.

    `marks` are the bits of dispatcher/figures/marks.py. Numbers are 0 and times empty on an alert that joined a case:
    the one that stands for the case tells them. `region` is today's county. `ripens_ms` is when time alone will next
    change the row. No foreign keys: a figure never stands in the way of a row.
    """

    __tablename__ = "figures_alerts"
    __table_args__ = (
        Index(
            "ix_figures_alerts_ripens_ms",
            "ripens_ms",
            sqlite_where=text("ripens_ms IS NOT NULL"),
            postgresql_where=text("ripens_ms IS NOT NULL"),
        ),
        Index("ix_figures_alerts_received_at_region", "received_at", "region"),
        Index("ix_figures_alerts_day_region", "day", "region"),
        Index(
            "ix_figures_alerts_again",
            "is_test",
            "received_at",
            "region",
            "history",
            "person",
            "marks",
            *BY_KIND,
            sqlite_where=text("alone IS 0 AND merged IS 0"),
            postgresql_where=text("alone IS false AND merged IS false"),
        ),
    )

    alert_id: UUID = Field(sa_column=Column(Uuid(), primary_key=True))
    case_id: UUID = Field(sa_column=Column(Uuid(), nullable=False, index=True))
    person: bytes = Field(sa_column=Column(LargeBinary(32), nullable=False))
    alone: bool = Field(sa_column=_flag("alone"))
    merged: bool = Field(sa_column=_flag("merged"))
    is_test: bool = Field(sa_column=_flag("is_test"))
    history: bool = Field(sa_column=_flag("history"))
    received_at: datetime = Field(sa_column=instant())
    day: int = Field(sa_column=_number())
    hour: int = Field(sa_column=_number())
    region: str = Field(sa_column=word(6))
    source: str = Field(sa_column=word(64))
    fraud_type: str = Field(sa_column=word())
    risk: str = Field(sa_column=word(2))
    final_risk: str = Field(sa_column=word(2))
    actual_type: str | None = Field(sa_column=word(nullable=True))
    age_band: str | None = Field(sa_column=word(16, nullable=True))
    unit_id: UUID | None = Field(sa_column=Column(Uuid(), nullable=True))
    marks: int = Field(sa_column=_big())
    sign_ins: int = Field(sa_column=_number())
    sign_ins_on_time: int = Field(sa_column=_number())
    sign_ins_late: int = Field(sa_column=_number())
    sign_ins_missed: int = Field(sa_column=_number())
    feedbacks: int = Field(sa_column=_number())
    feedbacks_given: int = Field(sa_column=_number())
    feedbacks_timed: int = Field(sa_column=_number())
    feedbacks_on_time: int = Field(sa_column=_number())
    follow_ups: int = Field(sa_column=_number())
    follow_ups_done: int = Field(sa_column=_number())
    follow_ups_valid: int = Field(sa_column=_number())
    limits: int = Field(sa_column=_number())
    limits_late_on_arrival: int = Field(sa_column=_number())
    texts: int = Field(sa_column=_number())
    texts_delivered: int = Field(sa_column=_number())
    visits: int = Field(sa_column=_number())
    visits_met: int = Field(sa_column=_number())
    dispatches_sms: int = Field(sa_column=_number())
    dispatches_call: int = Field(sa_column=_number())
    dispatches_visit: int = Field(sa_column=_number())
    stop_requests: int = Field(sa_column=_number())
    stop_requests_met: int = Field(sa_column=_number())
    lost_fen: int = Field(sa_column=_big())
    saved_fen: int = Field(sa_column=_big())
    stopped_fen: int = Field(sa_column=_big())
    handed_over_ms: int | None = Field(sa_column=_big(nullable=True))
    signed_ms: int | None = Field(sa_column=_big(nullable=True))
    tried_ms: int | None = Field(sa_column=_big(nullable=True))
    reached_ms: int | None = Field(sa_column=_big(nullable=True))
    met_ms: int | None = Field(sa_column=_big(nullable=True))
    closed_ms: int | None = Field(sa_column=_big(nullable=True))
    ripens_ms: int | None = Field(sa_column=_big(nullable=True))


class FigureChange(SQLModel, table=True):
    """Cases that one transaction touched, written in that transaction; deleted by the fold that made their facts anew.

    `cases` are their ids, sixteen bytes each. A row that is not yet committed is simply found by a later fold.
    """

    __tablename__ = "figures_changes"

    id: UUID = Field(sa_column=key())
    at: datetime = Field(sa_column=instant())
    cases: bytes = Field(sa_column=Column(LargeBinary, nullable=False))
