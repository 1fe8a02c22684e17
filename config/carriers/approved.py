"""What carriers have in common that send approved templates: which words have which template, and where they answer."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from functools import cache
from typing import Annotated, Any
from urllib.parse import urlsplit

from pydantic import AfterValidator, BeforeValidator, Field

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


def _base(value: str) -> str:
    parts = urlsplit(value)
    if parts.scheme not in ("http", "https") or not parts.hostname or parts.username or parts.query or parts.fragment:
        raise ValueError("must be http:// or https://, a host and no user, query or fragment")
    return value.rstrip("/")


BaseUrl = Annotated[str, AfterValidator(_base)]
"""Where a carrier answers: the vendor's own address unless a rehearsal names the simulator's."""
