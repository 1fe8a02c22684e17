"""The carrier's callbacks of the plain design: each piece of news is one transaction; 200 once all are kept.

The handler is sync code in the app's thread pool, as with any FastAPI `def` handler; Starlette alone, since it is
faster. Started as `uvicorn bench.plain.web:app --workers 2`.
"""

from __future__ import annotations

from datetime import UTC, datetime

from sqlalchemy import Connection, insert, select, update
from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.routing import Route

from bench.plain import rows
from bench.plain.state import state
from dispatcher import tables
from dispatcher.carriers import outcome_of, simulator
from dispatcher.ids import new_id
from dispatcher.news import Told
from dispatcher.outcomes import GOOD
from dispatcher.words import Outcome


async def take_news(request: Request) -> JSONResponse:
    """Verify, then keep and apply each piece."""
    body = await request.body()
    if not simulator.is_signed(state().secret, body, request.headers.get(simulator.SIGNATURE_HEADER)):
        return JSONResponse({"error": "the signature does not fit the body"}, 401)
    told, faults = simulator.read_news(body)
    await run_in_threadpool(_take_all, told)
    return JSONResponse({"stored": len(told), "faults": faults})


async def health(_request: Request) -> JSONResponse:
    """It listens."""
    return JSONResponse({"status": "ok"})


def _take_all(told: list[Told]) -> None:
    for piece in told:
        with state().engine.begin() as connection:
            _take(connection, piece, datetime.now(UTC))


def _take(connection: Connection, told: Told, now: datetime) -> None:
    """The receipt as it came, what it means for its try and its dispatch, and for the case."""
    here, attempt, dispatch = state(), tables.attempts, tables.dispatches
    outcome = outcome_of("simulator_sms", told.code)
    known = connection.execute(
        select(attempt.c.id, attempt.c.dispatch_id, attempt.c.begun_at, dispatch.c.case_id, dispatch.c.state)
        .join(dispatch, dispatch.c.id == attempt.c.dispatch_id)
        .where(attempt.c.reference == told.reference)
        .with_for_update(of=dispatch)
    ).one_or_none()
    counts = known is not None and outcome is not None and known.state in ("underway", "handed_over")
    receipt_id = new_id()
    connection.execute(
        insert(tables.receipts),
        {
            "id": receipt_id,
            "carrier": rows.CARRIER,
            "reference": told.reference,
            "code": told.code,
            "happened_at": told.at,
            "received_at": now,
            "state": "applied" if counts else "noted",
            "tries": 1,
            "again_at": now,
            "applied_at": now,
            "sealed": here.keys.seal(told.raw, "receipts", receipt_id),
            "key_id": here.keys.current,
        },
    )
    if known is None or outcome is None or not counts:
        return
    at = min(max(told.at, known.begun_at), now)
    connection.execute(
        update(attempt)
        .where(attempt.c.id == known.id)
        .values(answer="accepted", answered_at=at, outcome=outcome.value, outcome_code=told.code, outcome_at=at)
    )
    good = outcome in GOOD
    ended = "fulfilled" if good else "missed"
    connection.execute(
        update(dispatch)
        .where(dispatch.c.id == known.dispatch_id)
        .values(state=ended, outcome=outcome.value, ended_at=now, lease_until=None, news_due_at=None)
    )
    rows.tell(
        connection,
        known.case_id,
        known.dispatch_id,
        "fulfil" if good else "spend",
        now,
        "news",
        from_state=known.state,
        to_state=ended,
    )
    if good and outcome is not Outcome.DELIVERED:
        rows.contact(connection, known.case_id, known.dispatch_id, at)
    rows.close_if_dissuaded(connection, known.case_id, now)


app = Starlette(
    routes=[Route("/receipts", take_news, methods=["POST"]), Route("/healthz", health)],
)
