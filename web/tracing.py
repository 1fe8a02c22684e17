"""What the doors tell of a case's way, if somebody listens; else nothing is done for it."""

from __future__ import annotations

from collections.abc import Sequence
from contextvars import ContextVar
from datetime import datetime

import structlog
from sqlalchemy import select
from sqlalchemy.exc import SQLAlchemyError

from dispatcher import tables
from dispatcher.intake import Result
from dispatcher.news import Told
from dispatcher.store import Store
from dispatcher.traces import Place, Span, Tell, alert_spans, place_of, somewhere

log = structlog.get_logger("traces")

incoming: ContextVar[Place | None] = ContextVar("incoming", default=None)
"""Where the request at hand stands in its sender's trace."""


def accepted(tell: Tell | None, results: Sequence[Result], begun: datetime, ended: datetime) -> None:
    """A push was answered and committed."""
    if tell is not None:
        for span in alert_spans("api", results, [incoming.get()] * len(results), begun, ended):
            tell(span)


def received(tell: Tell | None, store: Store, carrier: str, news: Sequence[Told], now: datetime) -> None:
    """News was kept: one span for each piece whose attempt is known. Asks the database, only if somebody listens."""
    if tell is None:
        return
    attempt, dispatch = tables.attempts, tables.dispatches
    query = (
        select(
            attempt.c.reference, attempt.c.id, attempt.c.number, dispatch.c.id.label("dispatch_id"), dispatch.c.case_id
        )
        .join(dispatch, attempt.c.dispatch_id == dispatch.c.id)
        .where(attempt.c.reference.in_(sorted({told.reference[:64] for told in news})), attempt.c.carrier == carrier)
    )
    try:
        with store.read() as connection:
            known = {row.reference: row for row in connection.execute(query)}
    except SQLAlchemyError as fault:
        log.info("news_untraced", fault=type(fault).__name__)
        return
    for told in news:
        row = known.get(told.reference[:64])
        if row is not None:
            attributes: dict[str, str | int] = {
                "quanzu.carrier": carrier,
                "quanzu.case": str(row.case_id),
                "quanzu.dispatch": str(row.dispatch_id),
                "quanzu.attempt": int(row.number),
                "quanzu.code": told.code[:64],
            }
            at = Place(row.case_id.int, somewhere().span)
            tell(Span("receipt", at, now, now, place_of(row.case_id, row.id).span, attributes))
