"""The carrier's HTTP doors: what is asked, what fault befalls the request, what is answered."""

import asyncio
import logging
import time
from typing import Any

import orjson
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response
from starlette.routing import Route

from simulator.carrier import Carrier, Kind
from simulator.chance import between
from simulator.hang_up import HungUp
from simulator.ledger import Ledger
from simulator.letters import Order, Unreadable, read_order, read_question
from simulator.news import NewsRoom
from simulator.simulation import Simulation

log = logging.getLogger(__name__)

MOST_BYTES = 4 * 1024 * 1024


class Doors:
    """The endpoints of one carrier."""

    def __init__(self, sim: Simulation, carrier: Carrier, ledger: Ledger, news: NewsRoom) -> None:
        self._sim, self._carrier, self._ledger, self._news = sim, carrier, ledger, news
        self._later: set[asyncio.Task[None]] = set()
        self._late: list[tuple[float, Kind, Order]] = []

    def routes(self) -> list[Route]:
        """Every door; `/ask` is missing (404) where the carrier cannot be asked."""
        doors = [
            Route("/sms", self._sms, methods=["POST"]),
            Route("/calls", self._calls, methods=["POST"]),
            Route("/ledger", self._whole_ledger, methods=["GET"]),
            Route("/healthz", self._health, methods=["GET"]),
        ]
        if self._sim.askable:
            doors.append(Route("/ask", self._ask, methods=["POST"]))
        return doors

    def close(self) -> None:
        """Forget what was to be accepted later: it never happened."""
        for later in self._later:
            later.cancel()

    async def _sms(self, request: Request) -> Response:
        return await self._take(request, "text")

    async def _calls(self, request: Request) -> Response:
        return await self._take(request, "ring")

    async def _ask(self, request: Request) -> Response:
        try:
            references = read_question(await _body(request))
        except Unreadable as fault:
            return _unreadable(fault)
        except ClientDisconnect:
            return HungUp()
        await self._accept_overdue()
        return _json({"answers": self._carrier.ask(references)})

    async def _health(self, request: Request) -> Response:
        return _json({"status": "ok"})

    async def _whole_ledger(self, request: Request) -> Response:
        return Response(self._ledger.whole(), media_type="application/json")

    async def _take(self, request: Request, kind: Kind) -> Response:
        try:
            order = read_order(await _body(request))
        except Unreadable as fault:
            return _unreadable(fault)
        except ClientDisconnect:
            return HungUp()
        fault_name, x = self._carrier.befalls_request(kind, order)
        if fault_name == "unavailable":
            return _json({"error": "unavailable"}, 503)
        if fault_name == "throttle":
            return _json({"error": "too many requests"}, 429, {"Retry-After": str(1 + int(x * 2))})
        if fault_name == "late_accept":
            self._accept_later(kind, order)
            return HungUp()
        if fault_name == "drop":
            await self._accept(kind, order, "dropped")
            return HungUp()
        if fault_name == "hang":
            answers = await self._accept(kind, order, "hung")
            return await _after(self._sim.hang_s, request, answers)
        answers = await self._accept(kind, order, "answered")
        pace = self._sim.slow_ms if fault_name == "slow" else self._sim.answer_ms
        if not self._sim.at_once:
            await asyncio.sleep(between(x, *pace) / 1000)
        return _json({"answers": answers})

    async def _accept(self, kind: Kind, order: Order, ending: Any) -> list[dict[str, Any]]:
        answers, early = self._carrier.take(kind, order, ending)
        if early:
            await self._news.tell_now(order.callback, early)
        return answers

    def _accept_later(self, kind: Kind, order: Order) -> None:
        self._late.append((time.monotonic() + self._sim.late_accept_s, kind, order))

        async def later() -> None:
            await asyncio.sleep(self._sim.late_accept_s)
            await self._accept_overdue()

        task = asyncio.ensure_future(later())
        self._later.add(task)
        task.add_done_callback(self._later.discard)

    async def _accept_overdue(self) -> None:
        """What should be accepted by now, is: so that this carrier's settling time holds, however busy it is."""
        while self._late and self._late[0][0] <= time.monotonic():
            _, kind, order = self._late.pop(0)
            await self._accept(kind, order, "late")


async def _after(pause_s: float, request: Request, answers: list[dict[str, Any]]) -> Response:
    gone = asyncio.ensure_future(request.receive())
    done, _ = await asyncio.wait({gone}, timeout=pause_s)
    gone.cancel()
    return HungUp() if done else _json({"answers": answers})


async def _body(request: Request) -> bytes:
    body = bytearray()
    async for piece in request.stream():
        body += piece
        if len(body) > MOST_BYTES:
            raise Unreadable([f"body: more than {MOST_BYTES} bytes"])
    return bytes(body)


def _json(content: Any, status: int = 200, headers: dict[str, str] | None = None) -> Response:
    return Response(orjson.dumps(content), status, headers, media_type="application/json")


def _unreadable(fault: Unreadable) -> Response:
    log.info("request refused: %s", ", ".join(sorted({one.partition(":")[0] for one in fault.faults})))
    return _json({"error": "unreadable", "errors": fault.faults}, 422)
