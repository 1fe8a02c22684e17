"""The supervisors' pages: made on the server, renewed by htmx, nothing loaded from elsewhere.

install(app)    put them under /pages, and at / the way to them
"""

from __future__ import annotations

import anyio
from fastapi import APIRouter, FastAPI
from fastapi.responses import RedirectResponse

from web.pages import breakdown, case, cases, faults, latency, league, now, outcomes, report, sign_in, years
from web.pages.asking import EVERYBODY, ROOT, Endpoint, open_page, page
from web.pages.rendering import STATIC
from web.pages.statics import Statics

AT_ONCE = 2
"""Pages that may be at the database at once; more wait their turn, and upstreams never wait for them."""

GET: tuple[tuple[str, Endpoint], ...] = (
    ("", open_page(sign_in.first)),
    ("/sign-in", open_page(sign_in.show)),
    ("/language", open_page(sign_in.language)),
    ("/welcome", page(sign_in.welcome, open_to=EVERYBODY)),
    ("/now", page(now.show)),
    ("/outcomes", page(outcomes.show)),
    *((f"/{one.PART.address}", page(one.show, later=True)) for one in (years, breakdown, latency)),
    ("/league", page(league.show)),
    ("/report", page(report.show)),
    ("/cases", page(cases.show)),
    ("/cases/{case_id}", page(case.show)),
)
POST: tuple[tuple[str, Endpoint], ...] = (
    ("/sign-in", open_page(sign_in.enter)),
    ("/sign-out", page(sign_in.leave, open_to=EVERYBODY)),
    ("/cases/{case_id}", page(case.show_in_full)),
)


def install(app: FastAPI) -> None:
    """Put the pages on an app whose faults are told as problems already."""
    app.state.pages = anyio.CapacityLimiter(AT_ONCE)
    app.state.parts = anyio.CapacityLimiter(1)
    app.state.lookout = now.Lookout()
    router = APIRouter(prefix=ROOT, include_in_schema=False)
    for method, listed in (("GET", GET), ("POST", POST)):
        for path, endpoint in listed:
            router.add_api_route(path, endpoint, methods=[method], response_model=None)
    app.include_router(router)
    app.add_api_route("/", _front, include_in_schema=False, response_model=None)
    app.mount(f"{ROOT}/static", Statics(directory=STATIC), name="static")
    faults.install(app)


async def _front() -> RedirectResponse:
    """A bare address leads people to the pages."""
    return RedirectResponse(ROOT, 303)
