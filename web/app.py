"""The HTTP API: all doors on one app, made with the house it belongs to."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import anyio
import anyio.to_thread
from fastapi import FastAPI
from fastapi.telemetry import TelemetryConfig
from starlette.types import ASGIApp

from web import pages, problems
from web.bodies import Bounded
from web.doors import (
    alerts,
    cases,
    dispatches,
    figures,
    health,
    metrics,
    operating,
    receipts,
    stop_payments,
    worklist,
)
from web.house import House
from web.mailroom import Mailroom
from web.pages.guard import Guard
from web.requests import Requests
from web.straight import Straight

THREADS = 4
"""Requests that may be at the database at once; more wait their turn."""

UNTOLD = TelemetryConfig(tracing=False, metrics=False, logs=False)
"""FastAPI's own telling, which knows addresses: a carrier's holds its secret. Traces are ours (web/tracing.py)."""


@asynccontextmanager
async def _lifespan(app: FastAPI) -> AsyncIterator[None]:
    anyio.to_thread.current_default_thread_limiter().total_tokens = THREADS
    mailroom = app.state.mailroom = Mailroom(app.state.house)
    mailroom.start()
    yield
    await anyio.to_thread.run_sync(mailroom.stop)
    await anyio.to_thread.run_sync(app.state.house.closing)


class Doors(FastAPI):
    """FastAPI whose description tells errors as what they are."""

    def build_middleware_stack(self) -> ASGIApp:
        """All of it under the request's id; what browsers are told goes with faults of ours too."""
        rest = Guard(super().build_middleware_stack())
        straight = Straight(rest, prefix=receipts.router.prefix, routes=receipts.routes())
        return Requests(straight, meters=self.state.house.meters)

    def openapi(self) -> dict[str, Any]:
        """OpenAPI 3.1 of all doors."""
        return problems.told_apart(super().openapi())


def make_app(house: House) -> FastAPI:
    """The app; OpenAPI at /openapi.json, without any page that would load something from elsewhere."""
    app = Doors(
        title="Quanzu 劝阻",
        version="1",
        summary="Warning dispatch for anti-fraud centres",
        docs_url=None,
        redoc_url=None,
        lifespan=_lifespan,
        telemetry=UNTOLD,
    )
    app.state.house = house
    app.state.board = metrics.Board(house.store)
    app.state.health = anyio.CapacityLimiter(8)
    problems.install(app)
    app.add_middleware(Bounded)
    for door in (
        alerts,
        receipts,
        operating,
        cases,
        dispatches,
        figures,
        worklist,
        stop_payments,
        health,
        metrics,
    ):
        app.include_router(door.router)
    pages.install(app)
    return app
