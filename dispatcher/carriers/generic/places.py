"""Where something is: a Place looked up in a reply or a callback."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any
from urllib.parse import parse_qsl

from config.carriers.generic import Place

LONGEST_WORD = 64
MOST_BYTES = 1 << 20
"""A regular expression is tried on no more than this."""


@dataclass(frozen=True)
class Message:
    """A reply or a callback. `headers` by lower-case name; `item`: the element of its list that is looked at."""

    body: bytes = field(repr=False)
    headers: Mapping[str, str] = field(default_factory=dict, repr=False)
    query: Mapping[str, str] = field(default_factory=dict, repr=False)

    @cached_property
    def json(self) -> Any:
        """The body as JSON; None when it is none."""
        try:
            return json.loads(self.body)
        except (ValueError, RecursionError):
            return None

    @cached_property
    def text(self) -> str:
        """The body as text."""
        return self.body[:MOST_BYTES].decode("utf-8", "replace")

    @cached_property
    def form(self) -> dict[str, str]:
        """The body as a form; nothing when it is none."""
        try:
            return dict(parse_qsl(self.body.decode(), keep_blank_values=True, errors="strict", max_num_fields=500))
        except ValueError:
            return {}


def word_at(place: Place | None, message: Message, item: Any = None) -> str | None:
    """What is there, as every database keeps it; None when there is nothing, or nothing that is one word.

    `item`: a pointer goes into this instead of the whole body.
    """
    if place is None:
        return None
    if place.json_ is not None:
        found = pointed(message.json if item is None else item, place.json_)
    elif place.regex is not None:
        match = re.search(place.regex, message.text)
        found = match[1] if match else None
    elif place.header is not None:
        found = message.headers.get(place.header.lower())
    elif place.query is not None:
        found = message.query.get(place.query)
    else:
        found = message.form.get(place.form or "")
    return _word(found)


def pointed(document: Any, pointer: str) -> Any:
    """What a JSON pointer points to; None when it points to nothing. Source: RFC 6901."""
    for step in pointer.split("/")[1:]:
        name = step.replace("~1", "/").replace("~0", "~")
        if isinstance(document, dict):
            document = document.get(name)
        elif isinstance(document, list) and re.fullmatch(r"0|[1-9][0-9]{0,8}", name) and int(name) < len(document):
            document = document[int(name)]
        else:
            return None
    return document


def _word(value: Any) -> str | None:
    if isinstance(value, bool):
        return "true" if value else "false"
    if not isinstance(value, str | int | float):
        return None
    text = str(value)
    return text if text and text.isprintable() and len(text) <= LONGEST_WORD else None
