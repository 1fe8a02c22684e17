"""A request for figures: who asks, for which, in what form; and the answer in that form, unless it is known already."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Annotated, Any, TypeVar

import orjson
from fastapi import Depends, Request, Response
from sqlalchemy import Connection

from dispatcher.access import Visitor
from dispatcher.alert import Fault
from dispatcher.assign import units_of
from dispatcher.figures.filters import Asked, FiltersWrong, OutOfScope, Reader, read
from dispatcher.figures.wording import Lang
from dispatcher.words import Role
from web.figures import as_xlsx
from web.figures.sheet import Sheet
from web.house import House
from web.problems import Problem
from web.visitors import HouseOf, one_of

Overseer = Annotated[Visitor, Depends(one_of(Role.SUPERVISOR))]
T = TypeVar("T")
NOT_FIT = "these figures cannot be told"


class Form(StrEnum):
    """In what form figures are told."""

    JSON = "json"
    CSV = "csv"
    XLSX = "xlsx"


MEDIA: Mapping[Form, str] = {
    Form.JSON: "application/json",
    Form.CSV: "text/csv; charset=utf-8",
    Form.XLSX: as_xlsx.MEDIA_TYPE,
}
HOW = ("format", "lang", "bom")
"""Parameters of every door of figures, beside the filters and the door's own."""


@dataclass(frozen=True, slots=True)
class Question:
    """Everything a door needs. `own`: the door's own parameters, those that were given."""

    house: House
    visitor: Visitor
    given: Mapping[str, list[str]]
    own: Mapping[str, str]
    form: Form
    lang: Lang
    bom: bool
    seen: str | None

    def read(self, connection: Connection) -> Asked:
        """The filters, within the visitor's region. Raises: Problem 403, 422."""
        return refusing(lambda: read(self.given, _reader(connection, self.house, self.visitor)))


def question(*own: str) -> Callable[..., Question]:
    """Reads a request of a door that has these parameters of its own."""

    def ask(request: Request, visitor: Overseer, house: HouseOf) -> Question:
        given: dict[str, list[str]] = {}
        for name, value in request.query_params.multi_items():
            given.setdefault(name, []).append(value)
        faults: list[Fault] = []
        single = {}
        for name in (*HOW, *own):
            values = given.pop(name, [])
            if len(values) > 1:
                faults.append(Fault(name, "must be given once"))
            elif values:
                single[name] = values[0]
        form = _one("format", single.pop("format", None), Form, _accepted(request), faults)
        lang = _one("lang", single.pop("lang", None), Lang, Lang.ZH, faults)
        bom = single.pop("bom", "false")
        if bom not in ("true", "false"):
            faults.append(Fault("bom", "must be true or false"))
        if faults:
            raise Problem(422, NOT_FIT, faults)
        seen = request.headers.get("If-None-Match")
        return Question(house, visitor, given, single, Form(form), Lang(lang), bom == "true", seen)

    return ask


def refusing(deed: Callable[[], T], status: int = 422) -> T:
    """Do it; what is wrong with the request becomes a problem. Raises: Problem 403, or of this status."""
    try:
        return deed()
    except FiltersWrong as wrong:
        raise Problem(status, NOT_FIT, wrong.faults) from wrong
    except OutOfScope as beyond:
        raise Problem(
            403, "this key sees less", [Fault("region", "must lie in the region of this key, as must unit")]
        ) from beyond


def answered(
    asked: Question, name: str, body: Mapping[str, Any], csv: Callable[[], str], sheets: Callable[[], list[Sheet]]
) -> Response:
    """The answer in the form asked for; 304 where the asker has the same figures already."""
    tag = _tag(asked, body)
    headers = {"ETag": tag, "Cache-Control": "private, no-cache", "Vary": "Accept, Authorization"}
    if asked.seen is not None and tag in (one.strip() for one in asked.seen.split(",")):
        return Response(status_code=304, headers=headers)
    match asked.form:
        case Form.JSON:
            content = orjson.dumps(body)
        case Form.CSV:
            content = csv().encode()
        case Form.XLSX:
            content = as_xlsx.as_xlsx(sheets(), made_at=asked.house.now())
    if asked.form is not Form.JSON:
        headers["Content-Disposition"] = f'attachment; filename="figures-{name}.{asked.form}"'
    return Response(content, media_type=MEDIA[asked.form], headers=headers)


def _tag(asked: Question, body: Mapping[str, Any]) -> str:
    """Weak: the figures decide, and not the instant at which they were counted."""
    told = {name: value for name, value in body.items() if name not in ("at", "lag_s")}
    for name in ("window", "year_before", "just_before"):
        if told.get(name):
            told[name] = told[name]["from"]  # an end that was chosen is in the address
    whole = orjson.dumps([asked.form, asked.lang, asked.bom, told])
    return f'W/"{hashlib.sha256(whole).hexdigest()[:32]}"'


def _reader(connection: Connection, house: House, visitor: Visitor) -> Reader:
    tree = units_of(connection)
    mine = tree.subtree(visitor.unit_id)
    rules = house.intake.rules
    return Reader(
        regions=rules.regions,
        sources=sorted(rules.sources),
        units=frozenset(tree.by_id[one]["code"] for one in mine),
        now=house.now(),
        within=None if visitor.unit_id == tree.root() else visitor.region,
    )


def _accepted(request: Request) -> Form:
    """The first form that the asker accepts; JSON where he says nothing of any."""
    for told in request.headers.get("Accept", "").split(","):
        wanted = told.partition(";")[0].strip().lower()
        for form, media in MEDIA.items():
            if wanted == media.partition(";")[0]:
                return form
    return Form.JSON


def _one(name: str, text: str | None, known: type[StrEnum], otherwise: StrEnum, faults: list[Fault]) -> StrEnum:
    if text is None:
        return otherwise
    if text not in tuple(known):
        faults.append(Fault(name, f"must be one of: {', '.join(known)}"))
        return otherwise
    return known(text)
