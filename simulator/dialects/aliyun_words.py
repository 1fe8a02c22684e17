"""What Alibaba Cloud's interfaces answer, and how its reports are pushed."""

from __future__ import annotations

import json
from collections.abc import Awaitable, Callable, Mapping, Sequence

import orjson
from starlette.requests import Request
from starlette.responses import Response

from simulator.dialects.aliyun_auth import Refused
from simulator.dialects.common import House, Plain, json_reply, request_id
from simulator.telling import Heard, Item, Told

Action = Callable[[Request, Mapping[str, str]], Awaitable[Response]]
"""One action of a product: the request and its parameters."""


class Mistaken(Exception):
    """The request cannot be served as it is; `reply` says so."""

    def __init__(self, reply: Response) -> None:
        super().__init__()
        self.reply = reply


def refused(wrong: Refused) -> Response:
    """An error of the gateway in front of every product."""
    content = {"RequestId": request_id(), "HostId": "simulator", "Code": wrong.code, "Message": wrong.message}
    return json_reply(content, wrong.status)


def business(code: str, message: str) -> Response:
    """An error of the product: HTTP 200."""
    return json_reply({"RequestId": request_id(), "Code": code, "Message": message})


def ok(**more: object) -> Response:
    """What was asked for."""
    return json_reply({"RequestId": request_id(), "Code": "OK", "Message": "OK", **more})


def unavailable() -> Response:
    """The gateway is there, the product is not."""
    return refused(Refused(503, "ServiceUnavailable", "The request failed: the server is not available."))


def throttled(_: float) -> Response:
    """Too many requests a second."""
    return refused(Refused(400, "Throttling.User", "Request was denied due to user flow control."))


def needed(asked: Mapping[str, str], *names: str) -> list[str]:
    """These parameters. Raises: Mistaken: one is missing."""
    for name in names:
        if not asked.get(name):
            raise Mistaken(refused(Refused(400, f"Missing{name}", f"{name} is mandatory for this action.")))
    return [asked[name] for name in names]


def object_of(asked: Mapping[str, str], name: str) -> None:
    """That a parameter, if it is there, is a JSON object. Raises: Mistaken."""
    try:
        if asked.get(name) and not isinstance(json.loads(asked[name]), dict):
            raise ValueError
    except ValueError:
        raise Mistaken(business("isv.INVALID_JSON_PARAM", "参数格式错误，不是合法的JSON对象")) from None


class Push(Plain):
    """A POST of a JSON array, again after pauses until it is answered by code 0, then dropped."""

    most = 100

    def __init__(self, house: House, dialect: str) -> None:
        self.dialect, self.pauses_s = dialect, house.sim.push_again_s

    def says(self, callback: str, items: Sequence[Item]) -> Told:
        """One array for all."""
        body = orjson.dumps([self.row(item) for item in items])
        return Told("POST", callback, body, {"Content-Type": "application/json;charset=UTF-8"})

    def row(self, item: Item) -> Mapping[str, object]:
        """One report."""
        raise NotImplementedError

    def heard(self, status: int | None, reply: bytes, items: Sequence[Item]) -> Heard:
        """HTTP 200 and code 0 take it."""
        try:
            answer = orjson.loads(reply)
        except orjson.JSONDecodeError:
            return "again"
        return "taken" if status == 200 and isinstance(answer, dict) and answer.get("code") == 0 else "again"
