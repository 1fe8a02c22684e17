"""Is it alive, is it ready."""

from __future__ import annotations

from fastapi import APIRouter
from fastapi.responses import JSONResponse

from web.problems import problems
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
    return JSONResponse({"status": "not ready" if missing else "ready", "missing": missing}, 503 if missing else 200)
