"""The rounds: every key's worklist is looked at often while there is work, seldom while there is none."""

import asyncio
import logging
from collections.abc import Mapping
from typing import Any

import httpx

from simulator.ledger import Ledger
from simulator.people.desk import Desk, Unlisted
from simulator.people.work import Work
from simulator.simulation import Simulation

log = logging.getLogger(__name__)

EASING = 1.5
NEEDED = ("task", "reference", "channel")


class People:
    """All officers and callers of the town. Two keys that list the same task share the work."""

    def __init__(self, sim: Simulation, work: Work, ledger: Ledger, client: httpx.AsyncClient) -> None:
        self._sim, self._work, self._ledger, self._client = sim, work, ledger, client
        self._underway: dict[str, asyncio.Task[None]] = {}

    async def run(self) -> None:
        """Work until cancelled; what was underway then goes on after the next start."""
        keys = (*self._sim.caller_keys, *self._sim.officer_keys)
        if self._sim.worklist is None or not keys:
            return
        try:
            await asyncio.gather(*(self._rounds(Desk(self._client, self._sim.worklist, key)) for key in keys))
        finally:
            left = list(self._underway.values())
            for task in left:
                task.cancel()
            await asyncio.gather(*left, return_exceptions=True)

    async def _rounds(self, desk: Desk) -> None:
        hands = asyncio.Semaphore(self._sim.hands)
        soon_s, seldom_s = self._sim.poll_s
        pause_s, heard = soon_s, True
        while True:
            try:
                begun = sum([self._begin(task, desk, hands) for task in await desk.tasks()])
                heard = True
            except Unlisted as fault:
                # told once: a web that restarts would fill the log
                log.log(logging.WARNING if heard else logging.DEBUG, "worklist not read: %s", fault)
                begun, heard = 0, False
            pause_s = soon_s if begun or self._underway else min(seldom_s, pause_s * EASING)
            await asyncio.sleep(pause_s)

    def _begin(self, task: Mapping[str, Any], desk: Desk, hands: asyncio.Semaphore) -> int:
        if not all(isinstance(task.get(name), str) for name in NEEDED):
            log.warning("a listed task lacks one of %s", ", ".join(NEEDED))
            return 0
        reference = task["reference"]
        if reference in self._underway or reference in self._ledger.memory.ended:
            return 0
        begun = asyncio.ensure_future(self._work.do(task, desk, hands))
        self._underway[reference] = begun
        begun.add_done_callback(lambda done: self._finished(reference, done))
        return 1

    def _finished(self, reference: str, done: "asyncio.Task[None]") -> None:
        self._underway.pop(reference, None)
        if not done.cancelled() and (fault := done.exception()) is not None:
            log.error("a try broke off and will be begun again: %s", type(fault).__name__)
