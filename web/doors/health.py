"""Is it alive, is it ready: answered by threads of their own, so that neither waits behind requests that hang."""

from __future__ import annotations

from typing import Any

from anyio import move_on_after, to_thread
from fastapi import APIRouter, Request
from fastapi.responses import JSONResponse
from pydantic import BaseModel

from web.house import House
from web.problems import problems, response

router = APIRouter(tags=["health"])

WITHIN_S = 1.9


class Ready(BaseModel):
    """Alerts can be kept; `warnings` names what is amiss all the same, such as a broker that is away."""

    status: str = "ready"
    warnings: list[str] = []


@router.get("/healthz")
async def healthz() -> dict[str, str]:
    """This process answers."""
    return {"status": "alive"}


@router.get("/readyz", response_model=Ready, responses=problems(503))
async def readyz(request: Request) -> Any:
    """Alerts can be kept now: the database takes a write, and its tables are ours. Otherwise 503 and what is missing.

    The broker is not needed for that: without it alerts are kept and planned, and the clock finds them later. It is
    told among the warnings. Answered within 2 s, whatever the database does.
    """
    house: House = request.app.state.house
    missing, warnings = [f"database: did not answer within {WITHIN_S} s"], list[str]()
    with move_on_after(WITHIN_S):
        missing, warnings = await to_thread.run_sync(
            lambda: (house.ready(), house.warnings()), limiter=request.app.state.health, abandon_on_cancel=True
        )
    if missing:
        return response(503, "alerts cannot be kept now", (), missing=missing, warnings=warnings)
    return JSONResponse(Ready(warnings=warnings).model_dump())
