"""Alibaba Cloud's doors: `/aliyun` (Dysmsapi 2017-05-25) and `/aliyun-voice` (Dyvmsapi 2017-05-25).

A business error is HTTP 200 with a `Code` that is not `OK`; a signature, a throttle or a missing parameter is 4xx.
"""

from __future__ import annotations

from collections.abc import Mapping
from urllib.parse import parse_qsl

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from simulator.dialects.aliyun_auth import Refused, Signatures
from simulator.dialects.aliyun_sms import Sms
from simulator.dialects.aliyun_voice import Voice
from simulator.dialects.aliyun_words import Action, Mistaken, refused
from simulator.dialects.common import House

VERSION = "2017-05-25"


class Gate:
    """One product's door: signature, version, action, parameters; then the action itself."""

    def __init__(self, signatures: Signatures, actions: Mapping[str, Action]) -> None:
        self._signatures, self._actions = signatures, actions

    async def enter(self, request: Request) -> Response:
        """One call."""
        body = await request.body()
        query, headers = request.scope["query_string"].decode(), request.headers
        wrong = self._signatures.refuse(
            request.method, request.scope["raw_path"].decode() or "/", query, dict(headers), body
        )
        if wrong is not None:
            return refused(wrong)
        if headers.get("x-acs-version") != VERSION:
            return refused(Refused(400, "InvalidVersion", "Specified parameter Version is not valid."))
        action = self._actions.get(headers.get("x-acs-action", ""))
        if action is None:
            return refused(Refused(404, "InvalidAction.NotFound", "Specified api is not found."))
        asked = dict(parse_qsl(query, keep_blank_values=True))
        if "form-urlencoded" in headers.get("content-type", ""):
            asked |= dict(parse_qsl(body.decode("utf-8", "replace"), keep_blank_values=True))
        try:
            return await action(request, asked)
        except Mistaken as fault:
            return fault.reply


def routes(house: House) -> tuple[list[Route], Gate]:
    """Both products' doors, and a gate to both for the vendor's own SDK, which knows hosts but no paths."""
    signatures = Signatures(house)
    sms, voice = Sms(house).actions(), Voice(house).actions()
    paths = {"aliyun": Gate(signatures, sms), "aliyun-voice": Gate(signatures, voice)}
    doors = [
        Route(f"/{name}{slash}", gate.enter, methods=["GET", "POST"])
        for name, gate in paths.items()
        for slash in ("", "/")
    ]
    return doors, Gate(signatures, {**sms, **voice})
