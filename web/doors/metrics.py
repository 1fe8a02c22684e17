"""Prometheus' door: how things stand, read from the tables, and what the processes of this host have counted."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterable, Iterator
from datetime import datetime

import structlog
from anyio import CapacityLimiter, to_thread
from fastapi import APIRouter, Request
from fastapi.responses import Response
from prometheus_client import CONTENT_TYPE_PLAIN_0_0_4, CollectorRegistry, Metric, generate_latest
from prometheus_client.core import GaugeMetricFamily
from prometheus_client.registry import Collector

from dispatcher import measures
from dispatcher.standing import Standing, standings
from dispatcher.store import Store
from web.house import House

router = APIRouter(tags=["health"])
log = structlog.get_logger("metrics")

KEPT_S = 5.0
"""However often somebody asks, the database is asked once in this time."""
WITHIN_S = 4.0
"""A database that takes longer is told as down, and what the processes counted is told all the same."""


class Board:
    """How things stood a moment ago; one thread asks the database, and nobody waits for it for long."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._asking = threading.Lock()
        self._told: list[Standing] = []
        self._told_at = 0.0
        self.limiter = CapacityLimiter(2)

    def read(self, now: datetime, within_s: float = WITHIN_S) -> list[Standing]:
        """The standings, at most 5 s old; `database_up` 0 alone when the database does not answer in time."""
        if time.monotonic() - self._told_at < KEPT_S and self._told:
            return self._told
        if self._asking.acquire(blocking=False):
            threading.Thread(target=self._ask, args=(now,), name="standings", daemon=True).start()
        if self._asking.acquire(timeout=within_s):
            self._asking.release()
            if time.monotonic() - self._told_at < KEPT_S:
                return self._told
        return [Standing(measures.UP, (), 0.0)]

    def _ask(self, now: datetime) -> None:
        begun = time.monotonic()
        try:
            with self._store.read() as connection:
                told = list(standings(connection, now=now))
            took_s = time.monotonic() - begun
            self._told = [Standing(measures.UP, (), 1.0), Standing(measures.READ, (), took_s), *told]
        except Exception as fault:  # whatever it is: what was told before is no longer so
            log.warning("database_unavailable", fault=type(fault).__name__, exc_info=fault)
            self._told = [Standing(measures.UP, (), 0.0)]
        finally:
            self._told_at = time.monotonic()
            self._asking.release()


class _Gauges(Collector):
    def __init__(self, told: Iterable[Standing]) -> None:
        self._told = told

    def collect(self) -> Iterator[Metric]:
        """One family a measure."""
        families: dict[str, GaugeMetricFamily] = {}
        for measure, labels, value in self._told:
            if measure.name not in families:
                families[measure.name] = GaugeMetricFamily(measure.name, measure.says, labels=measure.labels)
            families[measure.name].add_metric(labels, value)
        yield from families.values()


@router.get(
    "/metrics",
    response_class=Response,
    responses={200: {"content": {"text/plain": {"schema": {"type": "string"}}}, "description": "Prometheus' text"}},
)
async def metrics(request: Request) -> Response:
    """Counts and standings as Prometheus reads them; of nobody in particular. Answers while the database does not."""
    house: House = request.app.state.house
    board: Board = request.app.state.board
    told = await to_thread.run_sync(_text, house, board, limiter=board.limiter)
    return Response(told, media_type=CONTENT_TYPE_PLAIN_0_0_4)


def _text(house: House, board: Board) -> bytes:
    registry = CollectorRegistry(auto_describe=False)
    registry.register(_Gauges(board.read(house.now())))
    return generate_latest(registry) + house.meters.text()
