"""Instants as whole numbers, so that both databases reckon alike: milliseconds, and days and hours in Shanghai."""

from __future__ import annotations

from datetime import UTC, date, datetime
from typing import Any

from sqlalchemy import BigInteger, ColumnElement, Integer, cast, literal
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.functions import FunctionElement

HOUR_MS = 3_600_000
DAY_MS = 24 * HOUR_MS
SHANGHAI_MS = 8 * HOUR_MS
"""China has kept one time without summer time since 1992."""

EPOCH = date(1970, 1, 1).toordinal()


class epoch_ms(FunctionElement[int]):  # noqa: N801  # it is called like a function of SQL
    """An instant in milliseconds since 1970, UTC; NULL for NULL."""

    type = BigInteger()
    inherit_cache = True
    name = "epoch_ms"


@compiles(epoch_ms, "postgresql")
def _on_postgres(element: Any, compiler: Any, **how: Any) -> str:
    inner = compiler.process(element.clauses, **how)
    return f"CAST(floor(EXTRACT(EPOCH FROM {inner}) * 1000) AS BIGINT)"


@compiles(epoch_ms, "sqlite")
def _on_sqlite(element: Any, compiler: Any, **how: Any) -> str:
    inner = compiler.process(element.clauses, **how)  # kept as '2026-01-31 08:00:00.123456'
    return f"(CAST(strftime('%s', {inner}) AS INTEGER) * 1000 + CAST(substr({inner}, 21, 3) AS INTEGER))"


def shanghai_day(ms: ColumnElement[Any]) -> ColumnElement[Any]:
    """The day's number since 1970, as a calendar in Shanghai has it."""
    return cast((ms + literal(SHANGHAI_MS, BigInteger)) // literal(DAY_MS, BigInteger), Integer)


def shanghai_hour(ms: ColumnElement[Any]) -> ColumnElement[Any]:
    """The hour of the day in Shanghai, 0 .. 23."""
    since_midnight = (ms + literal(SHANGHAI_MS, BigInteger)) % literal(DAY_MS, BigInteger)
    return cast(since_midnight // literal(HOUR_MS, BigInteger), Integer)


def to_ms(at: datetime) -> int:
    """An instant as `epoch_ms` tells it."""
    return int((at - datetime(1970, 1, 1, tzinfo=UTC)).total_seconds() * 1000 // 1)


def day_of(number: int) -> date:
    """The day of a day's number."""
    return date.fromordinal(EPOCH + number)
