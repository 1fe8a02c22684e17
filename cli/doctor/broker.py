"""The broker: whether it answers, whether its queues are there, and whether somebody takes from them."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from kombu import Connection

from cli.doctor.check import Check, State
from config.settings import Settings
from dispatcher.words import Channel
from workers import filequeue
from workers.app import broker_url, transport_options
from workers.names import (
    ALERT_KEYS,
    ALERTS_REJECTED,
    ALERTS_UNROUTED,
    LANES,
    SUBMIT,
    dispatch_queue,
)
from workers.probe import Line
from workers.topology import otherwise

TAKEN = (*ALERT_KEYS, SUBMIT, *(dispatch_queue(channel, lane) for lane in LANES for channel in Channel))
DEEP = 10_000
START = "start a worker of its lane; workers declare the queues they need"


def broker(settings: Settings) -> Iterator[Check]:
    """Connection, queues and consumers; of the embedded transport only the folder and what lies in it."""
    if settings.embedded_broker and not settings.queue_folder.exists():
        yield Check("broker", State.WARN, "no message has travelled yet", "`quanzu up` begins")
        return
    filequeue.register()
    options = transport_options(settings)
    try:
        with Connection(broker_url(settings), transport_options=options, connect_timeout=3) as connection:
            connection.ensure_connection(max_retries=1, interval_start=1, timeout=5)
            told = getattr(connection.connection, "server_properties", None) or {}
            version = f"RabbitMQ {told.get('version', '?')}" if told else "the folder"
            yield Check("broker", State.OK, f"{version} answers")
            yield from _queues(connection, embedded=settings.embedded_broker)
            if not settings.embedded_broker:
                yield from _declared(connection)
        if not settings.embedded_broker:
            yield _takes(settings)
    except Exception as fault:  # whatever the transport calls it
        todo = "alerts are kept all the same; see the runbook: the broker is away"
        yield Check("broker", State.FAIL, f"does not answer: {type(fault).__name__}", todo)


def _takes(settings: Settings) -> Check:
    """A broker in an alarm of memory or disk answers everything, and takes nothing."""
    try:
        line = Line(settings)
        try:
            line.probe()
        finally:
            line.close()
    except Exception as fault:  # whatever the transport calls it
        says = f"takes no messages: {type(fault).__name__}; an alarm of memory or disk, or it hangs"
        return Check("messages", State.FAIL, says, "see the runbook: the broker is away")
    return Check("messages", State.OK, "it takes messages")


def _queues(connection: Connection, *, embedded: bool) -> Iterator[Check]:
    depths: dict[str, int] = {}
    missing, idle = [], []
    for name in (*TAKEN, *(() if embedded else (ALERTS_UNROUTED, ALERTS_REJECTED))):
        there = _depth(connection, name)
        if there is None:
            missing.append(name)
            continue
        depths[name] = there[0]
        if there[1] == 0 and not embedded and name != ALERTS_REJECTED:
            idle.append(name)
    rejected = depths.pop(ALERTS_REJECTED, 0)
    deep = [f"{name} {many:,}" for name, many in depths.items() if many]
    if missing:
        yield Check("queues", State.FAIL, f"not there: {', '.join(missing)}", START)
    elif idle:
        yield Check("queues", State.FAIL, f"nobody takes from {', '.join(idle)}", START)
    else:
        state = State.WARN if any(many > DEEP for many in depths.values()) else State.OK
        says = ", ".join(deep) or "all are there and empty"
        yield Check("queues", state, says, "" if state is State.OK else "see the runbook: work piles up")
    if rejected:
        todo = f"look at them, and move them back with the broker's shovel; see the runbook: {ALERTS_REJECTED}"
        yield Check("rejected", State.WARN, f"the broker has set aside {rejected:,} messages", todo)


def _declared(connection: Connection) -> Iterator[Check]:
    """What somebody else declared first, in another way: it works, with less than we promise."""
    if found := otherwise(connection):
        todo = "see the runbook: declared otherwise"
        yield Check("declared", State.WARN, f"not as we make them: {', '.join(found)}", todo)


def _depth(connection: Connection, name: str) -> tuple[int, int] | None:
    """Messages and consumers of a queue; None: there is no such queue."""
    channel: Any = connection.channel()
    try:
        told = channel.queue_declare(queue=name, passive=True)
    except connection.channel_errors:
        return None  # the broker has closed the channel by its refusal
    channel.close()
    return told.message_count, told.consumer_count
