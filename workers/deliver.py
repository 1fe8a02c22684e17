"""A chunk of ids on its way: claim, call the carrier, settle as the answers come. Decides nothing.

`deliver` ends with the claim: the requests go on on the process's event loop, and the next chunk may be claimed.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from concurrent.futures import Future
from datetime import UTC, datetime
from uuid import UUID

import structlog

from dispatcher.assign import assign
from dispatcher.claim import Letter, claim
from dispatcher.settle import Settlement
from dispatcher.throttle import within_limit
from dispatcher.words import Channel
from workers import meters, tracing
from workers.carriers import client
from workers.carriers.interface import TOO_LATE
from workers.engine import Engine

log = structlog.get_logger("deliver")


def deliver(engine: Engine, channel: Channel, ids: Sequence[UUID]) -> int:
    """Do what these dispatches promise. Returns how many letters went to a carrier or tasks onto a worklist."""
    assigned = 0
    if channel is not Channel.SMS:
        assigned = assign(engine.store, ids, now=datetime.now(UTC))
        meters.claimed(channel, 0, assigned)
        if channel is Channel.VISIT or assigned == len(ids):
            return assigned
    way = engine.first(channel)
    size = engine.carriers.carrier(way.carrier, channel).batch_of(channel)
    engine.in_flight.enter(_requests(len(ids), size), len(ids))
    letters: list[Letter] = []
    send_by = time.monotonic() + engine.settings.lease_s - engine.settings.request_timeout_s
    try:
        may_go = _within_limit(engine, channel, ids)
        letters = claim(engine.store, may_go, lease=engine.lease(way), now=datetime.now(UTC)) if may_go else []
    finally:
        unused = _requests(len(ids), size) - _requests(len(letters), size)
        engine.in_flight.leave(unused, len(ids) - len(letters))
    meters.claimed(channel, len(letters), 0)
    for start in range(0, len(letters), size):
        _begin(engine, channel, letters[start : start + size], send_by)
    return assigned + len(letters)


def _within_limit(engine: Engine, channel: Channel, ids: Sequence[UUID]) -> Sequence[UUID]:
    """Those for which there are tokens; all, where no rate is set. Drawn when there is room: a token is for now."""
    way = engine.first(channel)
    if way.limit is None:
        return ids
    now = datetime.now(UTC)
    return within_limit(engine.store, ids, carrier=way.carrier, channel=channel, limit=way.limit, now=now)


def _requests(letters: int, size: int) -> int:
    return -(-letters // size)


def _begin(engine: Engine, channel: Channel, part: Sequence[Letter], send_by: float) -> None:
    """One request, on its way; its room is free again once its answers are written."""

    def written(_done: Future[None]) -> None:
        engine.in_flight.leave(1, len(part))

    def answered(sent: Future[Future[None]]) -> None:
        if fault := sent.exception():  # ours: the leases of these letters run out, and the clock has them asked for
            log.error("sending_broken", count=len(part), fault=type(fault).__name__, exc_info=fault)
            engine.in_flight.leave(1, len(part))
        else:
            sent.result().add_done_callback(written)

    engine.run(_send_part(engine, channel, part, send_by)).add_done_callback(answered)


async def _send_part(engine: Engine, channel: Channel, part: Sequence[Letter], send_by: float) -> Future[None]:
    """`send_by` (monotonic): a request that begins later might end after its lease, when others have been asked to
    send it again. A process that stood still, or a claim that waited for locks, comes to this."""
    begun, place = datetime.now(UTC), tracing.request()
    if time.monotonic() > send_by:
        log.warning("too_late_to_send", count=len(part))
        answers = [TOO_LATE] * len(part)
    else:
        client.send_by.set(send_by)
        answers = await engine.carriers.carrier(part[0].carrier, channel).send(channel, part)
    at = datetime.now(UTC)
    tracing.answered(place, part, answers, begun, at)
    meters.requested(part[0].carrier, channel, (at - begun).total_seconds())
    return engine.settler.put([Settlement(letter, answer, at) for letter, answer in zip(part, answers, strict=True)])
