"""What our queues and exchanges are called, and which worker takes from which."""

from __future__ import annotations

from kombu import Exchange, Queue, binding

from dispatcher.words import Channel, Risk

LANES = ("urgent", "routine")
ALERTS = Exchange("alerts", type="topic", durable=True)
SUBMIT = "alerts.submit"


def dispatch_queue(channel: str, lane: str) -> str:
    """The queue of a channel's dispatches in a lane."""
    return f"dispatch.{channel}.{lane}"


def task_name(channel: str) -> str:
    """The task that looks at a channel's dispatches."""
    return f"dispatch.{channel}"


def alert_key(risk: str) -> str:
    """The routing key of an alert of this level; what has no level goes the routine way."""
    return f"alert.{risk.lower()}" if risk in tuple(Risk) else "alert.l4"


def alert_queues() -> list[Queue]:
    """The queues that raw alerts are taken from: L1 and L2 never stand behind L3 and L4."""
    return [_alert_queue("alerts.urgent", "l1", "l2"), _alert_queue("alerts.routine", "l3", "l4")]


def _alert_queue(name: str, *risks: str) -> Queue:
    return Queue(name, bindings=[binding(ALERTS, routing_key=f"alert.{risk}") for risk in risks], durable=True)


def queues_of(lane: str) -> list[str]:
    """The Celery queues of a worker: a lane's dispatches, or `intake`."""
    return [SUBMIT] if lane == "intake" else [dispatch_queue(channel, lane) for channel in Channel]
