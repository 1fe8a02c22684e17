"""What Tencent Cloud's interfaces answer, and how its reports are pushed: HTTP 200 whatever went wrong."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Any

import orjson
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response

from simulator.dialects.common import House, Plain, json_reply, request_id
from simulator.telling import Heard, Item, Told

Action = Callable[[Request, Mapping[str, Any]], Awaitable[Response]]
"""One action of a product: the request and its parameters."""


class Mistaken(Exception):
    """The request cannot be served as it is; `reply` says so."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(code)
        self.reply = failed(code, message)


def failed(code: str, message: str) -> Response:
    """An error of the whole request."""
    return json_reply({"Response": {"Error": {"Code": code, "Message": message}, "RequestId": request_id()}})


def ok(**more: object) -> Response:
    """What was asked for."""
    return json_reply({"Response": {**more, "RequestId": request_id()}})


def unavailable() -> Response:
    """The gateway in front of every product has nobody behind it."""
    return PlainTextResponse("503 Service Temporarily Unavailable", 503)


def throttled(_: float) -> Response:
    """Too many requests a second."""
    return failed("RequestLimitExceeded", "The request limit is exceeded.")


def text_of(asked: Mapping[str, Any], *names: str) -> list[str]:
    """These parameters, text all. Raises: Mistaken: one is missing or something else."""
    for name in names:
        if not isinstance(asked.get(name), str) or not asked[name]:
            raise Mistaken("MissingParameter", f"The request is missing a required parameter: {name}.")
    return [asked[name] for name in names]


def texts_of(asked: Mapping[str, Any], name: str) -> list[str]:
    """This parameter, a list of text. Raises: Mistaken."""
    found = asked.get(name, [])
    if not isinstance(found, list) or not all(isinstance(one, str) for one in found):
        raise Mistaken("InvalidParameter", f"The parameter must be a list of strings: {name}.")
    return found


class Push(Plain):
    """A POST, again after pauses until it is answered by result 0, then dropped."""

    def __init__(self, house: House, dialect: str) -> None:
        self.dialect, self.pauses_s = dialect, house.sim.push_again_s

    def says(self, callback: str, items: Sequence[Item]) -> Told:
        """One request for all."""
        return Told("POST", callback, orjson.dumps(self.content(items)), {"Content-Type": "application/json"})

    def content(self, items: Sequence[Item]) -> object:
        """What is in it."""
        raise NotImplementedError

    def heard(self, status: int | None, reply: bytes, items: Sequence[Item]) -> Heard:
        """HTTP 200 and result 0 take it."""
        try:
            answer = orjson.loads(reply)
        except orjson.JSONDecodeError:
            return "again"
        return "taken" if status == 200 and isinstance(answer, dict) and answer.get("result") == 0 else "again"
