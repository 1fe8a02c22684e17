"""A TCP proxy on loopback that can be told to misbehave: cut, refuse, swallow, dawdle.

    with Proxies() as proxies:
        broker = proxies.to("127.0.0.1", 5672)
        broker.cut()             every connection ends at once, new ones are let in
        broker.refuse(3.0)       every connection ends, new ones are hung up on for three seconds
        broker.swallow(3.0)      connections stay open and nothing travels; what was said is not lost
        broker.slow(3.0, 0.05, 20_000)    every piece waits 50 ms, at most 20,000 bytes/s a direction

Written here and not taken from a library: toxiproxy is a server in Go that CI would have to fetch, and what is on the
Python index either relays only, or works by packet filters that want root.
"""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Coroutine
from dataclasses import dataclass
from types import TracebackType
from typing import Any, Self

import uvloop

PIECE = 65_536
CONNECT_WITHIN_S = 5.0
END_WITHIN_S = 10.0


@dataclass(frozen=True, slots=True)
class Pace:
    """How a slow connection travels: seconds that each piece waits, and bytes a second (0: as fast as it goes)."""

    wait_s: float = 0.0
    bytes_per_s: float = 0.0


AT_ONCE = Pace()


class Proxy:
    """One address that leads to another. Every method may be called from any thread; each ends what went before."""

    def __init__(self, loop: asyncio.AbstractEventLoop, host: str, port: int) -> None:
        self._loop = loop
        self._host, self._port = host, port
        self._server: asyncio.Server | None = None
        self._writers: set[asyncio.StreamWriter] = set()
        self._ways: set[asyncio.Task[None]] = set()
        self._refusing = False
        self._pace = AT_ONCE
        self._flows = asyncio.Event()
        self._flows.set()
        self._mend: asyncio.TimerHandle | None = None
        self.port = 0
        self.accepted = 0

    def cut(self) -> None:
        """End every connection, both sides at once; new ones are let in."""
        self._tell(self._cut)

    def refuse(self, for_s: float) -> None:
        """End every connection, and hang up on new ones for a while."""
        self._tell(self._misbehave, for_s, True, True, AT_ONCE)

    def swallow(self, for_s: float) -> None:
        """Accept and send nothing for a while, as a network that drops packets: nobody is told."""
        self._tell(self._misbehave, for_s, False, False, AT_ONCE)

    def slow(self, for_s: float, wait_s: float, bytes_per_s: float = 0.0) -> None:
        """Let every piece wait, and travel slowly, for a while."""
        self._tell(self._misbehave, for_s, False, True, Pace(wait_s, bytes_per_s))

    def mend(self) -> None:
        """Behave again."""
        self._tell(self._behave)

    async def open(self) -> None:
        """Begin to listen, on a free port of loopback."""
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", 0)
        self.port = self._server.sockets[0].getsockname()[1]

    async def close(self) -> None:
        """End the connections and stop listening."""
        self._behave()
        self._refusing = True
        if self._server is not None:
            self._server.close()
        self._cut()
        await asyncio.gather(*self._ways, return_exceptions=True)

    def _tell(self, what: Any, *values: Any) -> None:
        self._loop.call_soon_threadsafe(what, *values)

    def _misbehave(self, for_s: float, refusing: bool, flowing: bool, pace: Pace) -> None:
        self._behave()
        self._refusing, self._pace = refusing, pace
        if not flowing:
            self._flows.clear()
        if refusing:
            self._cut()
        self._mend = self._loop.call_later(for_s, self._behave)

    def _behave(self) -> None:
        if self._mend is not None:
            self._mend.cancel()
            self._mend = None
        self._refusing, self._pace = False, AT_ONCE
        self._flows.set()

    def _cut(self) -> None:
        for writer in self._writers:
            writer.transport.abort()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.accepted += 1
        self._writers.add(writer)
        their_writer: asyncio.StreamWriter | None = None
        try:
            if self._refusing:
                return
            async with asyncio.timeout(CONNECT_WITHIN_S):
                their_reader, their_writer = await asyncio.open_connection(self._host, self._port)
            self._writers.add(their_writer)
            ways = [
                asyncio.ensure_future(self._carry(reader, their_writer)),
                asyncio.ensure_future(self._carry(their_reader, writer)),
            ]
            self._ways.update(ways)
            await asyncio.wait(ways, return_when=asyncio.FIRST_COMPLETED)
            for way in ways:
                way.cancel()
            await asyncio.gather(*ways, return_exceptions=True)
            self._ways.difference_update(ways)
        except (OSError, TimeoutError):
            return  # the server behind is away: hanging up is what the client would see without us
        finally:
            for one in (writer, their_writer):
                if one is not None:
                    one.transport.abort() if self._refusing else one.close()
                    self._writers.discard(one)

    async def _carry(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while piece := await reader.read(PIECE):
                pace = self._pace
                if pace.wait_s or pace.bytes_per_s:
                    await asyncio.sleep(pace.wait_s + (len(piece) / pace.bytes_per_s if pace.bytes_per_s else 0.0))
                await self._flows.wait()
                writer.write(piece)
                await writer.drain()
        except OSError:
            return  # one side is gone; the other is told by its connection's end


class Proxies:
    """A thread with an event loop of its own, and the proxies on it."""

    def __init__(self) -> None:
        self._loop = uvloop.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, name="proxies", daemon=True)
        self._proxies: list[Proxy] = []

    def to(self, host: str, port: int) -> Proxy:
        """A new address on loopback that leads there."""
        proxy = Proxy(self._loop, host, port)
        self._wait(proxy.open())
        self._proxies.append(proxy)
        return proxy

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, fault: BaseException | None, at: TracebackType | None) -> None:
        for proxy in self._proxies:
            self._wait(proxy.close())
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(END_WITHIN_S)

    def _wait(self, work: Coroutine[Any, Any, None]) -> None:
        asyncio.run_coroutine_threadsafe(work, self._loop).result(END_WITHIN_S)
