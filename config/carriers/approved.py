"""What carriers have in common that send approved templates: which words have which template."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from functools import cache
from typing import Annotated, Any

from pydantic import BeforeValidator, Field

from config.carriers.base import Section
from config.messages import Messages

DEFAULT = "default"
AFTER_TRANSFER, DUTY = "after_transfer", "duty"


@cache
def spoken() -> frozenset[str]:
    """The words that a robot may have to speak: one for each fraud type."""
    return frozenset(Messages.load().types)


@cache
def written() -> frozenset[str]:
    """The words that a text may have to carry."""
    return spoken() | {AFTER_TRANSFER, DUTY}


def complete(templates: Mapping[str, Any], needed: Collection[str]) -> None:
    """Raises: ValueError: words have no template, or a template is of no words of ours."""
    if odd := sorted(set(templates) - set(needed) - {DEFAULT}):
        raise ValueError(f"{', '.join(odd)}: no words of ours; they are {', '.join(sorted(needed))}, or {DEFAULT}")
    if DEFAULT not in templates and (missing := sorted(set(needed) - set(templates))):
        raise ValueError(f"a template is missing for {', '.join(missing)}; or one as {DEFAULT}")


def _code_alone(value: Any) -> Any:
    return {"code": value} if isinstance(value, str) else value


class NamedTemplate(Section):
    """An approved template whose slots have names; `params` fills them with what is the same for everybody."""

    code: str = Field(min_length=1, max_length=64)
    params: dict[str, str] = Field(default_factory=dict)


class NumberedTemplate(Section):
    """An approved template whose slots are numbered; `params` fills them in order."""

    code: str = Field(min_length=1, max_length=64)
    params: tuple[str, ...] = ()


Named = Annotated[NamedTemplate, BeforeValidator(_code_alone)]
Numbered = Annotated[NumberedTemplate, BeforeValidator(_code_alone)]
"""`"SMS_1"`, or `{ code = "SMS_1", params = … }`."""
