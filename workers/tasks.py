"""Our Celery tasks: thin shells around `deliver` and `intake.accept`. They carry ids, and decide nothing."""

from __future__ import annotations

import time
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import structlog
from celery import Task, shared_task
from celery.exceptions import Reject
from sqlalchemy.exc import SQLAlchemyError

from dispatcher.intake import Incoming
from dispatcher.words import Channel
from workers import meters, tracing
from workers.deliver import deliver
from workers.engine import engine_of
from workers.names import LANES, RUNG_AT, SUBMIT, task_name

log = structlog.get_logger("submit")

PAUSE_S = 2.0
LATE_S = 1.0
"""A bell that comes so late stands for a backlog; usually it comes within hundredths of a second."""


class BellTask(Task):  # type: ignore[type-arg]  # generic for the type checker alone
    """A task whose arguments are ids."""

    Request = "workers.requests:SoundRequest"


@shared_task(bind=True, name=task_name("sms"), base=BellTask)
def dispatch_sms(self: Task[Any, Any], ids: list[str]) -> None:
    """Send these texts."""
    deliver(engine_of(self.app), Channel.SMS, _uuids(ids), behind=_behind(self))


@shared_task(bind=True, name=task_name("call"), base=BellTask)
def dispatch_call(self: Task[Any, Any], ids: list[str]) -> None:
    """Place these calls: a robot's through the carrier, a person's onto a worklist."""
    deliver(engine_of(self.app), Channel.CALL, _uuids(ids), behind=_behind(self))


@shared_task(bind=True, name=task_name("visit"), base=BellTask)
def dispatch_visit(self: Task[Any, Any], ids: list[str]) -> None:
    """Put these visits on their units' worklists."""
    deliver(engine_of(self.app), Channel.VISIT, _uuids(ids), behind=_behind(self))


class AlertsTask(Task):  # type: ignore[type-arg]  # generic for the type checker alone
    """A task whose arguments are of people."""

    Request = "workers.requests:Discreet"


@shared_task(bind=True, name=SUBMIT, base=AlertsTask, acks_on_failure_or_timeout=False)
def submit_alerts(self: AlertsTask, alerts: list[Any]) -> None:
    """Take alerts from an upstream that speaks Celery; each is accepted, or kept as a dead letter.

    While the database is away the message goes back to its queue, after a pause. Whatever else fails, the broker sets
    it aside: it is never acknowledged without having been kept.
    """
    engine = engine_of(self.app)
    batch = [Incoming(value=value) for value in (alerts if isinstance(alerts, list) else [alerts])]
    begun = datetime.now(UTC)
    try:
        accepted = engine.intake.accept(batch, door="task", now=begun)
    except SQLAlchemyError as fault:
        log.warning("database_unavailable", waiting=len(batch), fault=type(fault).__name__)
        time.sleep(PAUSE_S)
        raise Reject("the database is away", requeue=True) from fault
    meters.accepted("task", accepted.results, begun)
    tracing.accepted("task", accepted.results, [self.request.headers] * len(batch), begun)
    engine.relay.ring(accepted.bells)


def _behind(task: Task[Any, Any]) -> str | None:
    """The lane whose queue this bell came through, if it lay there long."""
    rung_at = (task.request.headers or {}).get(RUNG_AT)
    lane = str((task.request.delivery_info or {}).get("routing_key")).rpartition(".")[2]
    return lane if lane in LANES and rung_at is not None and time.time() - float(rung_at) > LATE_S else None


def _uuids(ids: list[str]) -> list[UUID]:
    return [UUID(text) for text in ids]
