"""The counter where orders are taken, whatever language they came in: what befalls the request, when it is answered."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from starlette.requests import Request
from starlette.responses import Response

from simulator.carrier import Carrier, Ending, Kind
from simulator.chance import between
from simulator.hang_up import HungUp
from simulator.letters import Order
from simulator.news import NewsRoom
from simulator.simulation import Simulation
from simulator.telling import Ear, Item

Answers = list[dict[str, Any]]


@dataclass(frozen=True, slots=True)
class Words:
    """How one language says it: the answers to each letter, that it is down, that it is asked too often.

    `throttled` takes a draw, 0 <= x < 1.
    """

    answered: Callable[[Answers], Response]
    unavailable: Callable[[], Response]
    throttled: Callable[[float], Response]


class Counter:
    """One carrier's counter."""

    def __init__(self, sim: Simulation, carrier: Carrier, news: NewsRoom) -> None:
        self._sim, self._carrier, self._news = sim, carrier, news
        self._later: set[asyncio.Task[None]] = set()
        self._late: list[tuple[float, Kind, Order]] = []

    def close(self) -> None:
        """Forget what was to be accepted later: it never happened."""
        for later in self._later:
            later.cancel()

    async def take(self, request: Request, kind: Kind, order: Order, words: Words) -> Response:
        """Take an order, or let its fault befall it."""
        fault_name, x = self._carrier.befalls_request(kind, order)
        if fault_name == "unavailable":
            return words.unavailable()
        if fault_name == "throttle":
            return words.throttled(x)
        if fault_name == "late_accept":
            self._accept_later(kind, order)
            return HungUp()
        if fault_name == "drop":
            await self._accept(kind, order, "dropped")
            return HungUp()
        if fault_name == "hang":
            answers = await self._accept(kind, order, "hung")
            return await _after(self._sim.hang_s, request, words, answers)
        answers = await self._accept(kind, order, "answered")
        pace = self._sim.slow_ms if fault_name == "slow" else self._sim.answer_ms
        if not self._sim.at_once:
            await asyncio.sleep(between(x, *pace) / 1000)
        return words.answered(answers)

    def tell(self, order: Order, item: Item) -> None:
        """Tell what is no effect's news, such as that a letter was refused."""
        self._news.tell(Ear(order.telling or self._news.own, order.callback), item, 0.0)

    async def accept_overdue(self) -> None:
        """What should be accepted by now, is: so that this carrier's settling time holds, however busy it is."""
        while self._late and self._late[0][0] <= time.monotonic():
            _, kind, order = self._late.pop(0)
            await self._accept(kind, order, "late")

    async def _accept(self, kind: Kind, order: Order, ending: Ending) -> Answers:
        answers, early = self._carrier.take(kind, order, ending)
        if early:
            await self._news.tell_now(Ear(order.telling or self._news.own, order.callback), early)
        return answers

    def _accept_later(self, kind: Kind, order: Order) -> None:
        self._late.append((time.monotonic() + self._sim.late_accept_s, kind, order))

        async def later() -> None:
            await asyncio.sleep(self._sim.late_accept_s)
            await self.accept_overdue()

        task = asyncio.ensure_future(later())
        self._later.add(task)
        task.add_done_callback(self._later.discard)


async def _after(pause_s: float, request: Request, words: Words, answers: Answers) -> Response:
    gone = asyncio.ensure_future(request.receive())
    done, _ = await asyncio.wait({gone}, timeout=pause_s)
    gone.cancel()
    return HungUp() if done else words.answered(answers)
