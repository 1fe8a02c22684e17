"""Figures as CSV, one number a row, with the id of its definition and what it was made of.

A text that a spreadsheet would take for a formula is told with an apostrophe before it.
Source: OWASP, CSV injection: cells that begin with = + - @, tab or carriage return.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from dispatcher.figures.answers import ByDimension, Compared, Head, Latency, Summary, kpi_json, plain, quantiles_json
from dispatcher.figures.definitions import LATENCIES
from dispatcher.figures.meanings import name_of
from dispatcher.figures.naming import label
from dispatcher.figures.table import Kpi
from dispatcher.figures.wording import Lang

Answer = Summary | ByDimension | Latency | Compared
Row = dict[str, Any]

BOM = "\ufeff"
"""Without it Excel takes UTF-8 for the machine's own encoding, and Chinese is garbled."""

FORMULA = ("=", "+", "-", "@", "\t", "\r")


def as_csv(answer: Answer, lang: Lang = Lang.ZH, *, bom: bool = False) -> str:
    """The whole answer. The total of a dimension is the row whose key is `total`."""
    rows = list(_rows(answer, lang))
    around = _around(answer.head)
    return text([row | around for row in rows], [*_columns(answer), *around], bom=bom)


def text(rows: Iterable[Mapping[str, Any]], columns: Sequence[str], *, bom: bool = False) -> str:
    """Rows under a header, lines ended as RFC 4180 has it."""
    out = io.StringIO(newline="")
    writer = csv.writer(out, lineterminator="\r\n")
    writer.writerow(columns)
    writer.writerows([guarded(row[name]) for name in columns] for row in rows)
    return (BOM if bom else "") + out.getvalue()


def guarded(value: Any) -> Any:
    """No text of anybody's is a formula; numbers stay numbers, what is not known is empty."""
    if isinstance(value, str) and value.startswith(FORMULA):
        return f"'{value}"
    return value


def _around(head: Head) -> Row:
    window = head.window
    return {
        "from": window.since.isoformat() if window else None,
        "to": window.until.isoformat() if window else None,
        "at": head.at.isoformat(),
        "lag_s": head.lag_s,
    }


FIGURE = ("value", "numerator", "denominator")
QUANTILES = ("p50_ms", "p90_ms", "p99_ms", "count")
BESIDE = (*FIGURE, "growth", "points")


def _columns(answer: Answer) -> tuple[str, ...]:
    match answer:
        case Summary():
            return ("definition", "name", *FIGURE)
        case ByDimension():
            return (answer.dimension, "label", "definition", "name", *FIGURE)
        case Latency():
            return (answer.dimension, "label", "definition", "name", *QUANTILES)
        case Compared():
            besides = [f"{which}_{name}" for which in ("year_before", "just_before") for name in BESIDE]
            return ("definition", "name", *FIGURE, *besides)


def _rows(answer: Answer, lang: Lang) -> Iterable[Row]:
    match answer:
        case Summary():
            yield from _figures(answer.figures, lang, {})
        case ByDimension():
            for key, cells in answer.rows.items():
                yield from _figures(cells, lang, _place(answer.dimension, key, lang))
            yield from _figures(answer.total, lang, _whole(answer.dimension))
        case Latency():
            for what, keys in answer.rows.items():
                named = {"definition": what, "name": LATENCIES[what][lang is Lang.EN]}
                for key, found in keys.items():
                    yield _place(answer.dimension, key, lang) | named | quantiles_json(found)
                if what in answer.total:
                    yield _whole(answer.dimension) | named | quantiles_json(answer.total[what])
        case Compared():
            for name, one in answer.comparison.rows.items():
                row = {"definition": name, "name": name_of(name, lang)} | kpi_json(one.now)
                for which, beside in (("year_before", one.year), ("just_before", one.before)):
                    told = kpi_json(beside.kpi) | {"growth": beside.change.growth, "points": beside.change.points}
                    row |= {f"{which}_{column}": value for column, value in told.items()}
                yield row


def _figures(cells: Mapping[str, Kpi], lang: Lang, place: Row) -> Iterable[Row]:
    for name, kpi in cells.items():
        yield place | {"definition": name, "name": name_of(name, lang)} | kpi_json(kpi)


def _place(dimension: str, key: Any, lang: Lang) -> Row:
    return {dimension: plain(key), "label": label(dimension, key, lang)}


def _whole(dimension: str) -> Row:
    return {dimension: "total", "label": "合计 total"}
