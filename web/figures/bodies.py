"""What the doors of figures answer, for the OpenAPI page."""

from __future__ import annotations

from datetime import datetime
from typing import Literal
from uuid import UUID

from pydantic import BaseModel, Field


class DefinitionBody(BaseModel):
    """What a figure means. `kind`: a share of one, a count, yuan, or a rate per 100,000 residents."""

    definition: str
    name_zh: str
    name_en: str
    meaning_zh: str
    meaning_en: str
    kind: Literal["share", "count", "yuan", "per_100k"]
    numerator_unit: str
    denominator_unit: str
    window: str
    left_out: str


class DefinitionsBody(BaseModel):
    """Every figure, in the order of the tables."""

    figures: list[DefinitionBody]


class PartsBody(BaseModel):
    """A figure's value and what it was made of; null where the denominator is 0."""

    value: float | None
    numerator: int
    denominator: int


class FigureBody(PartsBody):
    """A figure under the id of its definition."""

    definition: str


class WindowBody(BaseModel):
    """[from, to)."""

    from_: datetime = Field(alias="from")
    to: datetime


class ScopeBody(BaseModel):
    """Which alerts are meant; the region is the key's own where none was asked for."""

    region: str | None
    unit: str | None
    source: list[str]
    type: list[str]
    actual_type: list[str]
    level: list[str]
    final_level: list[str]
    channel: list[str]
    test: bool
    history: bool | None


class HeadBody(BaseModel):
    """Counted in one steady view at `at`; at most `lag_s` seconds behind the rows."""

    at: datetime
    lag_s: float
    window: WindowBody | None
    scope: ScopeBody


class SummaryBody(HeadBody):
    """Each figure of the scope."""

    figures: list[FigureBody]


class RowBody(BaseModel):
    """One value of the dimension; null where an alert does not tell it."""

    key: str | int | None
    label: str
    figures: list[FigureBody]


class ByBody(HeadBody):
    """Rows ascending by key. Persons are distinct: the rows do not add up to the total."""

    dimension: str
    rows: list[RowBody]
    total: list[FigureBody]


class QuantilesBody(BaseModel):
    """Within how many milliseconds half, nine in ten and 99 in 100 of `count` were answered."""

    definition: str
    p50_ms: int | None
    p90_ms: int | None
    p99_ms: int | None
    count: int


class LatencyRowBody(QuantilesBody):
    """The response time of one value of the dimension."""

    key: str | int | None
    label: str


class LatencyBody(HeadBody):
    """Response times by value of the dimension, and of the whole scope."""

    dimension: str
    rows: list[LatencyRowBody]
    total: list[QuantilesBody]


class BesideBody(PartsBody):
    """The same figure in an earlier window; how it grew since, and by how many percentage points a share moved."""

    growth: float | None
    points: float | None


class ComparedBody(FigureBody):
    """A figure beside two earlier windows."""

    year_before: BesideBody
    just_before: BesideBody


class CompareBody(HeadBody):
    """同比 and 环比; both earlier windows are told."""

    year_before: WindowBody
    just_before: WindowBody
    figures: list[ComparedBody]


class BehindBody(BaseModel):
    """One that the figure counted, and the case to look at."""

    item: UUID
    case: UUID


class CasesBody(HeadBody):
    """Whom a part of a figure counted: `count` equals the part; a page of the list, and where the next one begins."""

    definition: str
    part: Literal["numerator", "denominator"]
    unit: str
    count: int
    items: list[BehindBody]
    next: UUID | None
