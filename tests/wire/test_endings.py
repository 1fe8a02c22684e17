"""Every way a carrier's request can end, over a real wire: taken, surely not sent, or unsure."""

from __future__ import annotations

import asyncio
import json
import time

import pytest
from deployment import free_port
from raw_carrier import (
    REFERENCES,
    SETTLING_S,
    Serve,
    accepted,
    answers,
    at,
    at_port,
    http,
    kinds,
    replying,
    request_of,
    two_letters,
)

from dispatcher.happenings import Answered
from dispatcher.words import Answer, Outcome
from workers.carriers import SimulatorCarrier
from workers.carriers.client import CarrierClient, send_by
from workers.carriers.interface import NETWORK


def test_a_taken_letter_is_accepted() -> None:
    """The carrier took two texts and answered out of order: each is known by its own id."""
    ended = at(replying(answers(accepted("ref2"), accepted("ref1"))), two_letters)
    assert [(one.answer, one.carrier_ref) for one in ended] == [
        (Answer.ACCEPTED, "c-ref1"),
        (Answer.ACCEPTED, "c-ref2"),
    ]


def test_a_refused_connection_sent_nothing() -> None:
    """The carrier was down: nothing can have been sent, so the person is tried again and not left in doubt."""
    ended = asyncio.run(at_port(free_port(), two_letters))
    assert [(one.answer, one.code) for one in ended] == [(Answer.BUSY, "not_connected")] * 2


def test_a_name_that_nobody_knows_sent_nothing() -> None:
    """The carrier's name could not be resolved: nothing can have been sent."""
    ended = asyncio.run(at_port(80, two_letters, host="nowhere.invalid"))
    assert [(one.answer, one.code) for one in ended] == [(Answer.BUSY, "not_connected")] * 2


