"""An operator behind a gateway: an SMPP 3.4 server that takes texts and reports of them as it is told, and keeps book.

Source: SMPP v3.4, 4.1 (bind), 4.4 (submit_sm), 4.6 (deliver_sm), 4.11 (enquire_link), 5.1.3 (status), Appendix B
(the receipt's text). Spoken as far as Kannel's SMPP speaks it.
"""

from __future__ import annotations

import asyncio
import struct
import threading
from collections import defaultdict
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from itertools import count
from typing import Any

BIND, SUBMIT, DELIVER, UNBIND, ENQUIRE = 0x00000009, 0x00000004, 0x00000005, 0x00000006, 0x00000015
REPLY = 0x80000000
WRONG_NUMBER = 0x0000000B
RECEIPT = 0x04
HEADED = 0x40


@dataclass(frozen=True, slots=True)
class Fate:
    """What becomes of one text: refused with a status, or taken and reported of, in order, after a pause."""

    refused: int = 0
    reports: tuple[str, ...] = ("DELIVRD",)
    after_s: float = 0.3


@dataclass(frozen=True, slots=True)
class Text:
    """One text's last part, as it was handed over."""

    person: str
    came_at: float
    fate: Fate


@dataclass
class Operator:
    """`fate_of` is asked with the number's digits and how many texts that person had before.

    `came`: the texts by person. `told`: reports that the gateway has thanked for, by person; `lost`: those that it was
    never told, or never thanked for, since it died.
    """

    fate_of: Callable[[str, int], Fate]
    came: dict[str, list[Text]] = field(default_factory=lambda: defaultdict(list))
    told: dict[str, list[str]] = field(default_factory=lambda: defaultdict(list))
    lost: dict[str, list[str]] = field(default_factory=lambda: defaultdict(list))
    port: int = 0
    binds: int = 0

    def start(self) -> Operator:
        """Listen on a free port, in a thread."""
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, name="operator", daemon=True)
        self._thread.start()
        asyncio.run_coroutine_threadsafe(self._open(), self._loop).result(20)
        return self

    def stop(self) -> None:
        """Hang up."""
        self._loop.call_soon_threadsafe(self._server.close)
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(10)

    @property
    def texts(self) -> int:
        """How many texts came."""
        return sum(len(texts) for texts in list(self.came.values()))

    @property
    def quiet(self) -> bool:
        """Nothing is left to be told."""
        return self._open_reports == 0

    async def _open(self) -> None:
        self._open_reports = 0
        self._tasks: set[asyncio.Task[None]] = set()
        self._names = count(1)
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", 0)
        self.port = self._server.sockets[0].getsockname()[1]

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        session = Session(self, reader, writer)
        with suppress(OSError, asyncio.IncompleteReadError):
            await session.run()
        session.dies()
        writer.close()

    def later(self, work: Any) -> None:
        """Do it beside the session."""
        task = asyncio.ensure_future(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)


class Session:
    """One bound connection. What the gateway is not told before it dies, this operator tells nobody later."""

    def __init__(self, house: Operator, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._house, self._reader, self._writer = house, reader, writer
        self._thanks: dict[int, asyncio.Future[None]] = {}
        self._numbers = count(1)
        self._alive = True

    async def run(self) -> None:
        """Answer until the gateway goes."""
        while True:
            length, command, _, number = struct.unpack(">IIII", await self._reader.readexactly(16))
            body = await self._reader.readexactly(length - 16)
            match command:
                case 0x00000009 | 0x00000001 | 0x00000002:
                    self._house.binds += 1
                    self._say(command | REPLY, number, b"operator\0")
                case 0x00000004:
                    self._submitted(number, body)
                case 0x80000005:
                    if (thanked := self._thanks.pop(number, None)) is not None and not thanked.done():
                        thanked.set_result(None)
                case 0x00000015:
                    self._say(ENQUIRE | REPLY, number)
                case 0x00000006:
                    self._say(UNBIND | REPLY, number)
                    return

    def dies(self) -> None:
        """Nobody thanks any more."""
        self._alive = False
        for waiting in self._thanks.values():
            waiting.cancel()

    def _say(self, command: int, number: int, body: bytes = b"", status: int = 0) -> None:
        self._writer.write(struct.pack(">IIII", 16 + len(body), command, status, number) + body)

    def _submitted(self, number: int, body: bytes) -> None:
        sender, person, headed, registered, message = submitted(body)
        if headed and message[4] != message[5]:  # not the last part
            self._say(SUBMIT | REPLY, number, f"{next(self._house._names)}\0".encode())
            return
        house = self._house
        fate = house.fate_of(person, len(house.came[person]))
        house.came[person].append(Text(person, asyncio.get_running_loop().time(), fate))
        name = str(next(house._names))
        if fate.refused:
            self._say(SUBMIT | REPLY, number, b"\0", fate.refused)
            return
        self._say(SUBMIT | REPLY, number, f"{name}\0".encode())
        if registered & 1:
            house._open_reports += len(fate.reports)
            house.later(self._report(sender, person, name, fate))

    async def _report(self, sender: str, person: str, name: str, fate: Fate) -> None:
        for stat in fate.reports:
            await asyncio.sleep(fate.after_s)
            thanked = await self._deliver(sender, person, name, stat)
            (self._house.told if thanked else self._house.lost)[person].append(stat)
            self._house._open_reports -= 1

    async def _deliver(self, sender: str, person: str, name: str, stat: str) -> bool:
        if not self._alive:
            return False
        good = "001" if stat == "DELIVRD" else "000"
        words = f"id:{name} sub:001 dlvrd:{good} submit date:2601010000 done date:2601010000 stat:{stat} err:000 text:"
        receipt = words.encode()
        head = b"\0\1\1" + person.encode() + b"\0\1\1" + sender.encode() + b"\0"
        rest = bytes([RECEIPT, 0, 0]) + b"\0\0" + bytes([0, 0, 0, 0, len(receipt)]) + receipt
        number = next(self._numbers)
        thanked = self._thanks[number] = asyncio.get_running_loop().create_future()
        self._say(DELIVER, number, head + rest)
        try:
            await asyncio.wait_for(thanked, 20)
        except (TimeoutError, asyncio.CancelledError):
            return False
        return True


def submitted(body: bytes) -> tuple[str, str, bool, int, bytes]:
    """Of a submit_sm: sender, receiver's digits, whether a header begins the text, what is to be reported, text."""
    _, rest = body.split(b"\0", 1)
    sender, rest = rest[2:].split(b"\0", 1)
    person, rest = rest[2:].split(b"\0", 1)
    headed = bool(rest[0] & HEADED)
    _, rest = rest[3:].split(b"\0", 1)
    _, rest = rest.split(b"\0", 1)
    registered, length = rest[0], rest[4]
    return sender.decode(), person.decode().lstrip("+"), headed, registered, rest[5 : 5 + length]
