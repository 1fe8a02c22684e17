"""Column types and constraints that every table shares: instants in UTC, closed lists, sealed bytes."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import CheckConstraint, Column, DateTime, Dialect, ForeignKey, LargeBinary, String, Uuid
from sqlalchemy.types import TypeDecorator
from sqlmodel import SQLModel

SQLModel.metadata.naming_convention = {
    "ix": "ix_%(table_name)s_%(column_0_N_name)s",
    "uq": "uq_%(table_name)s_%(column_0_N_name)s",
    "ck": "ck_%(table_name)s_%(constraint_name)s",
    "fk": "fk_%(table_name)s_%(column_0_name)s_%(referred_table_name)s",
    "pk": "pk_%(table_name)s",
}


class Instant(TypeDecorator[datetime]):
    """A UTC instant. Naive values are refused; UTC is restored on databases that forget it (SQLite)."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        if value is None:
            return None
        if value.tzinfo is None:
            raise ValueError("an instant needs a time zone")
        value = value.astimezone(UTC)
        return value.replace(tzinfo=None) if dialect.name == "sqlite" else value

    def result_processor(self, dialect: Dialect, coltype: object) -> Any:
        """Nothing to restore on PostgreSQL: our sessions there are told UTC (dispatcher/store.py)."""
        return None if dialect.name == "postgresql" else super().result_processor(dialect, coltype)

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        if value is None:
            return None
        return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)


def key() -> Column[Any]:
    """A UUIDv7 primary key."""
    return Column(Uuid(), primary_key=True)


def to(table: str, *, nullable: bool = False, index: bool = False) -> Column[Any]:
    """A reference to a row of `table`."""
    return Column(Uuid(), ForeignKey(f"{table}.id"), nullable=nullable, index=index)


def instant(*, nullable: bool = False, index: bool = False) -> Column[Any]:
    """A UTC instant."""
    return Column(Instant(), nullable=nullable, index=index)


def word(length: int = 32, *, nullable: bool = False, index: bool = False, unique: bool = False) -> Column[Any]:
    """A short code of at most `length` characters."""
    return Column(String(length), nullable=nullable, index=index, unique=unique)


def sealed(*, nullable: bool = False) -> Column[Any]:
    """Bytes that `keys.seal` made; useless without the key beside whose id they stand."""
    return Column(LargeBinary(), nullable=nullable)


def one_of(column: str, values: Iterable[str], *, name: str | None = None, nullable: bool = False) -> CheckConstraint:
    """`column` holds one of `values` (or nothing, where nullable)."""
    listed = ", ".join(f"'{value}'" for value in values)
    rule = f"{column} IN ({listed})"
    return CheckConstraint(f"{column} IS NULL OR {rule}" if nullable else rule, name=name or f"{column}_is_known")


def rule(sql: str, name: str) -> CheckConstraint:
    """A named promise that the database keeps."""
    return CheckConstraint(sql, name=name)