async def hangs(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Reads, and says nothing until the other side has gone."""
    await request_of(reader)
    await reader.read()
    writer.close()


async def resets(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Reads, and resets the connection."""
    await request_of(reader)
    writer.transport.abort()


async def drops_at_once(_reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Hangs up without reading anything."""
    writer.transport.abort()


WHOLE = json.dumps({"answers": [accepted(reference) for reference in REFERENCES]}).encode()

UNSURE: dict[str, Serve] = {
    "hung up after reading": replying(b""),
    "reset after reading": resets,
    "dropped at once, having connected": drops_at_once,
    "silent": hangs,
    "a byte a second": replying(http("200 OK", WHOLE), pause_s=1.0, size=1),
    "cut in the head": replying(b"HTTP/1.1 200 OK\r\nContent-Le"),
    "cut in the body": replying(http("200 OK", WHOLE[:40], length=len(WHOLE))),
    "no HTTP at all": replying(b"SSH-2.0-OpenSSH_9.2\r\n"),
    "500": replying(http("500 Internal Server Error")),
    "502": replying(http("502 Bad Gateway", b"<html>")),
    "504": replying(http("504 Gateway Timeout")),
    "200 with a page": replying(http("200 OK", b"<html>thank you</html>", "Content-Type: text/html")),
    "200 with nothing": replying(http("200 OK")),
    "200 with half a JSON": replying(http("200 OK", WHOLE[: len(WHOLE) // 2])),
    "200 with other JSON": replying(http("200 OK", b'{"code": 0}')),
    "200 with a list": replying(http("200 OK", b"[1]")),
    "200 with nothing in it": replying(answers()),
    "200 with nonsense in it": replying(answers(17, None, {}, {"reference": ["x"]})),
    "200 with no text": replying(http("200 OK", b"\xff\xfe\xfd")),
    "200 nested endlessly": replying(http("200 OK", b"[" * 200_000)),
    "200 in words unknown": replying(answers(*({"reference": one, "answer": "perhaps"} for one in REFERENCES))),
    "a redirect": replying(http("302 Found", b"", "Location: http://127.0.0.1:1/")),
}


@pytest.mark.parametrize("what", UNSURE)
def test_what_may_have_been_sent_is_unsure(what: str) -> None:
    """The carrier may have taken the texts, and nobody can tell: they are unsure, and it will be asked."""
    ended = at(UNSURE[what], two_letters)
    assert [(one.answer, one.ask_in_s) for one in ended] == [(Answer.UNSURE, SETTLING_S)] * 2


def test_who_cannot_be_asked_is_not_asked() -> None:
    """A carrier that cannot be asked hung up: unsure, and only news can tell."""
    ended = at(replying(b""), two_letters, askable=False)
    assert [(one.answer, one.ask_in_s) for one in ended] == [(Answer.UNSURE, None)] * 2


@pytest.mark.parametrize(
    ("reply", "pause_s"),
    [
        (http("503 Service Unavailable", b"", "Retry-After: 7"), 7.0),
        (http("503 Service Unavailable"), None),
        (http("429 Too Many Requests", b"", "Retry-After: 2.5"), 2.5),
        (http("429 Too Many Requests", b"", "Retry-After: Wed, 21 Oct 2026 07:28:00 GMT"), None),
        (http("429 Too Many Requests", b"", "Retry-After: -5"), 0.0),
        (http("429 Too Many Requests", b"", "Retry-After: nan"), None),
        (http("429 Too Many Requests", b"", "Retry-After: inf"), None),
    ],
)
def test_a_busy_carrier_says_when(reply: bytes, pause_s: float | None) -> None:
    """The carrier had too much to do: surely not sent, and tried again when it said, or by our own pause."""
    ended = at(replying(reply), two_letters)
    assert [(one.answer, one.retry_after_s) for one in ended] == [(Answer.BUSY, pause_s)] * 2


@pytest.mark.parametrize("status", ["400 Bad Request", "401 Unauthorized", "404 Not Found", "413 Too Large"])
def test_a_refused_request_is_our_fault(status: str) -> None:
    """The carrier could not read our request: surely not sent, and told as our own fault."""
    ended = at(replying(http(status)), two_letters)
    assert [(one.answer, one.outcome) for one in ended] == [(Answer.REFUSED, Outcome.OUR_FAULT)] * 2


def test_each_letter_has_an_ending_of_its_own() -> None:
    """One number was refused and the other was left out of the answer: only the other is in doubt."""
    refused = {"reference": "ref1", "answer": "refused", "code": "BADNUMBER"}
    ended = at(replying(answers(refused, accepted("stranger"))), two_letters)
    assert kinds(ended) == [Answer.REFUSED, Answer.UNSURE]
    assert ended[0].outcome is Outcome.BAD_NUMBER


@pytest.mark.parametrize("pause", ["soon", None, -1, "nan", {}, True])
def test_a_busy_letter_with_a_strange_pause_does_no_harm(pause: object) -> None:
    """The carrier was busy for one letter and could not say until when: our own pause holds, or none."""
    busy = {"reference": "ref1", "answer": "busy", "retry_after_s": pause}
    ended = at(replying(answers(busy, accepted("ref2"))), two_letters)
    assert kinds(ended) == [Answer.BUSY, Answer.ACCEPTED]
    assert ended[0].retry_after_s in (None, 0.0, 1.0)


@pytest.mark.parametrize("carrier_id", ["nul\0", "x" * 500, ""])
def test_a_strange_carriers_id_can_be_kept(carrier_id: str) -> None:
    """The carrier took a text under an id that no database would keep: it is cut, or the try is unsure."""
    taken = accepted("ref1") | {"carrier_id": carrier_id}
    ended = at(replying(answers(taken, accepted("ref2"))), two_letters)
    assert kinds(ended)[1] is Answer.ACCEPTED
    assert ended[0].answer is (Answer.UNSURE if "\0" in carrier_id else Answer.ACCEPTED)
    assert len(ended[0].carrier_ref or "") <= 64


async def stops_halfway(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Begins an answer, and says no more until the other side has gone."""
    await request_of(reader)
    writer.write(b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 999\r\n\r\n{")
    await reader.read()
    writer.close()


def test_an_answer_that_stops_halfway_costs_no_connection() -> None:
    """The carrier began to answer and went silent: the text is unsure, and its connection is free for the next one."""

    async def twice(carrier: SimulatorCarrier) -> tuple[list[Answered], int]:
        ended = [*await two_letters(carrier), *await two_letters(carrier)]
        connector = carrier._client._wire.client.connector  # type: ignore[attr-defined]  # nothing else tells
        return ended, len(connector._acquired)

    ended, taken = at(stops_halfway, twice)
    assert {one.answer for one in ended} == {Answer.UNSURE}
    assert taken == 0


def test_a_request_that_its_lease_would_not_outlive_is_not_sent() -> None:
    """The process stood still before the text was on the wire, until others might have it: the carrier never saw it."""
    seen: list[bytes] = []

    async def counting(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        seen.append(await request_of(reader))
        writer.close()

    async def late(carrier: SimulatorCarrier) -> list[Answered]:
        send_by.set(time.monotonic() - 1)
        return await two_letters(carrier)

    ended = at(counting, late)
    assert [(one.answer, one.code, one.retry_after_s) for one in ended] == [(Answer.BUSY, "too_late_to_send", 0.0)] * 2
    assert not seen


def test_a_get_is_sent_once() -> None:
    """A carrier that takes texts by GET dropped a kept connection in mid-request: nobody sent the text again."""
    seen: list[bytes] = []

    async def once_then_drops(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        seen.append(await reader.readuntil(b"\r\n\r\n"))
        writer.write(http("200 OK", b"ok"))
        seen.append(await reader.readuntil(b"\r\n\r\n"))
        writer.close()

    async def both() -> None:
        server = await asyncio.start_server(once_then_drops, "127.0.0.1", 0)
        url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/send"
        async with CarrierClient() as client:
            assert (await client.get(url)).is_success
            with pytest.raises(NETWORK):
                await client.get(url)
        server.close()

    asyncio.run(both())
    assert len(seen) == 2
