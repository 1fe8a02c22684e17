"""The pages' words, one table file a language; both have every key."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any

from dispatcher.figures.wording import Lang

FOLDER = Path(__file__).parent


class NoSuchWords(LookupError):
    """A page asks for words that its language's table does not have."""


@cache
def table(lang: Lang) -> Mapping[str, str]:
    """All words of a language by dotted key: `now.title`."""
    return dict(_flat(tomllib.loads((FOLDER / f"{lang.value}.toml").read_text("utf-8"))))


def say(lang: Lang, key: str, **told: object) -> str:
    """The words of this key, with what is told put in. Raises: NoSuchWords."""
    try:
        words = table(lang)[key]
    except KeyError:
        raise NoSuchWords(f"{lang.value}.toml has no {key}") from None
    return words.format(**told) if told else words


def called(lang: Lang, group: str, code: str | None) -> str:
    """What a code of a closed list is called; a code that the table lacks (a carrier's own, say) stands for itself."""
    if code is None:
        return "–"
    return table(lang).get(f"{group}.{code}", code)


def _flat(tree: Mapping[str, Any], before: str = "") -> list[tuple[str, str]]:
    found: list[tuple[str, str]] = []
    for name, value in tree.items():
        found += _flat(value, f"{before}{name}.") if isinstance(value, Mapping) else [(before + name, str(value))]
    return found
