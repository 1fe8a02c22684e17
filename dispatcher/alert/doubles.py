"""JSON in which a field stands twice: the usual parser keeps the last in silence, here it is a fault."""

import json
from typing import Any

from dispatcher.alert.faults import Fault, path_of

ENDLESS = 10**30
"""Stands for an integer of hundreds of digits: beyond every bound of the schema, and cheap to refuse."""

_LONGEST_INTEGER = 300


class Doubled(Exception):
    """Some object holds a field twice."""


class Twice(dict[str, Any]):
    """A parsed object, and the names that stood in it more than once."""

    names: tuple[str, ...] = ()


def unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """The object of these pairs. Raises: Doubled when two have one name."""
    value = dict(pairs)
    if len(value) != len(pairs):
        raise Doubled
    return value


def parsed_with_doubles(text: str) -> Any:
    """The same JSON, with every object that holds a field twice marked as `Twice`.

    Raises: json.JSONDecodeError, RecursionError.
    """
    return json.loads(text, object_pairs_hook=_marked, parse_int=_whole)


def doubles_of(value: Any) -> list[Fault]:
    """One fault for each field that stands twice, named by its path."""
    faults: list[Fault] = []
    waiting: list[tuple[tuple[object, ...], Any]] = [((), value)]
    while waiting:
        path, item = waiting.pop()
        if isinstance(item, Twice):
            faults += [Fault(path_of((*path, name)), "must stand only once") for name in item.names]
        if isinstance(item, dict):
            waiting += [((*path, name), below) for name, below in item.items()]
        elif isinstance(item, list):
            waiting += [((*path, at), below) for at, below in enumerate(item)]
    return faults


def _marked(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    value = dict(pairs)
    if len(value) == len(pairs):
        return value
    marked = Twice(value)
    seen: set[str] = set()
    marked.names = tuple(dict.fromkeys(name for name, _ in pairs if name in seen or seen.add(name)))  # type: ignore[func-returns-value]
    return marked


def _whole(digits: str) -> int:
    return int(digits) if len(digits) <= _LONGEST_INTEGER else ENDLESS
