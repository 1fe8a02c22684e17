"""What adds up of the facts of a day: the columns that are the same wherever they are summed up."""

from typing import Any

from sqlalchemy import BigInteger, Integer
from sqlmodel import Field, SQLModel


def number() -> Any:
    """A sum of ones."""
    return Field(sa_type=Integer, nullable=False)


def big() -> Any:
    """A sum of fen."""
    return Field(sa_type=BigInteger, nullable=False)


class Sums(SQLModel):
    """The sums of figures_days and figures_kinds."""

    pushes: int = number()
    alerts: int = number()
    alerts_push_on_time: int = number()
    alerts_push_known: int = number()
    alerts_accurate: int = number()
    alerts_judged: int = number()
    alerts_kept_here: int = number()
    alerts_has_loss: int = number()
    alerts_has_saved: int = number()
    alerts_has_stopped: int = number()
    alerts_closed: int = number()
    alerts_unreachable: int = number()
    persons: int = number()
    persons_answered: int = number()
    persons_called: int = number()
    persons_met: int = number()
    persons_visit_asked: int = number()
    persons_met_on_time: int = number()
    persons_met_ripe: int = number()
    persons_reached: int = number()
    persons_kept: int = number()
    persons_reached_ripe: int = number()
    persons_reached_safe: int = number()
    persons_contact_missed: int = number()
    persons_contact_ripe: int = number()
    persons_lost: int = number()
    persons_ripe: int = number()
    persons_sms_lost: int = number()
    persons_sms_ripe: int = number()
    persons_call_lost: int = number()
    persons_call_ripe: int = number()
    persons_meeting_lost: int = number()
    persons_meeting_ripe: int = number()
    sign_ins: int = number()
    sign_ins_on_time: int = number()
    sign_ins_late: int = number()
    sign_ins_missed: int = number()
    feedbacks: int = number()
    feedbacks_given: int = number()
    feedbacks_timed: int = number()
    feedbacks_on_time: int = number()
    follow_ups: int = number()
    follow_ups_done: int = number()
    follow_ups_valid: int = number()
    limits: int = number()
    limits_late_on_arrival: int = number()
    texts: int = number()
    texts_delivered: int = number()
    visits: int = number()
    visits_met: int = number()
    dispatches_sms: int = number()
    dispatches_call: int = number()
    dispatches_visit: int = number()
    stop_requests: int = number()
    stop_requests_met: int = number()
    lost_fen: int = big()
    saved_fen: int = big()
    stopped_fen: int = big()
