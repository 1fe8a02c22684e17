"""What our queues and exchanges are called, and which worker takes from which."""

from __future__ import annotations

from kombu import Exchange

from dispatcher.words import Channel, Risk

LANES = ("urgent", "routine")

ALERTS_URGENT = "alerts.urgent"
ALERTS_ROUTINE = "alerts.routine"
ALERTS_UNROUTED = "alerts.unrouted"
"""Where alerts go whose routing key fits no binding: they are alerts all the same, and taken like the others."""
ALERTS_REJECTED = "alerts.rejected"
"""What the broker itself sets aside: no worker takes from it, `quanzu doctor` tells of it."""
ALERTS_DEAD = "alerts.dead"
SUBMIT = "alerts.submit"

RUNG_AT = "rung_at"
"""The header of a bell that tells when it was rung, in seconds since 1970."""

ALERT_KEYS = {ALERTS_URGENT: ("alert.l1", "alert.l2"), ALERTS_ROUTINE: ("alert.l3", "alert.l4")}
"""L1 and L2 never stand behind L3 and L4."""

ALERTS = Exchange("alerts", type="topic", durable=True, no_declare=True)
"""Named here, declared by `topology` alone: on RabbitMQ with an alternate exchange."""
DISPATCH = Exchange("dispatch", type="direct", durable=True)
DEAD = Exchange(ALERTS_DEAD, type="topic", durable=True)
"""Where refused alerts are announced, by id and reasons."""
OUTCOMES = Exchange("outcomes", type="topic", durable=True)


def dispatch_queue(channel: str, lane: str) -> str:
    """The queue of a channel's dispatches in a lane."""
    return f"dispatch.{channel}.{lane}"


def task_name(channel: str) -> str:
    """The task that looks at a channel's dispatches."""
    return f"dispatch.{channel}"


def alert_key(risk: str) -> str:
    """The routing key of an alert of this level; what has no level goes the routine way."""
    return f"alert.{risk.lower()}" if risk in tuple(Risk) else "alert.l4"


def queues_of(lane: str) -> list[str]:
    """The Celery queues of a worker: a lane's dispatches, or `intake`."""
    return [SUBMIT] if lane == "intake" else [dispatch_queue(channel, lane) for channel in Channel]


def raw_queues_of(lane: str) -> tuple[str, ...]:
    """The queues of raw alerts that a worker takes from.

    The urgent lane takes its own alerts too: an L1 shares no queue, no process and no batch with the routine ones.
    """
    if lane == "urgent":
        return (ALERTS_URGENT,)
    return (ALERTS_ROUTINE, ALERTS_UNROUTED) if lane == "intake" else ()
