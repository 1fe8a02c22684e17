"""Which dispatches somebody means who names one by its id, by its case's, or by the reference of a try."""

from __future__ import annotations

from uuid import UUID

from sqlalchemy import Connection, or_, select

from dispatcher import tables
from dispatcher.subtree import region_bounds


def meant_by(connection: Connection, name: str, *, region: str | None = None) -> list[UUID]:
    """The dispatches that `name` means, oldest first: one, all of a case, the one of a try, or none.

    `region`: only those of cases in it or below.
    """
    dispatch, case, attempt = tables.dispatches, tables.cases, tables.attempts
    query = select(dispatch.c.id).order_by(dispatch.c.id)
    if region is not None:
        low, high = region_bounds(region)
        query = query.join(case, dispatch.c.case_id == case.c.id).where(case.c.region >= low, case.c.region < high)
    try:
        known = UUID(name)
    except ValueError:
        of_try = select(attempt.c.dispatch_id).where(attempt.c.reference == name[:64])
        return list(connection.execute(query.where(dispatch.c.id.in_(of_try))).scalars())
    return list(connection.execute(query.where(or_(dispatch.c.id == known, dispatch.c.case_id == known))).scalars())
