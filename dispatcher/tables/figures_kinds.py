"""Sums of days at rest by one dimension more: what a prefecture has of a level, type, hour or source on a day."""

from sqlalchemy import Column, Integer, String
from sqlmodel import Field, SQLModel

from dispatcher.tables.columns import one_of, rule
from dispatcher.tables.figures_days import big, flag, number

KINDS = ("level", "type", "hour", "source")


class FigureKind(SQLModel, table=True):
    """One row a day, prefecture (`depth` 4) or province (2), value of a dimension, and kind of alert (test, imported).

    The sums are those of `figures_days`. They hold for the days that `figures_rested` names; what lies here of another
    day is read by nobody. Written by dispatcher/figures/resting.py alone, a day at a time.
    """

    __tablename__ = "figures_kinds"
    __table_args__ = (one_of("dimension", KINDS), rule("depth IN (2, 4)", "depth_is_known"))

    dimension: str = Field(sa_column=Column(String(16), primary_key=True))
    depth: int = Field(sa_column=Column(Integer, primary_key=True, autoincrement=False))
    day: int = Field(sa_column=Column(Integer, primary_key=True, autoincrement=False))
    region: str = Field(sa_column=Column(String(6), primary_key=True))
    value: str = Field(sa_column=Column(String(64), primary_key=True))
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


class FigureRested(SQLModel, table=True):
    """A day of which such sums hold: written with them, deleted by the fold that changes a fact of the day."""

    __tablename__ = "figures_rested"

    day: int = Field(sa_column=Column(Integer, primary_key=True, autoincrement=False))
