"""A carrier that answers any bytes at any pace, and our own client before it."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Awaitable, Callable, Coroutine
from datetime import UTC, datetime
from typing import Any, TypeVar

from config.carriers.file import simulated
from config.carriers.simulator import SimulatedTexts
from config.settings import Settings
from dispatcher.claim import Letter
from dispatcher.happenings import Answered
from dispatcher.ids import new_id
from dispatcher.words import Answer, Channel
from workers.carriers import SimulatorCarrier
from workers.carriers.interface import Found, Question
from workers.engine import make_client

TIMEOUT_S, SETTLING_S = 2.5, 4.0
REFERENCES = ("ref1", "ref2")
T = TypeVar("T")
Serve = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]
Act = Callable[[SimulatorCarrier], Awaitable[T]]


def letter(reference: str) -> Letter:
    """A letter to nobody."""
    return Letter(
        dispatch_id=new_id(),
        attempt_id=new_id(),
        number=1,
        fence=1,
        reference=reference,
        channel=Channel.SMS,
        to="+8613800138000",
        text="made up",
        flash=False,
    )


def at_port(port: int, act: Act[T], *, host: str = "127.0.0.1", askable: bool = True) -> Coroutine[Any, Any, T]:
    """Act with a carrier at this address, by the client that workers have."""

    async def acting() -> T:
        settings = Settings(
            simulator_host=host,
            simulator_port=port,
            request_timeout_s=TIMEOUT_S,
            settling_s=SETTLING_S,
            simulator_askable=askable,
        )
        async with make_client() as client:
            section = simulated(settings).sections[0]
            assert isinstance(section, SimulatedTexts)
            return await act(SimulatorCarrier(section, client, callback="http://127.0.0.1:1/v1/receipts/simulator"))

    return acting()


def at(serve: Serve, act: Act[T], **how: Any) -> T:
    """Act with a carrier that is served so."""

    async def both() -> T:
        server = await asyncio.start_server(serve, "127.0.0.1", 0)
        try:
            return await at_port(server.sockets[0].getsockname()[1], act, **how)
        finally:
            server.close()

    return asyncio.run(both())


async def two_letters(carrier: SimulatorCarrier) -> list[Answered]:
    """Two texts in one request."""
    return await carrier.send(Channel.SMS, [letter(reference) for reference in REFERENCES])


async def ask_for_two(carrier: SimulatorCarrier) -> dict[str, Found] | None:
    """What it has of two tries."""
    return await carrier.ask([Question(one, None, "+8613800138000", datetime.now(UTC)) for one in REFERENCES])


async def request_of(reader: asyncio.StreamReader) -> bytes:
    """The whole request."""
    head = await reader.readuntil(b"\r\n\r\n")
    lengths = (int(line[15:]) for line in head.split(b"\r\n") if line.lower().startswith(b"content-length:"))
    length = next(lengths, 0)
    return head + await reader.readexactly(length)


def replying(reply: bytes, *, pause_s: float = 0.0, size: int = 1 << 20) -> Serve:
    """Read the request, then reply, `size` bytes at a time; then hang up."""

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            await request_of(reader)
            for start in range(0, len(reply), size):
                writer.write(reply[start : start + size])
                await writer.drain()
                await asyncio.sleep(pause_s)
        except (ConnectionError, asyncio.IncompleteReadError):
            pass
        finally:
            writer.close()

    return serve


def http(status: str, body: bytes = b"", *headers: str, length: int | None = None) -> bytes:
    """A reply of HTTP/1.1."""
    told = [f"HTTP/1.1 {status}", f"Content-Length: {len(body) if length is None else length}", *headers]
    return "\r\n".join([*told, "", ""]).encode() + body


def answers(*items: object) -> bytes:
    """A reply as the carrier's language has it."""
    return http("200 OK", json.dumps({"answers": items}).encode(), "Content-Type: application/json")


def kinds(answered: list[Answered]) -> list[Answer]:
    """How each letter ended."""
    return [one.answer for one in answered]


def accepted(reference: str) -> dict[str, str]:
    """The carrier took this one."""
    return {"reference": reference, "answer": "accepted", "carrier_id": f"c-{reference}"}
