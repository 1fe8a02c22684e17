"""Tencent Cloud's doors: `/tencent` for SMS 2021-01-11 and VMS 2020-09-02, told apart by X-TC-Action."""

from __future__ import annotations

from typing import NamedTuple

import orjson
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from simulator.dialects.common import House
from simulator.dialects.tencent_auth import Signatures
from simulator.dialects.tencent_sms import Sms
from simulator.dialects.tencent_voice import Voice
from simulator.dialects.tencent_words import Action, Mistaken, failed


class Served(NamedTuple):
    """One action: the service in whose scope it is signed, its version, what does it."""

    service: str
    version: str
    action: Action


class Gate:
    """Signature, version, action, parameters; then the action itself."""

    def __init__(self, house: House) -> None:
        self._signatures = Signatures(house)
        sms, voice = Sms(house), Voice(house)
        self._served = {
            "SendSms": Served("sms", "2021-01-11", sms.send),
            "PullSmsSendStatusByPhoneNumber": Served("sms", "2021-01-11", sms.pull),
            "SendTtsVoice": Served("vms", "2020-09-02", voice.call),
        }

    async def enter(self, request: Request) -> Response:
        """One call."""
        body = await request.body()
        headers = dict(request.headers)
        served = self._served.get(headers.get("x-tc-action", ""))
        if served is None:
            return failed("InvalidAction", "The request action is invalid or not found.")
        path, query = request.scope["raw_path"].decode(), request.scope["query_string"].decode()
        wrong = self._signatures.refuse(served.service, request.method, path, query, headers, body)
        if wrong is not None:
            return failed(*wrong)
        if headers.get("x-tc-version") != served.version:
            return failed("NoSuchVersion", "The API version does not exist.")
        try:
            asked = orjson.loads(body)
        except orjson.JSONDecodeError:
            asked = None
        if not isinstance(asked, dict):
            return failed("InvalidParameter", "The request body is not a JSON object.")
        try:
            return await served.action(request, asked)
        except Mistaken as fault:
            return fault.reply


def routes(house: House) -> tuple[list[Route], Gate]:
    """The doors under the prefix, voice has one of its own as well; and the gate, for an SDK that knows no paths."""
    gate = Gate(house)
    paths = ("/tencent", "/tencent/", "/tencent-voice", "/tencent-voice/")
    return [Route(path, gate.enter, methods=["POST"]) for path in paths], gate
