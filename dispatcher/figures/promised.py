"""Statements about single promises and tries, said once: what a fact counts, and what is listed behind it."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import ColumnElement, and_, or_

from dispatcher import tables
from dispatcher.words import Answer, Channel, DeadlineKind, Means, Outcome, StopReply, Target

HEARD = (Outcome.HEARD, Outcome.KEY_UNDERSTOOD, Outcome.KEY_PAID)
SPOKEN = (Outcome.REACHED, Outcome.REFUSED_ADVICE)
TAKEN = (Answer.ACCEPTED, Answer.UNSURE)

Condition = ColumnElement[bool]


def promises(now: datetime) -> dict[str, Condition]:
    """Which promises of time a count means; on the table of deadlines. Void ones are in none."""
    table = tables.deadlines

    def kind(name: DeadlineKind, *more: Condition) -> Condition:
        return and_(table.c.kind == name.value, table.c.void_at.is_(None), *more)

    ripe = or_(table.c.done_at.is_not(None), table.c.due_at <= now)
    kept, late = table.c.done_at <= table.c.due_at, table.c.done_at > table.c.due_at
    in_time = table.c.late_on_arrival.is_(False)
    first = kind(DeadlineKind.SIGN_IN, table.c.step == 0)
    feedback, follow_up = kind(DeadlineKind.FEEDBACK), kind(DeadlineKind.FOLLOW_UP)
    return {
        "sign_ins": and_(first, ripe),
        "sign_ins_on_time": and_(first, kept),
        "sign_ins_late": and_(first, late),
        "sign_ins_missed": and_(first, table.c.done_at.is_(None), table.c.due_at <= now),
        "feedbacks": and_(feedback, ripe),
        "feedbacks_given": and_(feedback, table.c.done_at.is_not(None)),
        "feedbacks_timed": and_(feedback, in_time, ripe),
        "feedbacks_on_time": and_(feedback, in_time, kept),
        "follow_ups": and_(follow_up, ripe),
        "follow_ups_done": and_(follow_up, table.c.done_at.is_not(None)),
        "follow_ups_valid": and_(follow_up, table.c.done_at.is_not(None), table.c.result == "valid"),
        "limits": and_(table.c.void_at.is_(None), table.c.kind != DeadlineKind.FOLLOW_UP.value),
        "limits_late_on_arrival": and_(
            table.c.void_at.is_(None), table.c.kind != DeadlineKind.FOLLOW_UP.value, table.c.late_on_arrival.is_(True)
        ),
    }


def limits(now: datetime) -> dict[str, Condition]:
    """The limits that are told by persons: met and contact, matured, kept or missed."""
    table = tables.deadlines
    ripe = or_(table.c.done_at.is_not(None), table.c.due_at <= now)
    ours = and_(table.c.void_at.is_(None), table.c.late_on_arrival.is_(False), ripe)
    met, contact = table.c.kind == DeadlineKind.MET.value, table.c.kind == DeadlineKind.CONTACT.value
    return {
        "met_ripe": and_(ours, met),
        "met_on_time": and_(ours, met, table.c.done_at <= table.c.due_at),
        "contact_ripe": and_(ours, contact),
        "contact_missed": and_(ours, contact, or_(table.c.done_at.is_(None), table.c.done_at > table.c.due_at)),
    }


def _own_text() -> Condition:
    dispatch = tables.dispatches
    return and_(dispatch.c.channel == Channel.SMS.value, dispatch.c.target == Target.SELF.value)


def texts() -> dict[str, Condition]:
    """Which tries make a text count; on dispatches and their attempts."""
    attempt = tables.attempts
    return {
        "texts": and_(_own_text(), attempt.c.answer.in_(TAKEN)),
        "texts_delivered": and_(_own_text(), attempt.c.outcome == Outcome.DELIVERED.value),
    }


def visits() -> dict[str, Condition]:
    """Which tries are visits; on dispatches and their attempts."""
    dispatch, attempt = tables.dispatches, tables.attempts
    visit = dispatch.c.channel == Channel.VISIT.value
    return {
        "visits": and_(visit, attempt.c.outcome.in_((Outcome.MET.value, Outcome.VISIT_INVALID.value))),
        "visits_met": and_(visit, attempt.c.outcome == Outcome.MET.value),
    }


def warnings() -> dict[str, Condition]:
    """Which dispatches count, by channel: notices to duty phones warn nobody. On dispatches."""
    dispatch = tables.dispatches
    return {
        f"dispatches_{channel.value}": and_(dispatch.c.target != Target.DUTY.value, dispatch.c.channel == channel.value)
        for channel in Channel
    }


def stops() -> dict[str, Condition]:
    """Which stops of payments count: those a bank was asked for, and those by which it stopped money."""
    stop = tables.stop_payments
    return {
        "stop_requests": stop.c.requested_at.is_not(None),
        "stop_requests_met": and_(stop.c.reply == StopReply.STOPPED.value, stop.c.stopped_yuan > 0),
    }


def by_phone() -> Condition:
    """The person himself answered: a robot was heard, or a caller reached him."""
    attempt, dispatch = tables.attempts, tables.dispatches
    return or_(
        and_(dispatch.c.means == Means.ROBOT.value, attempt.c.outcome.in_(HEARD)),
        and_(dispatch.c.means == Means.HUMAN.value, attempt.c.outcome.in_(SPOKEN)),
    )


def was_called() -> Condition:
    """A phone rang or may have rung: the carrier took a robot's call, or a caller reported one."""
    attempt, dispatch = tables.attempts, tables.dispatches
    return or_(
        and_(dispatch.c.means == Means.ROBOT.value, attempt.c.answer.in_(TAKEN)),
        and_(dispatch.c.means == Means.HUMAN.value, attempt.c.outcome.is_not(None)),
    )
