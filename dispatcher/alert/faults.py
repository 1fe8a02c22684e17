"""What is wrong with an alert, in words that help and never repeat what was sent."""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

WHOLE = "$"
"""The field of a fault that concerns the alert as a whole."""

MOST_FAULTS = 100
"""More are counted, not listed: a body of nothing but strange fields gets an answer one can read."""

_NAMEABLE = re.compile(r"[A-Za-z_\u4e00-\u9fff][\w \-()]{0,39}")
_LONG_DIGITS = re.compile(r"\d{4}")


@dataclass(frozen=True, slots=True)
class Fault:
    """One thing that is wrong: where (a path such as `victim.accounts[2]`, or `$`), and what would be right."""

    field: str
    message: str


@dataclass(frozen=True, slots=True)
class Refused:
    """An alert that may not come in, with every reason, at least one.

    `source` and `source_ref` are told when they could be read, so that the upstream can be answered.
    """

    faults: tuple[Fault, ...]
    source: str | None
    source_ref: str | None


def safe_name(name: object) -> str:
    """A field's name as it may be repeated: one that could hold a number or a whole sentence is only described."""
    if isinstance(name, str) and _NAMEABLE.fullmatch(name) and not _LONG_DIGITS.search(name):
        return name
    return "(unnameable field)"


def path_of(steps: Iterable[object]) -> str:
    """`("victim", "accounts", 2)` as `victim.accounts[2]`; no step at all is the whole."""
    path = ""
    for step in steps:
        if isinstance(step, int):
            path += f"[{step}]"
        else:
            path += ("." if path else "") + safe_name(step)
    return path or WHOLE


def bounded(faults: Sequence[Fault]) -> tuple[Fault, ...]:
    """All of them, or the first hundred and how many more there are."""
    if len(faults) <= MOST_FAULTS:
        return tuple(faults)
    more = Fault(WHOLE, f"and {len(faults) - MOST_FAULTS} more faults")
    return (*faults[:MOST_FAULTS], more)


SAID: dict[str, str] = {
    "missing": "is required",
    "extra_forbidden": "is no field of schema v1; leave it out",
    "invalid_key": "a field's name must be text",
    "model_type": "must be an object",
    "list_type": "must be a list",
    "too_long": "must have at most {max_length} items",
    "string_type": "must be text",
    "string_too_long": "must be at most {max_length} characters long",
    "string_pattern_mismatch": "must not hold NUL or other control characters",
    "string_unicode": "must be well-formed Unicode, without lone surrogates",
    "bool_type": "must be true or false",
    "literal_error": "must be true or false",
    "int_type": "must be a whole number",
    "greater_than_equal": "must be at least {ge}",
    "less_than_equal": "must be at most {le}",
}
"""pydantic's kinds of error that the schema can raise, in our words."""


def said(kind: str, context: dict[str, Any], own: str) -> str:
    """What to say of one pydantic error; `own` is the sentence of a check of ours (kind `alert`)."""
    if kind == "alert":
        return own
    return SAID.get(kind, "is not right; see the schema").format_map(context)
