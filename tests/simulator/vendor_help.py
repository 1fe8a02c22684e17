"""What the dialects' tests are told with: an ear for callbacks of any shape, beside the desk of `town_help`."""

from __future__ import annotations

import importlib
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qsl

import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route
from town_help import served


def sdk(name: str, *parts: str) -> Any:
    """A vendor's SDK with these of its modules; skips without it, fails where QUANZU_REQUIRE names `sdks`."""
    try:
        for part in parts or ("client", "models"):
            importlib.import_module(f"{name}.{part}")
        return importlib.import_module(name)
    except ImportError:
        if "sdks" in os.environ.get("QUANZU_REQUIRE", "").split(","):
            pytest.fail(f"{name} is required, and is not installed")
        pytest.skip(f"the vendor's SDK {name} is not installed")


@dataclass(frozen=True)
class Heard:
    """One callback as it came."""

    method: str
    url: str
    query: dict[str, str]
    form: dict[str, str]
    headers: dict[str, str]
    body: bytes


@dataclass
class Ear:
    """Hears callbacks; `answer` says what it replies to each: status, body, media type."""

    url: str = ""
    heard: list[Heard] = field(default_factory=list)
    answer: Callable[[Heard], tuple[int, bytes, str]] = lambda _: (200, b"", "text/plain")

    def at(self, path: str) -> list[Heard]:
        """What was heard under a path, in order."""
        return [one for one in list(self.heard) if one.url.partition("?")[0].endswith(path)]

    async def hear(self, request: Request) -> Response:
        """Keep it, and answer."""
        body = await request.body()
        form: dict[str, str] = {}
        if "form" in request.headers.get("content-type", ""):
            form = dict(parse_qsl(body.decode(), keep_blank_values=True))
        heard = Heard(request.method, str(request.url), dict(request.query_params), form, dict(request.headers), body)
        self.heard.append(heard)
        status, said, media = self.answer(heard)
        return Response(said, status, media_type=media)


@contextmanager
def listening() -> Iterator[Ear]:
    """An ear on a free port of loopback."""
    ear = Ear()
    with served(Starlette(routes=[Route("/{path:path}", ear.hear, methods=["GET", "POST"])])) as base:
        ear.url = base
        yield ear
