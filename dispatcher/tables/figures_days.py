"""Figures of a day and county at rest: what adds up, summed over the facts of its alerts."""

from typing import Any

from sqlalchemy import BigInteger, Boolean, Column, Integer, String
from sqlmodel import Field, SQLModel


def flag(name: str) -> Column[Any]:
    """A part of the key that is true or false."""
    return Column(Boolean(create_constraint=True, name=f"{name}_is_boolean"), primary_key=True)


def number() -> Column[Any]:
    """A sum of ones."""
    return Column(Integer, nullable=False)


def big() -> Column[Any]:
    """A sum of fen."""
    return Column(BigInteger, nullable=False)


class FigureDay(SQLModel, table=True):
    """One row a day, region, and kind of alert (test, imported); written by the fold alone, as a sum of its facts.

    `depth` tells a county (6), a prefecture (4) and a province (2): the coarser ones are sums of their counties.

    `persons` and all that begins so count persons with one case alone: the others do not add up.
    """

    __tablename__ = "figures_days"

    depth: int = Field(sa_column=Column(Integer, primary_key=True, autoincrement=False))
    day: int = Field(sa_column=Column(Integer, primary_key=True, autoincrement=False))
    region: str = Field(sa_column=Column(String(6), primary_key=True))
    is_test: bool = Field(sa_column=flag("is_test"))
    history: bool = Field(sa_column=flag("history"))
    pushes: int = Field(sa_column=number())
    alerts: int = Field(sa_column=number())
    alerts_push_on_time: int = Field(sa_column=number())
    alerts_push_known: int = Field(sa_column=number())
    alerts_accurate: int = Field(sa_column=number())
    alerts_judged: int = Field(sa_column=number())
    alerts_kept_here: int = Field(sa_column=number())
    alerts_has_loss: int = Field(sa_column=number())
    alerts_has_saved: int = Field(sa_column=number())
    alerts_has_stopped: int = Field(sa_column=number())
    alerts_closed: int = Field(sa_column=number())
    alerts_unreachable: int = Field(sa_column=number())
    persons: int = Field(sa_column=number())
    persons_answered: int = Field(sa_column=number())
    persons_called: int = Field(sa_column=number())
    persons_met: int = Field(sa_column=number())
    persons_visit_asked: int = Field(sa_column=number())
    persons_met_on_time: int = Field(sa_column=number())
    persons_met_ripe: int = Field(sa_column=number())
    persons_reached: int = Field(sa_column=number())
    persons_kept: int = Field(sa_column=number())
    persons_reached_ripe: int = Field(sa_column=number())
    persons_reached_safe: int = Field(sa_column=number())
    persons_contact_missed: int = Field(sa_column=number())
    persons_contact_ripe: int = Field(sa_column=number())
    persons_lost: int = Field(sa_column=number())
    persons_ripe: int = Field(sa_column=number())
    persons_sms_lost: int = Field(sa_column=number())
    persons_sms_ripe: int = Field(sa_column=number())
    persons_call_lost: int = Field(sa_column=number())
    persons_call_ripe: int = Field(sa_column=number())
    persons_meeting_lost: int = Field(sa_column=number())
    persons_meeting_ripe: int = Field(sa_column=number())
    sign_ins: int = Field(sa_column=number())
    sign_ins_on_time: int = Field(sa_column=number())
    sign_ins_late: int = Field(sa_column=number())
    sign_ins_missed: int = Field(sa_column=number())
    feedbacks: int = Field(sa_column=number())
    feedbacks_given: int = Field(sa_column=number())
    feedbacks_timed: int = Field(sa_column=number())
    feedbacks_on_time: int = Field(sa_column=number())
    follow_ups: int = Field(sa_column=number())
    follow_ups_done: int = Field(sa_column=number())
    follow_ups_valid: int = Field(sa_column=number())
    limits: int = Field(sa_column=number())
    limits_late_on_arrival: int = Field(sa_column=number())
    texts: int = Field(sa_column=number())
    texts_delivered: int = Field(sa_column=number())
    visits: int = Field(sa_column=number())
    visits_met: int = Field(sa_column=number())
    dispatches_sms: int = Field(sa_column=number())
    dispatches_call: int = Field(sa_column=number())
    dispatches_visit: int = Field(sa_column=number())
    stop_requests: int = Field(sa_column=number())
    stop_requests_met: int = Field(sa_column=number())
    lost_fen: int = Field(sa_column=big())
    saved_fen: int = Field(sa_column=big())
    stopped_fen: int = Field(sa_column=big())
