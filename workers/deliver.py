"""A chunk of ids on its way: claim, call the carrier, settle as the answers come. Decides nothing."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from concurrent.futures import Future
from concurrent.futures import wait as wait_for
from datetime import UTC, datetime
from uuid import UUID

from dispatcher.assign import assign
from dispatcher.claim import Letter, claim
from dispatcher.settle import Settlement
from dispatcher.words import Channel
from workers.engine import Engine


def deliver(engine: Engine, channel: Channel, ids: Sequence[UUID]) -> int:
    """Do what these dispatches promise. Returns how many letters went to a carrier or tasks onto a worklist."""
    assigned = 0
    if channel is not Channel.SMS:
        assigned = assign(engine.store, ids, now=datetime.now(UTC))
        if channel is Channel.VISIT or assigned == len(ids):
            return assigned
    letters = claim(engine.store, ids, lease=engine.lease, now=datetime.now(UTC))
    if letters:
        written = engine.run(_send_all(engine, channel, letters)).result()
        wait_for(written)
    return assigned + len(letters)


async def _send_all(engine: Engine, channel: Channel, letters: Sequence[Letter]) -> list[Future[None]]:
    """All requests at once; each one's answers go to the settler as they come."""
    size = engine.carrier.batch_of(channel)
    parts = [letters[start : start + size] for start in range(0, len(letters), size)]
    return await asyncio.gather(*(_send_part(engine, channel, part) for part in parts))


async def _send_part(engine: Engine, channel: Channel, part: Sequence[Letter]) -> Future[None]:
    answers = await engine.carrier.send(channel, part)
    at = datetime.now(UTC)
    return engine.settler.put([Settlement(letter, answer, at) for letter, answer in zip(part, answers, strict=True)])
