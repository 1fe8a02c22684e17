"""The list of cases behind a figure: as long as the figure says."""

from __future__ import annotations

from typing import Any, get_args
from uuid import UUID

from fastapi.responses import Response
from sqlalchemy import Connection, select

from dispatcher import tables
from dispatcher.figures import DEFINITIONS, behind, count, lag, unit_of
from dispatcher.figures.behind import Which
from dispatcher.figures.meanings import meaning_of, name_of
from web.pages.asking import Asking
from web.pages.filters import chosen
from web.pages.rendering import html
from web.problems import Problem

PAGE = 50
COLUMNS = ("id", "risk", "fraud_type", "region", "state", "close_code", "opened_at", "contacted_at", "contacted_by")


def show(asking: Asking) -> Response:
    """One page of the list. Without a figure: all cases of the window."""
    kpi, part = asking.query.get("kpi", "alerts"), _part(asking)
    after = _item(asking.query.get("after"))
    if kpi not in DEFINITIONS:
        raise Problem(404, "no such figure")
    with asking.house.store.read() as connection:
        wanted = chosen(asking, connection)
        scope, now = wanted.asked.scope, asking.now
        cell = count(connection, scope, kpis=[kpi], now=now).whole[kpi]
        try:
            found = behind(connection, scope, kpi, part, after=after, limit=PAGE + 1, now=now)
        except ValueError:  # nobody is listed behind residents and the like
            raise Problem(404, "no such list") from None
        rows = _cases(connection, [one.case_id for one in found[:PAGE]])
        behind_by = lag(connection, now).behind.total_seconds()
    is_money = DEFINITIONS[kpi].kind == "yuan"
    return html(
        asking,
        "cases.html",
        chosen=wanted,
        window=wanted.asked.window,
        name=name_of(kpi, asking.lang),
        meaning=meaning_of(kpi, asking.lang),
        part=part,
        unit=unit_of(kpi, part),
        number=cell.denominator if is_money or part == "denominator" else cell.numerator,
        rows=rows,
        lag=behind_by,
        next=wanted.link("cases", kpi=kpi, part=part, after=found[PAGE - 1].item) if len(found) > PAGE else None,
        first=wanted.link("cases", kpi=kpi, part=part) if after else None,
        back=wanted.link("outcomes"),
    )


def _part(asking: Asking) -> Which:
    told = asking.query.get("part", "numerator")
    for part in get_args(Which):
        if told == part:
            found: Which = part
            return found
    raise Problem(404, "no such list")


def _item(text: str | None) -> str | None:
    if not text:
        return None
    try:
        return str(UUID(text))
    except ValueError:
        raise Problem(404, "no such list") from None


def _cases(connection: Connection, ids: list[str]) -> list[dict[str, Any]]:
    """One row for each item, in its order: a case may be there more than once, as with promises."""
    case = tables.cases
    query = select(*(case.c[name] for name in COLUMNS)).where(case.c.id.in_({UUID(one) for one in ids}))
    known = {str(row["id"]): dict(row) for row in connection.execute(query).mappings()}
    return [known[one] for one in ids]
