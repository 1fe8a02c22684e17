"""The Celery app of the plain design: a task for an alert, a task for a text, a task for a robot call."""

from __future__ import annotations

import logging
import os
from datetime import UTC, datetime
from uuid import UUID

import httpx
from celery import Celery
from kombu import Queue
from sqlalchemy.exc import IntegrityError

from bench.plain import rows
from bench.plain.message import QUEUE, TAKE_ALERT
from bench.plain.state import state
from dispatcher.alert import Alert, Refused, read

# httpx tells every URL at INFO
logging.getLogger("httpx").setLevel(logging.WARNING)

QUEUES = {"sms": "plain.sms", "call": "plain.call"}

app = Celery("plain", broker=os.environ.get("BENCH_PLAIN_BROKER", "memory://"))
app.conf.update(
    task_queues=[Queue(name, durable=True) for name in (QUEUE, *QUEUES.values())],
    task_default_queue=QUEUE,
    task_acks_late=True,
    task_reject_on_worker_lost=True,
    task_ignore_result=True,
    worker_prefetch_multiplier=8,
    worker_hijack_root_logger=False,
    broker_connection_retry_on_startup=True,
    timezone="UTC",
)


@app.task(name=TAKE_ALERT, autoretry_for=(IntegrityError,), max_retries=3, default_retry_delay=0)
def take_alert(body: str) -> None:
    """Validate, keep alert and case and promises in one transaction, then send a task for each promise.

    Two alerts about one person at the same instant meet the unique index, and the later one tries again.
    """
    here, now = state(), datetime.now(UTC)
    alert = read(body.encode(), now=now, rules=here.rules)
    with here.engine.begin() as connection:
        if isinstance(alert, Refused):
            rows.keep_refused(connection, here.keys, body.encode(), alert, now)
        if not isinstance(alert, Alert):
            return  # refused; or a withdrawal, which is no part of what is measured
        dispatches = rows.keep_alert(connection, here.keys, alert, now)
    for channel, dispatch_id in dispatches:
        task = send_text if channel == "sms" else call_by_robot
        task.apply_async((str(dispatch_id),), queue=QUEUES[channel])


@app.task(name="plain.send_text")
def send_text(dispatch_id: str) -> None:
    """One text."""
    _deliver(UUID(dispatch_id), "/sms")


@app.task(name="plain.call_by_robot")
def call_by_robot(dispatch_id: str) -> None:
    """One robot call."""
    _deliver(UUID(dispatch_id), "/calls")


def _deliver(dispatch_id: UUID, path: str) -> None:
    """A transaction before the request, a transaction after it, and none during it."""
    here = state()
    with here.engine.begin() as connection:
        letter = rows.begin_attempt(connection, here.keys, dispatch_id, datetime.now(UTC))
    if letter is None:
        return  # somebody else has it
    body = {"callback": here.callback, "letters": [letter.told]}
    try:
        answer = here.client.post(here.carrier_url + path, json=body).raise_for_status().json()["answers"][0]
    except (httpx.HTTPError, ValueError, LookupError) as fault:
        answer = {"answer": "unsure", "code": type(fault).__name__}
    with here.engine.begin() as connection:
        rows.end_attempt(connection, letter, answer, datetime.now(UTC))
