"""Each table: its sentences, columns and rules."""

from __future__ import annotations

import inspect
import sys
from typing import Any

from dispatcher import tables
from parts.columns import MEANINGS
from parts.markdown import table

KINDS = {
    "Uuid": "UUID",
    "Instant": "UTC instant",
    "LargeBinary": "bytes",
    "Integer": "whole number",
    "BigInteger": "whole number",
    "Float": "number",
    "Boolean": "true or false",
    "Text": "text",
    "JSON": "JSON",
}


def memory() -> str:
    """Every table: its sentences, columns and rules."""
    return "\n".join(_table_page(name) for name in sorted(tables.metadata.tables))


def _table_page(name: str) -> str:
    model = next(
        getattr(tables, title)
        for title in tables.__all__
        if getattr(getattr(tables, title), "__tablename__", None) == name
    )
    found = tables.metadata.tables[name]
    module = sys.modules[model.__module__]
    rows = [
        (
            f"`{column.name}`",
            _kind(column),
            "yes" if column.nullable else "",
            _meaning(name, column),
        )
        for column in found.columns
    ]
    named: list[Any] = [*found.constraints, *(index for index in found.indexes if index.unique)]
    rules = sorted(
        (str(rule.name), _rule(rule))
        for rule in named
        if type(rule).__name__ in ("CheckConstraint", "UniqueConstraint", "Index")
        and not str(rule.name).endswith("_is_boolean")
    )
    page = f"## {name}\n\n{inspect.getdoc(module)}\n\n{inspect.getdoc(model)}\n\n"
    page += table(("column", "holds", "may be empty", "meaning"), rows)
    if rules:
        page += "\n" + table(("rule", "holds"), [(f"`{rule}`", f"`{says}`") for rule, says in rules])
    return page


def _kind(column: Any) -> str:
    told = type(column.type).__name__
    if told == "String":
        return f"text, ≤ {column.type.length}"
    if told == "Numeric":
        return "yuan, two decimals"
    return KINDS[told]


def _meaning(name: str, column: Any) -> str:
    if column.primary_key and column.name == "id" and type(column.type).__name__ == "Uuid":
        return "the row's own id, UUIDv7"
    told = MEANINGS.get(f"{name}.{column.name}") or MEANINGS.get(column.name, "")
    rows = ", ".join(f"a row of `{key.column.table.name}`" for key in column.foreign_keys)
    return "; ".join(part for part in (rows, told) if part)


def _rule(rule: Any) -> str:
    if hasattr(rule, "sqltext"):
        return " ".join(str(rule.sqltext).split())
    listed = ", ".join(column.name for column in rule.columns)
    where = rule.dialect_options["sqlite"].get("where") if hasattr(rule, "dialect_options") else None
    return f"UNIQUE ({listed})" + (f" WHERE {where}" if where is not None else "")
