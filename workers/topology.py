"""The exchanges and queues of a deployment, declared on every connection: a wiped broker has them again at once.

| exchange   | key             | queue                        | who takes from it                     |
|------------|-----------------|------------------------------|---------------------------------------|
| `alerts`   | alert.l1, .l2   | alerts.urgent                | workers of the urgent lane            |
| `alerts`   | alert.l3, .l4   | alerts.routine               | workers of the intake lane            |
| `alerts`   | any other       | alerts.unrouted              | the same (by the alternate exchange)  |
| `dispatch` | the queue       | dispatch.<channel>.<lane>    | workers of that lane: ids, no more    |
| `dispatch` | alerts.submit   | alerts.submit                | the intake lane: alerts as Celery tasks |
| alerts.dead| rejected        | alerts.rejected              | nobody: what the broker set aside     |
| alerts.dead| dead.<source>   | yours, if you wish           | refusals, by id and reasons           |
| `outcomes` | outcome.<source>| yours                        | upstreams                             |

RabbitMQ 3.10 is what this is tested with. On 4.x quorum queues give a message up after 20 deliveries unless told
otherwise, so intake queues are declared there with `x-delivery-limit` -1, which 3.10 does not know.
Source: RabbitMQ 4.0 documentation, "Quorum Queues: Poison Message Handling"; not tried here.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import structlog
from amqp.exceptions import PreconditionFailed
from kombu import Connection, Exchange, Queue

from dispatcher.words import Channel
from workers.names import (
    ALERT_KEYS,
    ALERTS,
    ALERTS_REJECTED,
    ALERTS_UNROUTED,
    DEAD,
    DISPATCH,
    LANES,
    OUTCOMES,
    SUBMIT,
    dispatch_queue,
)

log = structlog.get_logger("topology")

BELL_DELIVERIES = 5
"""A bell that ends its worker this often is dropped: the row rings again, and its lease tells of the crash."""
BELL_LIFE_MS = 600_000
"""An older bell has been rung again since."""

UNROUTED = Exchange(ALERTS_UNROUTED, type="fanout", durable=True)

Arguments = Mapping[str, Any]


def declare(connection: Connection) -> None:
    """Declare everything. Blocks; the connection must be open and be used by nobody else meanwhile.

    What is there with other arguments (an operator's, an older version's, or an upstream's that came first) is used
    as it is, and told.
    """
    channel: Any = connection.channel()
    try:
        for thing in _all(connection):
            channel = declared(connection, channel, thing)
    finally:
        channel.close()


def declared(connection: Connection, channel: Any, thing: Exchange | Queue) -> Any:
    """Declare one thing, a queue with its binding. Returns the channel to go on with: a refusal costs the one it
    came on.
    """
    try:
        thing(channel).declare()
    except PreconditionFailed:
        log.warning("declared_otherwise", name=thing.name, kind=_kind(thing))
        channel = connection.channel()
        if isinstance(thing, Queue):  # the refusal came before the binding
            bound = thing(channel)
            bound.queue_declare(passive=True)  # it is there, and the refusal was its own
            bound.queue_bind()
    return channel


def otherwise(connection: Connection) -> list[str]:
    """Exchanges and queues that are there, but not as they are declared here, by kind and name, each once.

    Makes nothing: what is not there is passed over. Blocks, like `declare`.
    """
    found: dict[str, None] = {}
    for thing in _all(connection):
        channel: Any = connection.channel()
        bound = thing(channel)
        # what is there is not made anew by declaring it a second time: it is compared
        look: Any = bound.queue_declare if isinstance(bound, Queue) else bound.declare
        try:
            look(passive=True)
            look()
        except PreconditionFailed:
            found[f"{_kind(thing)} {thing.name}"] = None
        except connection.channel_errors as fault:
            log.debug("not_looked_at", name=thing.name, fault=type(fault).__name__)
        else:
            channel.close()
    return list(found)


def exchanges(embedded: bool) -> list[Exchange]:
    """All exchanges; on RabbitMQ an alert that fits no binding goes to `alerts.unrouted` and is not lost."""
    if embedded:
        return [_alerts(embedded), DISPATCH, DEAD, OUTCOMES]
    return [UNROUTED, _alerts(embedded), DISPATCH, DEAD, OUTCOMES]


def queues(embedded: bool, *, major: int) -> list[Queue]:
    """All queues with their bindings; quorum queues on RabbitMQ.

    Their exchanges are only named: kombu would declare them with each queue again, and where somebody else declared
    one otherwise the refusal would come instead of the queue.
    """
    intake, bell = ({}, {}) if embedded else (_intake_arguments(major), _bell_arguments())
    found = [
        Queue(name, ALERTS, routing_key=key, durable=True, queue_arguments=intake)
        for name, keys in ALERT_KEYS.items()
        for key in keys
    ]
    found.append(Queue(SUBMIT, _named(DISPATCH), routing_key=SUBMIT, durable=True, queue_arguments=intake))
    for channel in Channel:
        for lane in LANES:
            name = dispatch_queue(channel, lane)
            found.append(Queue(name, _named(DISPATCH), routing_key=name, durable=True, queue_arguments=bell))
    if not embedded:
        kept = {"x-queue-type": "quorum"}
        found.append(Queue(ALERTS_UNROUTED, _named(UNROUTED), durable=True, queue_arguments=intake))
        found.append(Queue(ALERTS_REJECTED, _named(DEAD), routing_key="rejected", durable=True, queue_arguments=kept))
    return found


def raw_queues(names: Sequence[str], *, embedded: bool) -> list[Queue]:
    """The queues of raw alerts with these names, to consume from; `declare` has made them."""
    there = set(ALERT_KEYS) if embedded else {*ALERT_KEYS, ALERTS_UNROUTED}
    return [Queue(name, durable=True, no_declare=True) for name in names if name in there]


def _named(exchange: Exchange) -> Exchange:
    return Exchange(exchange.name, type=exchange.type, durable=exchange.durable, no_declare=True)


def _alerts(embedded: bool) -> Exchange:
    alternate = None if embedded else {"alternate-exchange": UNROUTED.name}
    return Exchange(ALERTS.name, type="topic", durable=True, arguments=alternate)


def major_version(connection: Connection) -> int:
    """RabbitMQ's major version; 0 on the embedded transport."""
    told = getattr(connection.connection, "server_properties", None) or {}
    first = str(told.get("version", "0")).partition(".")[0]
    return int(first) if first.isdigit() else 0


def _intake_arguments(major: int) -> Arguments:
    kept = {
        "x-queue-type": "quorum",
        "x-dead-letter-exchange": DEAD.name,
        "x-dead-letter-routing-key": "rejected",
    }
    return kept | ({"x-delivery-limit": -1} if major >= 4 else {})


def _bell_arguments() -> Arguments:
    return {"x-queue-type": "quorum", "x-delivery-limit": BELL_DELIVERIES, "x-message-ttl": BELL_LIFE_MS}


def _all(connection: Connection) -> list[Exchange | Queue]:
    embedded = connection.transport.driver_type != "amqp"
    return [*exchanges(embedded), *queues(embedded, major=major_version(connection))]


def _kind(thing: Exchange | Queue) -> str:
    return type(thing).__name__.lower()
