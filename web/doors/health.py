"""Is it alive, is it ready."""

from __future__ import annotations

from fastapi import APIRouter
from fastapi.responses import JSONResponse

from web.problems import problems, response
from web.visitors import HouseOf

router = APIRouter(tags=["health"])


@router.get("/healthz")
def healthz() -> dict[str, str]:
    """This process answers."""
    return {"status": "alive"}


@router.get("/readyz", responses=problems(503))
def readyz(house: HouseOf) -> JSONResponse:
    """Alerts can be kept now; otherwise 503 and what is missing."""
    missing = house.ready()
    if missing:
        return response(503, "alerts cannot be kept now", (), missing=missing)
    return JSONResponse({"status": "ready"})
