"""Supervisors' door to the figures: each number with its numerator, its denominator and the id of its definition."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Depends, Response

from dispatcher.alert import Fault
from dispatcher.alert.faults import safe_name
from dispatcher.figures import DEFINITIONS, answers, behind, count, unit_of
from dispatcher.figures.filters import Asked, FiltersWrong
from dispatcher.figures.meanings import MEANINGS
from dispatcher.figures.table import Behind
from web.figures import bodies
from web.figures.as_csv import Answer, as_csv, text
from web.figures.as_xlsx import MEDIA_TYPE as XLSX
from web.figures.asking import HOW, Question, answered, question, refusing
from web.figures.parameters import parameters, plain
from web.figures.sheet import Cell, Column, Sheet
from web.figures.sheets import definitions, period, sheets
from web.problems import problems

router = APIRouter(prefix="/v1/figures", tags=["figures"])

ERRORS = problems(401, 403, 422, 503)
FORMS: dict[int | str, dict[str, Any]] = {
    200: {
        "content": {
            "text/csv": {"schema": {"type": "string"}},
            XLSX: {"schema": {"type": "string", "contentMediaType": XLSX}},
        }
    },
    304: {"description": "Not Modified: the figures are those that `If-None-Match` names"},
}
MOST, PAGE = 1000, 100


@router.get("/kpis", responses=ERRORS | FORMS, response_model=bodies.DefinitionsBody, openapi_extra=plain())
def list_definitions(asked: Annotated[Question, Depends(question())]) -> Response:
    """Every figure: its names, its meaning in one sentence, of what its parts count, and what is left out."""
    if asked.given:
        refusing(lambda: _unknown(asked.given))
    rows = [
        {
            "definition": name,
            "name_zh": one.zh,
            "name_en": MEANINGS[name][0],
            "meaning_zh": MEANINGS[name][1],
            "meaning_en": one.en,
            "kind": one.kind,
            "numerator_unit": one.numerator.unit,
            "denominator_unit": one.denominator.unit,
            "window": one.window,
            "left_out": one.left_out,
        }
        for name, one in DEFINITIONS.items()
    ]
    return answered(
        asked,
        "definitions",
        {"figures": rows},
        lambda: text(rows, list(rows[0]), bom=asked.bom),
        lambda: [definitions(DEFINITIONS, asked.lang)],
    )


@router.get("/summary", responses=ERRORS | FORMS, response_model=bodies.SummaryBody, openapi_extra=parameters())
def summary(asked: Annotated[Question, Depends(question())]) -> Response:
    """Each figure of the scope."""
    return _told(asked, "summary", lambda connection, wanted, now: answers.summary(connection, wanted, now=now))


@router.get(
    "/by/{dimension}",
    responses=ERRORS | FORMS | problems(404),
    response_model=bodies.ByBody,
    openapi_extra=parameters(),
)
def by_dimension(dimension: str, asked: Annotated[Question, Depends(question())]) -> Response:
    """Each figure for each value of a dimension, and of the whole. 404: there is no such dimension."""
    refusing(lambda: answers.known_dimension("dimension", dimension), 404)
    return _told(
        asked, f"by-{dimension}", lambda connection, wanted, now: answers.by(connection, wanted, dimension, now=now)
    )


@router.get("/latency", responses=ERRORS | FORMS, response_model=bodies.LatencyBody, openapi_extra=parameters("by"))
def latency(asked: Annotated[Question, Depends(question("by"))]) -> Response:
    """How long it took: received to handed over, assigned to signed in, received to reached, and so on."""
    by = asked.own.get("by", "level")
    refusing(lambda: answers.known_dimension("by", by))
    return _told(asked, "latency", lambda connection, wanted, now: answers.latency(connection, wanted, by, now=now))


@router.get("/compare", responses=ERRORS | FORMS, response_model=bodies.CompareBody, openapi_extra=parameters())
def compare(asked: Annotated[Question, Depends(question())]) -> Response:
    """Each figure beside the same window a year earlier 同比 and the window just before 环比."""
    return _told(asked, "compare", lambda connection, wanted, now: answers.compared(connection, wanted, now=now))


@router.get(
    "/cases",
    responses=ERRORS | FORMS,
    response_model=bodies.CasesBody,
    openapi_extra=parameters("part", "after", "limit"),
)
def list_cases(asked: Annotated[Question, Depends(question("part", "after", "limit"))]) -> Response:
    """Whom a figure counted: give one `kpi`, and the `part` that is meant. The list is as long as the figure says."""
    part, after, limit = refusing(lambda: _page(asked))
    with asked.house.store.read() as connection:
        wanted, now = asked.read(connection), asked.house.now()
        name = refusing(lambda: _one_figure(wanted, part))
        kpi = count(connection, wanted.scope, kpis=[name], now=now).whole[name]
        found = behind(connection, wanted.scope, name, part, after=after, limit=limit + 1, now=now)
        head = answers.head(connection, wanted, now)
    is_money = DEFINITIONS[name].kind == "yuan"  # its numerator is a sum; who is behind it, the denominator tells
    body = head.as_json() | {
        "definition": name,
        "part": part,
        "unit": unit_of(name, part),
        "count": kpi.denominator if is_money or part == "denominator" else kpi.numerator,
        "items": [{"item": one.item, "case": one.case_id} for one in found[:limit]],
        "next": found[limit - 1].item if len(found) > limit else None,
    }
    return answered(
        asked,
        "cases",
        body,
        lambda: text(body["items"], ["item", "case"], bom=asked.bom),
        lambda: [_listed(name, found[:limit], period(wanted.window, asked.lang))],
    )


def _told(asked: Question, name: str, counted: Callable[[Any, Asked, Any], Answer]) -> Response:
    with asked.house.store.read() as connection:
        wanted = asked.read(connection)
        answer = refusing(lambda: counted(connection, wanted, asked.house.now()))
    return answered(
        asked,
        name,
        answer.as_json(),
        lambda: as_csv(answer, asked.lang, bom=asked.bom),
        lambda: sheets(answer, asked.lang),
    )


def _listed(name: str, found: Iterable[Behind], told: str) -> Sheet:
    columns = (Column("item", 40), Column("case", 40))
    rows = [[Cell(one.item, "text"), Cell(one.case_id, "text")] for one in found]
    return Sheet(name[:31], f"{DEFINITIONS[name].zh} {name}", told, unit_of(name, "numerator"), columns, rows)


def _page(asked: Question) -> tuple[Any, str | None, int]:
    faults = []
    part, after, limit = (asked.own.get(name) for name in ("part", "after", "limit"))
    if part not in (None, "numerator", "denominator"):
        faults.append(Fault("part", "must be numerator or denominator"))
    if after is not None and not _is_id(after):
        faults.append(Fault("after", "must be the item at which the page before ended"))
    if limit is not None and not (limit.isascii() and limit.isdigit() and 1 <= int(limit[:5]) <= MOST):
        faults.append(Fault("limit", f"must be a number from 1 to {MOST}"))
    if faults:
        raise FiltersWrong(faults)
    return part or "numerator", after, int(limit or PAGE)


def _one_figure(asked: Asked, part: Any) -> str:
    if len(asked.kpis) != 1:
        raise FiltersWrong([Fault("kpi", f"must name one figure, of: {', '.join(DEFINITIONS)}")])
    (name,) = asked.kpis
    unit = unit_of(name, part)
    if unit == "residents":
        raise FiltersWrong([Fault("part", f"counts {unit} here, and nobody is listed behind those")])
    return name


def _is_id(told: str) -> bool:
    try:
        UUID(told)
    except ValueError:
        return False
    return True


def _unknown(given: Iterable[str]) -> None:
    wanted = f"is not known here; there are {', '.join(HOW)}"
    raise FiltersWrong([Fault(safe_name(name), wanted) for name in given])
