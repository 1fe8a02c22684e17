"""The parameters of the doors of figures, as OpenAPI tells them. They are read in one place: filters.py."""

from __future__ import annotations

from typing import Any

from dispatcher.figures import windows
from dispatcher.figures.dimensions import DIMENSIONS
from dispatcher.figures.filters import CLOSED
from dispatcher.figures.wording import Lang
from web.figures.asking import MEDIA, Form

Told = dict[str, Any]


def parameters(*own: str) -> Told:
    """For `openapi_extra`: the filters, the form of the answer, and these of the door's own."""
    return {"parameters": [*FILTERS, *FORM, *(OWN[name] for name in own)]}


def plain() -> Told:
    """The same of a door without filters."""
    return {"parameters": FORM}


def _parameter(name: str, description: str, schema: Told, *, required: bool = False) -> Told:
    return {"name": name, "in": "query", "required": required, "description": description, "schema": schema}


def _one_of(*values: str) -> Told:
    return {"type": "string", "enum": list(values)}


DAY_OR_INSTANT: Told = {"anyOf": [{"type": "string", "format": "date"}, {"type": "string", "format": "date-time"}]}
YES_OR_NO = _one_of("true", "false")

FILTERS = [
    _parameter("from", "Received from this day (Shanghai) or instant on; an instant tells its offset.", DAY_OR_INSTANT),
    _parameter("to", "Received before this day or instant; now, if it is not given.", DAY_OR_INSTANT),
    _parameter("window", "Instead of from and to: 今日, 本月, 今年以来, 去年至今.", _one_of(*windows.Name)),
    _parameter(
        "region",
        "The first 2, 4 or all 6 digits of a GB/T 2260 code; all below it counts.",
        {"type": "string", "pattern": r"^(\d{2}|\d{4}|\d{6})$"},
    ),
    _parameter("unit", "A unit's code; all units below it count.", {"type": "string", "maxLength": 16}),
    _parameter("source", "Only these upstreams.", {"type": "array", "items": {"type": "string"}}),
    *(
        _parameter(name, said, {"type": "array", "items": _one_of(*CLOSED[name])})
        for name, said in (
            ("type", "Only these types of fraud, as reported."),
            ("actual_type", "Only these types, as an officer found."),
            ("level", "Only these levels, as reported."),
            ("final_level", "Only these levels, as they stand."),
            ("channel", "Only cases warned by one of these."),
            ("kpi", "Only these figures."),
        )
    ),
    _parameter("test", "Test alerts alone; they never count beside others.", YES_OR_NO),
    _parameter("history", "Imported alerts alone, or none of them; both, if it is not given.", YES_OR_NO),
]

FORM = [
    _parameter("format", f"{', '.join(Form)}; else as `Accept` says: {', '.join(MEDIA.values())}.", _one_of(*Form)),
    _parameter("lang", "The language of names in CSV and XLSX.", _one_of(*Lang)),
    _parameter("bom", "Begin CSV with a byte order mark, so that Excel reads Chinese.", YES_OR_NO),
]

OWN = {
    "by": _parameter("by", "The dimension; `level`, if it is not given.", _one_of(*DIMENSIONS)),
    "part": _parameter(
        "part",
        "Which part of the figure; `numerator`, if it is not given.",
        _one_of("numerator", "denominator"),
    ),
    "after": _parameter("after", "The last item of the page before.", {"type": "string", "format": "uuid"}),
    "limit": _parameter(
        "limit", "How many on a page.", {"type": "integer", "minimum": 1, "maximum": 1000, "default": 100}
    ),
}
