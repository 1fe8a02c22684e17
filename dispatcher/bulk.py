"""Many rows at once, by the shortest way that each database has.

among(connection, column, values)   the condition that a column holds one of these
also(*conditions)                   what must be true of them besides
as_if_in_memory(connection)         plans for what was used moments ago
rows_of(found)                      what was found, as dicts
put(connection, table, rows)        new rows: COPY on PostgreSQL
change(connection, table, rows)     rows that change, each in its own way: one UPDATE on PostgreSQL

On SQLite they are the plain statements. What stands here is about speed alone: see docs/explanation/performance.md.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from functools import lru_cache
from operator import itemgetter
from typing import Any
from typing import cast as seen_as

import orjson
import psycopg
from sqlalchemy import (
    ARRAY,
    JSON,
    BigInteger,
    Boolean,
    Column,
    ColumnElement,
    Connection,
    CursorResult,
    DateTime,
    Integer,
    LargeBinary,
    Numeric,
    Select,
    String,
    Table,
    Text,
    TypeDecorator,
    Update,
    Uuid,
    and_,
    any_,
    bindparam,
    case,
    cast,
    column,
    func,
    insert,
    literal,
    select,
    text,
    update,
)
from sqlalchemy.exc import DBAPIError
from sqlalchemy.types import TypeEngine

from dispatcher.store import is_postgres

IN_MEMORY = text(
    "SELECT set_config('random_page_cost', '1.1', true), set_config('max_parallel_workers_per_gather', '0', true)"
)

Row = dict[str, Any]
New = Callable[[str], ColumnElement[Any]]
"""The new value of a field, as a guard may compare it."""

Fields = tuple[str, ...]
Pair = tuple[str, str]
Guard = Callable[[New], Sequence[ColumnElement[bool]]]
"""What must still be true of a row for its change to be made. A function of a module, not a lambda: see `change`."""

# the wire's names of our columns' types; a column of any other type is inserted the plain way
COPIED: dict[type[TypeEngine[Any]], str] = {
    Uuid: "uuid",
    String: "text",
    Text: "text",
    DateTime: "timestamptz",
    Integer: "int4",
    BigInteger: "int8",
    LargeBinary: "bytea",
    Boolean: "bool",
    Numeric: "numeric",
}


def among(connection: Connection, column: Column[Any], values: Collection[Any]) -> ColumnElement[bool]:
    """True where `column` holds one of `values`.

    One array on PostgreSQL, so that the statement is always the same. It comes as a subquery: what the planner cannot
    count it looks up by the index, even in a table that was never analysed, or whose statistics are old.
    """
    return among_all(connection, column.type, values)(column)


def among_all(
    connection: Connection, kind: TypeEngine[Any], values: Collection[Any], *, counted: bool = False
) -> Callable[[ColumnElement[Any]], ColumnElement[bool]]:
    """The same of any column of this type. A statement that asks it of ten columns carries the values once.

    `counted`: the planner may count them, for a statement that joins what it finds: where it thinks of one row, it
    reads one side anew for each row of the other.
    """
    if is_postgres(connection):
        if counted:
            return lambda column: column == any_(literal(list(values), ARRAY(kind)))
        told = func.array(select(func.unnest(_array(kind, values))).scalar_subquery())
        return lambda column: column == any_(told)
    return lambda column: column.in_(values)


def _array(kind: TypeEngine[Any], values: Collection[Any]) -> ColumnElement[Any]:
    """Values as one array that cannot be counted. Ids are spelled here: the driver looks at each for what
    must be quoted, and takes five times as long.
    """
    if isinstance(kind, Uuid):
        return cast(literal(f"{{{','.join([value.hex for value in values])}}}", Text()), ARRAY(kind))
    return literal(list(values), ARRAY(kind))


def among_these(connection: Connection, column: Column[Any], query: Select[Any]) -> ColumnElement[bool]:
    """True where `column` holds one of the values that `query` finds, which are few."""
    return column == any_(func.array(query.scalar_subquery())) if is_postgres(connection) else column.in_(query)


def also(*conditions: ColumnElement[bool]) -> ColumnElement[bool]:
    """True where all of these hold, of rows that something else finds.

    Hidden from the planner: by how rare such rows were when it last counted, it would find all rows in that state
    first, of which a burst has made a hundred thousand.
    """
    return case((and_(*conditions), True), else_=False)


def as_if_in_memory(connection: Connection) -> None:
    """Until this transaction ends, PostgreSQL plans for rows that were used moments ago: an index costs hardly more.

    By itself it thinks of a disk, and reads tables whole, by several processes, up to half a million rows.
    """
    if is_postgres(connection):
        connection.execute(IN_MEMORY)


def rows_of(found: CursorResult[Any]) -> list[Row]:
    """All rows found, each as a dict by column: twice as fast as a mapping of each row."""
    fields = tuple(found.keys())
    return [dict(zip(fields, row, strict=True)) for row in found]


def put(connection: Connection, table: Table, rows: Sequence[Row]) -> None:
    """Insert rows that all have the same fields."""
    if not rows:
        return
    fields = tuple(rows[0])
    types = _copied(table, fields) if is_postgres(connection) else None
    if types is None:
        connection.execute(insert(table), rows)
        return
    statement = f"COPY {table.name} ({', '.join(fields)}) FROM STDIN (FORMAT BINARY)"
    values_of = itemgetter(*fields)
    driver = seen_as("psycopg.Connection[Any]", connection.connection.driver_connection)
    try:
        with driver.cursor() as cursor, cursor.copy(statement) as copy:
            copy.set_types(types)
            for row in rows:
                copy.write_row(values_of(row))
    except psycopg.Error as fault:
        raise _told(connection, statement, fault) from fault


@lru_cache(maxsize=64)
def _copied(table: Table, fields: tuple[str, ...]) -> tuple[str, ...] | None:
    """The types of a table's fields by the names that the wire knows; None where one of them has none here."""
    types = [COPIED.get(_plain(table.c[field].type)) for field in fields]
    return tuple(name for name in types if name) if all(types) and len(fields) > 1 else None


