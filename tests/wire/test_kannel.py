"""A real Kannel and our wire to it: what it takes, what it refuses, what it reports."""

from __future__ import annotations

import asyncio
import re
import time
from collections import defaultdict
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import asynccontextmanager
from typing import Any
from urllib.parse import unquote_to_bytes

import pytest
from aiohttp import web
from carrier_wire import letter
from kannel_gateway import MOST_PARTS, PASSWORD, USER, Gateway
from pydantic import SecretStr

from config.carriers.kannel import Kannel
from dispatcher.carriers.kannel import LANGUAGE
from dispatcher.carriers.language import Callback
from dispatcher.claim import Letter
from dispatcher.happenings import Answered
from dispatcher.words import Answer, Channel, Outcome
from workers.carriers.client import CarrierClient
from workers.carriers.kannel import KannelCarrier

pytestmark = [pytest.mark.slow, pytest.mark.xdist_group("carriers")]

WORDS = "【山西反诈】您疑似遇到冒充公检法诈骗：100% & +86 ~*'\"<>#?=;/\\ 请立即挂断，可拨110或96110。"


@pytest.fixture(scope="module")
def gateway(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Gateway]:
    """A Kannel for this file's tests."""
    made = Gateway(tmp_path_factory.mktemp("kannel"))
    made.start()
    yield made
    made.stop()


class Door:
    """What Kannel reported, read in its language, by our reference and in the order in which it came."""

    def __init__(self) -> None:
        self.codes: dict[str, list[str]] = defaultdict(list)
        self.port = 0

    async def report(self, request: web.Request) -> web.Response:
        """One report."""
        told, faults = LANGUAGE.read_news(
            Callback(request.method, str(request.url), request.query, dict(request.headers), await request.read())
        )
        assert not faults
        self.codes[told[0].reference].append(told[0].code)
        thanks = LANGUAGE.reply(Callback("GET", "", {}, {}, b""))
        return web.Response(status=thanks.status, body=thanks.body)

    async def hears(self, reference: str, *codes: str) -> None:
        """Wait until it has heard these of a text."""
        give_up = time.monotonic() + 40
        while not set(codes) <= set(self.codes[reference]):
            assert time.monotonic() < give_up, self.codes[reference]
            await asyncio.sleep(0.05)


@asynccontextmanager
async def open_door() -> AsyncIterator[Door]:
    """A door that reports come to."""
    door = Door()
    app = web.Application()
    app.router.add_get("/v1/receipts/kannel/s", door.report)
    runner = web.AppRunner(app, access_log=None)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    door.port = site._server.sockets[0].getsockname()[1]  # type: ignore[union-attr]
    try:
        yield door
    finally:
        await runner.cleanup()


def settings(gateway: Gateway, **more: Any) -> Kannel:
    """Our section for this gateway."""
    told = {"name": "kannel", "base_url": gateway.base_url, "username": USER, "password": SecretStr(PASSWORD)}
    return Kannel.model_validate(told | more)


def send(gateway: Gateway, letters: Sequence[Letter], *awaited: str, **more: Any) -> tuple[list[Answered], Door]:
    """Send these, and await reports of each that was taken."""

    async def sending() -> tuple[list[Answered], Door]:
        async with open_door() as door, CarrierClient() as client:
            callback = f"http://127.0.0.1:{door.port}/v1/receipts/kannel/s"
            carrier = KannelCarrier(settings(gateway, **more), client, callback=callback)
            gate = asyncio.Semaphore(20)

            async def one(one: Letter) -> Answered:
                async with gate:
                    return (await carrier.send(Channel.SMS, [one]))[0]

            answers = list(await asyncio.gather(*map(one, letters)))
            for one_letter in letters:
                if awaited:
                    await door.hears(one_letter.reference, *awaited)
            return answers, door

    return asyncio.run(sending())


def test_a_text_is_taken_and_reported(gateway: Gateway) -> None:
    """One person's text goes through a real gateway: taken, given to the operator letter by letter, delivered."""
    answers, door = send(gateway, [letter("taken1", text=WORDS)], "8", "1")
    assert [one.answer for one in answers] == [Answer.ACCEPTED]
    assert {LANGUAGE.codes[code] for code in door.codes["taken1"]} == {None, Outcome.DELIVERED}
    assert WORDS in given(gateway)


def test_a_flash_text_is_one(gateway: Gateway) -> None:
    """A flash text was promised: Kannel takes it as one, and delivers it."""
    answers, _ = send(gateway, [letter("flash1", text=WORDS, flash=True)], "8", "1")
    assert [one.answer for one in answers] == [Answer.ACCEPTED]


def test_a_long_text_is_whole_and_a_longer_one_is_not_sent(gateway: Gateway) -> None:
    """Ten parts arrive whole. Of eleven Kannel would drop the last and say nothing: they are not sent."""
    whole = "字" * 67 * MOST_PARTS
    answers, _ = send(gateway, [letter("long1", text=whole)], "1")
    assert [one.answer for one in answers] == [Answer.ACCEPTED]
    assert sum(text.count("字") for text in given(gateway)) == len(whole)
    answers, _ = send(gateway, [letter("long2", text=whole + "字"), letter("none1", text=" ")])
    assert [(one.answer, one.outcome, one.code) for one in answers] == [
        (Answer.REFUSED, Outcome.OUR_FAULT, "too_many_parts"),
        (Answer.REFUSED, Outcome.OUR_FAULT, "empty_text"),
    ]
    assert sum(text.count("字") for text in given(gateway)) == len(whole)


def test_a_wrong_password_is_our_fault(gateway: Gateway) -> None:
    """The password was changed: nothing was sent, and it is ours to mend."""
    answers, _ = send(gateway, [letter("wrong1")], password=SecretStr("old"))
    assert endings(answers) == [(Answer.REFUSED, Outcome.OUR_FAULT, "authorization")]


def test_a_number_without_a_route_is_our_fault(gateway: Gateway) -> None:
    """Nobody told Kannel where this number's texts go: refused as such, and reported as refused."""
    answers, _ = send(gateway, [letter("noroute1", to="+8619900000000")], "16")
    assert endings(answers) == [(Answer.REFUSED, Outcome.OUR_FAULT, "not_routable")]


def endings(answers: Sequence[Answered]) -> list[tuple[Answer, Outcome | None, str | None]]:
    """How each ended."""
    return [(one.answer, one.outcome, one.code) for one in answers]


def given(gateway: Gateway) -> list[str]:
    """The texts that the operator was given, part by part."""
    found = re.findall(r"(?:ucs-2|data) (\S+)>", gateway.operator_heard())
    return [unquote_to_bytes(text.replace("+", " ")).decode("utf-16-be", "replace") for text in found]
