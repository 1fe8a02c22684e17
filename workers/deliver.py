"""A chunk of ids on its way: claim, call the carrier, settle as the answers come. Decides nothing.

`deliver` ends with the claim: the requests go on on the process's event loop, and the next chunk may be claimed.
"""

from __future__ import annotations

import asyncio
import time
from collections import defaultdict
from collections.abc import Sequence
from concurrent.futures import Future
from datetime import UTC, datetime
from functools import partial
from uuid import UUID

import structlog

from dispatcher.assign import assign
from dispatcher.backlog import waiting_now
from dispatcher.claim import Letter, claim
from dispatcher.deal import deal
from dispatcher.happenings import Answered
from dispatcher.settle import Settlement
from dispatcher.throttle import within_limit
from dispatcher.words import Channel
from workers import meters, tracing
from workers.carriers import client
from workers.carriers.interface import TOO_LATE
from workers.engine import Engine
from workers.inflight import Place

log = structlog.get_logger("deliver")

_underway: set[asyncio.Task[Future[None]]] = set()
"""Requests that are out: an event loop keeps no hold of its tasks."""


def deliver(engine: Engine, channel: Channel, ids: Sequence[UUID], *, behind: str | None = None) -> int:
    """Do what these dispatches promise. Returns how many letters went to a carrier or tasks onto a worklist.

    `behind`: the lane, where the bell lay long in its queue: then what waits beside these is taken along.
    """
    if behind is not None:
        ids = waiting_now(engine.store, channel, behind, ids, most=engine.settings.chunk, now=datetime.now(UTC))
        if not ids:
            return 0
    assigned = 0
    if channel is not Channel.SMS:
        assigned = assign(engine.store, ids, now=datetime.now(UTC))
        meters.claimed(channel, 0, assigned)
        if channel is Channel.VISIT or assigned == len(ids):
            return assigned
    # a reservation, made before anything is claimed: as if all went by the carrier of the smallest batches
    size = engine.carriers.smallest_batch(channel)
    engine.in_flight.enter(_requests(len(ids), size), len(ids))
    parts: list[list[Letter]] = []
    send_by = time.monotonic() + engine.settings.lease_s - engine.longest_request_s
    try:
        letters = _claim(engine, channel, ids)
        parts = _parts(engine, channel, letters)
    finally:
        unused = _requests(len(ids), size) - len(parts)
        engine.in_flight.leave(unused, len(ids) - sum(len(part) for part in parts))
    meters.claimed(channel, len(letters), 0)
    if parts:
        places = [engine.in_flight.place(len(part)) for part in parts]
        engine.run(_begin(engine, channel, parts, places, send_by))
    return assigned + len(letters)


def _claim(engine: Engine, channel: Channel, ids: Sequence[UUID]) -> list[Letter]:
    """Those that may go now, as letters. Tokens are drawn when there is room: a token is for now."""
    network, now = engine.network, datetime.now(UTC)
    if network.guarded:
        ways = deal(engine.store, network, channel, ids, guard=engine.tally.guard, now=now)
        lease = engine.lease("")
        return claim(engine.store, list(ways), lease=lease, ways=ways, now=datetime.now(UTC)) if ways else []
    way = network.only(channel)
    if way.limit is not None:
        ids = within_limit(engine.store, ids, carrier=way.carrier, channel=channel, limit=way.limit, now=now)
    return claim(engine.store, ids, lease=engine.lease(way.carrier), now=datetime.now(UTC)) if ids else []


def _parts(engine: Engine, channel: Channel, letters: Sequence[Letter]) -> list[list[Letter]]:
    """One list for each request: letters of one carrier, no more than it takes at once."""
    by_carrier: dict[str, list[Letter]] = defaultdict(list)
    for letter in letters:
        by_carrier[letter.carrier].append(letter)
    parts = []
    for name, theirs in by_carrier.items():
        size = engine.carriers.carrier(name, channel).batch_of(channel)
        parts += [theirs[start : start + size] for start in range(0, len(theirs), size)]
    return parts


def _requests(letters: int, size: int) -> int:
    return -(-letters // size)


async def _asked(engine: Engine, channel: Channel, part: Sequence[Letter], place: Place) -> list[Answered]:
    """What the carrier says. One that takes too long is told of before it has ended, so that others pass it by; and
    its room is given back."""
    name = part[0].carrier
    carrier = engine.carriers.carrier(name, channel)
    if not engine.network.guarded:
        return await carrier.send(channel, part)
    watch = engine.tally.watch(name)

    def hangs() -> None:
        watch.hangs()
        place.hangs()

    slow = asyncio.get_running_loop().call_later(engine.network.way(name, channel).slow_s, hangs)
    try:
        answers = await carrier.send(channel, part)
    finally:
        slow.cancel()
    watch.ended(answers)
    return answers


async def _begin(
    engine: Engine, channel: Channel, parts: Sequence[Sequence[Letter]], places: Sequence[Place], send_by: float
) -> None:
    """All requests of a claim, on their way; each one's room is free once its answers are written, or once it hangs.

    They begin together: to wake the event loop for each of a hundred letters costs more than to send them.
    """
    for part, place in zip(parts, places, strict=True):
        sending = asyncio.get_running_loop().create_task(_send_part(engine, channel, part, send_by, place))
        _underway.add(sending)
        sending.add_done_callback(partial(_sent, part, place))


def _sent(part: Sequence[Letter], place: Place, sending: asyncio.Task[Future[None]]) -> None:
    _underway.discard(sending)
    if fault := sending.exception():  # ours: the leases of these letters run out, and the clock has them asked for
        log.error("sending_broken", count=len(part), fault=type(fault).__name__, exc_info=fault)
        place.leave()
    else:
        sending.result().add_done_callback(lambda _written: place.leave())


async def _send_part(
    engine: Engine, channel: Channel, part: Sequence[Letter], send_by: float, place: Place
) -> Future[None]:
    """`send_by` (monotonic): a request that begins later might end after its lease, when others have been asked to
    send it again. A process that stood still, or a claim that waited for locks, comes to this."""
    begun, trace = datetime.now(UTC), tracing.request()
    if time.monotonic() > send_by:
        log.warning("too_late_to_send", count=len(part))
        answers = [TOO_LATE] * len(part)
    else:
        client.send_by.set(send_by)
        answers = await _asked(engine, channel, part, place)
    at = datetime.now(UTC)
    tracing.answered(trace, part, answers, begun, at)
    meters.requested(part[0].carrier, channel, (at - begun).total_seconds())
    return engine.settler.put([Settlement(letter, answer, at) for letter, answer in zip(part, answers, strict=True)])
