"""The carrier's own HTTP doors: what is asked and how it is answered."""

import logging
from typing import Any

import orjson
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response
from starlette.routing import Route

from simulator.carrier import Carrier, Kind
from simulator.counter import Counter, Words
from simulator.hang_up import HungUp
from simulator.ledger import Ledger
from simulator.letters import Unreadable, read_order, read_question
from simulator.simulation import Simulation

log = logging.getLogger(__name__)

MOST_BYTES = 4 * 1024 * 1024


class Doors:
    """The endpoints of one carrier."""

    def __init__(self, sim: Simulation, carrier: Carrier, counter: Counter, ledger: Ledger) -> None:
        self._sim, self._carrier, self._counter, self._ledger = sim, carrier, counter, ledger

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

    async def _sms(self, request: Request) -> Response:
        return await self._take(request, "text")

    async def _calls(self, request: Request) -> Response:
        return await self._take(request, "ring")

    async def _ask(self, request: Request) -> Response:
        try:
            references = read_question(await body_of(request))
        except Unreadable as fault:
            return _unreadable(fault)
        except ClientDisconnect:
            return HungUp()
        await self._counter.accept_overdue()
        return _json({"answers": self._carrier.ask(references)})

    async def _health(self, request: Request) -> Response:
        return _json({"status": "ok"})

    async def _whole_ledger(self, request: Request) -> Response:
        return Response(self._ledger.whole(), media_type="application/json")

    async def _take(self, request: Request, kind: Kind) -> Response:
        try:
            order = read_order(await body_of(request))
        except Unreadable as fault:
            return _unreadable(fault)
        except ClientDisconnect:
            return HungUp()
        return await self._counter.take(request, kind, order, OWN_WORDS)


async def body_of(request: Request) -> bytes:
    """The body, whole. Raises: Unreadable: it is too long. ClientDisconnect: the client is gone."""
    body = bytearray()
    async for piece in request.stream():
        body += piece
        if len(body) > MOST_BYTES:
            raise Unreadable([f"body: more than {MOST_BYTES} bytes"])
    return bytes(body)


def _json(content: Any, status: int = 200, headers: dict[str, str] | None = None) -> Response:
    return Response(orjson.dumps(content), status, headers, media_type="application/json")


OWN_WORDS = Words(
    answered=lambda answers: _json({"answers": answers}),
    unavailable=lambda: _json({"error": "unavailable"}, 503),
    throttled=lambda x: _json({"error": "too many requests"}, 429, {"Retry-After": str(1 + int(x * 2))}),
)


def _unreadable(fault: Unreadable) -> Response:
    log.info("request refused: %s", ", ".join(sorted({one.partition(":")[0] for one in fault.faults})))
    return _json({"error": "unreadable", "errors": fault.faults}, 422)