def _plain(kind: TypeEngine[Any]) -> type[TypeEngine[Any]]:
    return type(kind.impl_instance if isinstance(kind, TypeDecorator) else kind)


def _told(connection: Connection, statement: str, fault: psycopg.Error) -> DBAPIError:
    """The driver's fault as SQLAlchemy tells it of any other statement, so that callers need to know only one."""
    gone = bool(getattr(connection.connection.driver_connection, "closed", True))
    if gone:
        connection.invalidate(fault)
    told = DBAPIError.instance(
        statement,
        None,
        fault,
        psycopg.Error,
        hide_parameters=True,
        connection_invalidated=gone,
        dialect=connection.dialect,
    )
    return seen_as(DBAPIError, told)


def change(
    connection: Connection,
    table: Table,
    rows: Sequence[Row],
    *,
    key: Pair = ("row_id", "id"),
    guard: Guard | None = None,
    like: tuple[Pair, ...] = (),
) -> None:
    """Give each row its new values, where `guard` allows it; all of `rows` have the same fields.

    `key` is the field that finds the row, and the column in which it is found. No row may be meant twice: PostgreSQL
    would take either. Fields that the table does not have are there for the guard, of the type that `like` tells:
    (field, column of the table). The statement is built once for each table, set of fields and guard.
    """
    if not rows:
        return
    if is_postgres(connection):
        told = orjson.dumps(rows, default=str).decode()
        connection.execute(_change_all(table, tuple(rows[0]), key, guard, like), {"rows": told})
    else:
        connection.execute(_change_each(table, tuple(rows[0]), key, guard, like), rows)


@lru_cache(maxsize=64)
def _change_all(table: Table, fields: Fields, key: Pair, guard: Guard | None, like: tuple[Pair, ...]) -> Update:
    types = _types(table, fields, (key, *like))
    columns = [column(field, types[field]) for field in fields]
    told = cast(bindparam("rows", type_=Text()), JSON)
    new = func.json_to_recordset(told).table_valued(*columns).render_derived("new", with_types=True)
    changed = _changing(table, fields, key, lambda field: new.c[field])
    return changed.where(also(*guard(lambda field: new.c[field]))) if guard is not None else changed


@lru_cache(maxsize=64)
def _change_each(table: Table, fields: Fields, key: Pair, guard: Guard | None, like: tuple[Pair, ...]) -> Update:
    types = _types(table, fields, (key, *like))

    def new(field: str) -> ColumnElement[Any]:
        return bindparam(field, type_=types[field])

    return _changing(table, fields, key, new).where(*(guard(new) if guard is not None else ()))


def _changing(table: Table, fields: Fields, key: Pair, new: New) -> Update:
    changed = update(table).where(table.c[key[1]] == new(key[0]))
    return changed.values({field: new(field) for field in fields if field in table.c})


def _types(table: Table, fields: Fields, like: tuple[Pair, ...]) -> dict[str, TypeEngine[Any]]:
    names = dict(like)
    return {field: table.c[names.get(field, field)].type for field in fields}
