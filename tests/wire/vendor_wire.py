"""Vendors' carriers before a server that answers any bytes at any pace: what each must do alike.

A vendor is one line of VENDORS: how its carrier is made, and a reply that takes the letter of `letter_to`.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any, TypeVar

import httpx
from pydantic import SecretStr
from raw_carrier import Serve, http, letter, replying, request_of

from config.carriers.aliyun import AliyunSmsSettings, AliyunVoiceSettings
from config.carriers.tencent import TencentSmsSettings, TencentVoiceSettings
from dispatcher.claim import Letter
from dispatcher.words import Channel
from workers.carriers import Carrier
from workers.carriers.aliyun import AliyunSms, AliyunVoice
from workers.carriers.client import CarrierClient
from workers.carriers.tencent import TencentSms, TencentVoice

SHORT = {"request_timeout_s": 0.6}
PHONE = "+8613800138000"
ALIYUN = {"access_key_id": "AKID", "access_key_secret": SecretStr("aliyun secret"), "templates": {"default": "T_1"}}
TENCENT = {
    "secret_id": "SID",
    "secret_key": SecretStr("tencent secret"),
    "sdk_app_id": "1400006666",
    "templates": {"default": "1"},
}
T = TypeVar("T")
Act = Callable[[Any], Awaitable[T]]


@dataclass(frozen=True)
class Vendor:
    """How its carrier is made for a server at `base`; `taken`: a reply that takes one letter, as `theirs`."""

    channel: Channel
    make: Callable[..., Carrier]
    taken: bytes
    theirs: str = "theirs-1"


def _json(told: object) -> bytes:
    return http("200 OK", json.dumps(told).encode(), "Content-Type: application/json")


def _aliyun_sms(base: str, client: httpx.AsyncClient, **more: Any) -> Carrier:
    told = {
        "name": "a",
        "kind": "aliyun_sms",
        "sign_name": "山西 反诈",
        "base_url": base,
    }
    return AliyunSms(AliyunSmsSettings(**(told | ALIYUN | SHORT | more)), client)


def _aliyun_voice(base: str, client: httpx.AsyncClient, **more: Any) -> Carrier:
    told = {"name": "a", "kind": "aliyun_voice", "base_url": base}
    return AliyunVoice(AliyunVoiceSettings(**(told | ALIYUN | SHORT | more)), client)


def _tencent_sms(base: str, client: httpx.AsyncClient, **more: Any) -> Carrier:
    told = {
        "name": "t",
        "kind": "tencent_sms",
        "sign_name": "山西反诈",
        "base_url": base,
    }
    return TencentSms(TencentSmsSettings(**(told | TENCENT | SHORT | more)), client)


def _tencent_voice(base: str, client: httpx.AsyncClient, **more: Any) -> Carrier:
    told = {"name": "t", "kind": "tencent_voice", "base_url": base}
    return TencentVoice(TencentVoiceSettings(**(told | TENCENT | SHORT | more)), client)


_SENT = {"Response": {"SendStatusSet": [{"SerialNo": "theirs-1", "PhoneNumber": PHONE, "Code": "Ok"}]}}
VENDORS: dict[str, Vendor] = {
    "aliyun_sms": Vendor(Channel.SMS, _aliyun_sms, _json({"Code": "OK", "BizId": "theirs-1"})),
    "aliyun_voice": Vendor(Channel.CALL, _aliyun_voice, _json({"Code": "OK", "CallId": "theirs-1"})),
    "tencent_sms": Vendor(Channel.SMS, _tencent_sms, _json(_SENT)),
    "tencent_voice": Vendor(Channel.CALL, _tencent_voice, _json({"Response": {"SendStatus": {"CallId": "theirs-1"}}})),
}


def letter_to(reference: str = "ref1", *, to: str = PHONE, text_id: str = "brush_rebate") -> Letter:
    """A letter to nobody, in these words."""
    return replace(letter(reference), to=to, text_id=text_id)


def before(vendor: str, serve: Serve, act: Act[T], *, ssl: Any = None, **more: Any) -> T:
    """Act with this vendor's carrier before a server that is served so; `more` goes into its section."""
    return before_each(vendor, {"": serve}, act, ssl=ssl, **more)[""]


def before_each(vendor: str, serves: Mapping[str, Serve], act: Act[T], *, ssl: Any = None, **more: Any) -> dict[str, T]:
    """The same before several servers at once, by one client."""

    async def one(client: CarrierClient, serve: Serve) -> T:
        server = await asyncio.start_server(serve, "127.0.0.1", 0, ssl=ssl and ssl.serving)
        try:
            base = f"{'https' if ssl else 'http'}://127.0.0.1:{server.sockets[0].getsockname()[1]}/vendor"
            return await act(VENDORS[vendor].make(base, client, **more))
        finally:
            server.close()

    async def all_of_them() -> dict[str, T]:
        async with CarrierClient() as client:
            if ssl:
                client._wire.ssl_context.load_verify_locations(cadata=ssl.trusted)
            came = await asyncio.gather(*(one(client, serve) for serve in serves.values()))
            return dict(zip(serves, came, strict=True))

    return asyncio.run(all_of_them())


def keeping(requests: list[bytes], *replies: bytes) -> Serve:
    """Keep each request, and give the replies in turn, the last one for ever."""

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while True:
                requests.append(await request_of(reader))
                writer.write(replies[min(len(requests), len(replies)) - 1])
                await writer.drain()
        except (ConnectionError, asyncio.IncompleteReadError):
            writer.close()

    return serve


async def _hangs(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    await request_of(reader)
    await reader.read()
    writer.close()


async def _resets(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    await request_of(reader)
    writer.transport.abort()


def unsure_endings(taken: bytes) -> dict[str, Serve]:
    """Every way in which a request can end so that nobody can tell; `taken`: the reply that would have told."""
    body = taken.partition(b"\r\n\r\n")[2]
    return {
        "hung up after reading": replying(b""),
        "reset after reading": _resets,
        "silent": _hangs,
        "a byte a second": replying(taken, pause_s=1.0, size=1),
        "cut in the head": replying(b"HTTP/1.1 200 OK\r\nContent-Le"),
        "cut in the body": replying(http("200 OK", body[:-2], length=len(body))),
        "no HTTP at all": replying(b"SSH-2.0-OpenSSH_9.2\r\n"),
        "500": replying(http("500 Internal Server Error")),
        "502": replying(http("502 Bad Gateway", b"<html>")),
        "504": replying(http("504 Gateway Timeout")),
        "a page": replying(http("200 OK", b"<html>thank you</html>", "Content-Type: text/html")),
        "nothing": replying(http("200 OK")),
        "half of it": replying(http("200 OK", body[: len(body) // 2])),
        "other JSON": replying(http("200 OK", b'{"code": 0}')),
        "a list": replying(http("200 OK", b"[1]")),
        "no text": replying(http("200 OK", b"\xff\xfe\xfd")),
        "nested endlessly": replying(http("200 OK", b"[" * 200_000)),
        "a redirect": replying(http("302 Found", b"", "Location: http://127.0.0.1:1/")),
    }
