"""Our own adapters and languages against the dialects: what each says is what the other hears."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator
from datetime import datetime
from typing import Any

import httpx
import pytest
from carrier_wire import kannel, letter, twilio_calls, twilio_texts
from pydantic import SecretStr
from town_help import CarrierDesk, Receiver, person, town, until
from vendor_help import Ear, Heard, listening

from dispatcher.carriers import twilio
from dispatcher.carriers.kannel import LANGUAGE as KANNEL
from dispatcher.carriers.language import Callback, Language
from dispatcher.happenings import Answered
from dispatcher.words import Answer, Channel, Outcome
from workers.carriers.interface import Carrier, Found, Question
from workers.carriers.kannel import KannelCarrier
from workers.carriers.twilio import TwilioCarrier

OURS = {"auth_token": SecretStr("made-up"), "account_sid": "AC" + "0" * 32}
WORDS = "【山西反诈】您疑似遇到冒充公检法诈骗：公检法不会电话办案，没有安全账户。请立即挂断，可拨110或96110。"
KINDS: dict[str, tuple[Language, Channel, Callable[[str, httpx.AsyncClient, str], Carrier]]] = {
    "twilio": (
        twilio.TEXTS,
        Channel.SMS,
        lambda base, client, door: TwilioCarrier(twilio_texts(f"{base}/twilio", **OURS), client, callback=door),
    ),
    "twilio-voice": (
        twilio.CALLS,
        Channel.CALL,
        lambda base, client, door: TwilioCarrier(twilio_calls(f"{base}/twilio", **OURS), client, callback=door),
    ),
    "kannel": (
        KANNEL,
        Channel.SMS,
        lambda base, client, door: KannelCarrier(
            kannel(f"{base}/kannel", username="sim", password=SecretStr("made-up")), client, callback=door
        ),
    ),
}
"""By dialect: the language, the channel, and how the adapter is made for an address of the town's."""


@pytest.fixture(scope="module")
def door() -> Iterator[Ear]:
    """Our door: it replies to each vendor as that one's language says."""
    with listening() as ear:
        ear.answer = _reply
        yield ear


@pytest.fixture(scope="module")
def desk() -> Iterator[CarrierDesk]:
    """A calm town."""
    with town(Receiver()) as one:
        yield one


def callback_of(heard: Heard) -> Callback:
    """What came to the door, as the door hands it on."""
    return Callback(heard.method, heard.url, heard.query, heard.headers, heard.body)


def _reply(heard: Heard) -> tuple[int, bytes, str]:
    dialect = heard.url.partition("?")[0].rsplit("/", 1)[1]
    reply = KINDS[dialect][0].reply(callback_of(heard))
    return reply.status, reply.body, reply.media_type


def at(dialect: str, desk: CarrierDesk, door: Ear, do: Callable[[Carrier], Any]) -> Any:
    """What our adapter for a dialect comes back with."""

    async def done() -> Any:
        async with httpx.AsyncClient(trust_env=False) as client:
            base = str(desk.http.base_url).rstrip("/")
            return await do(KINDS[dialect][2](base, client, f"{door.url}/{dialect}"))

    return asyncio.run(done())


def send(dialect: str, desk: CarrierDesk, door: Ear, reference: str, to: str) -> Answered:
    """One letter, sent."""
    one = letter(reference, text=WORDS, to=to)
    [answer] = at(dialect, desk, door, lambda carrier: carrier.send(KINDS[dialect][1], [one]))
    assert isinstance(answer, Answered)
    return answer


def outcomes(dialect: str, door: Ear, reference: str) -> list[Outcome]:
    """What our language makes of the callbacks on a reference, what is not final left out, in order."""
    language, found = KINDS[dialect][0], []
    for heard in door.at(f"/{dialect}"):
        callback = callback_of(heard)
        assert language.honest is None or language.honest(callback, "made-up")
        told, faults = language.read_news(callback)
        assert not faults
        found += [language.codes.get(one.code, Outcome.UNKNOWN) for one in told if one.reference == reference]
    return [one for one in found if one is not None]


@pytest.mark.parametrize(
    ("dialect", "ending", "outcome"),
    [
        ("kannel", "9920", Outcome.DELIVERED),
        ("kannel", "9916", Outcome.PHONE_TEMPORARY),
        ("kannel", "9917", Outcome.BAD_NUMBER),
        ("twilio", "9920", Outcome.DELIVERED),
        ("twilio", "9916", Outcome.PHONE_TEMPORARY),
        ("twilio", "9917", Outcome.BAD_NUMBER),
        ("twilio-voice", "9907", Outcome.HEARD),
        ("twilio-voice", "9911", Outcome.BUSY),
        ("twilio-voice", "9912", Outcome.NO_ANSWER),
        ("twilio-voice", "9913", Outcome.HUNG_UP),
        ("twilio-voice", "9914", Outcome.MACHINE),
        ("twilio-voice", "9918", Outcome.UNREACHABLE),
    ],
)
def test_what_became_of_somebody_is_heard_as_it_was(
    desk: CarrierDesk, door: Ear, dialect: str, ending: str, outcome: Outcome
) -> None:
    """Somebody is warned in a vendor's words, and what the town says became of it is what we understand."""
    reference = f"{dialect.replace('-', '')[:8]}{ending}"
    answer = send(dialect, desk, door, reference, person(ending))
    assert answer.answer is Answer.ACCEPTED
    assert until(lambda: outcomes(dialect, door, reference)) == [outcome]


@pytest.mark.parametrize(("ending", "key"), [("9920", Outcome.KEY_UNDERSTOOD), ("9915", Outcome.KEY_PAID)])
def test_a_pressed_key_is_heard(desk: CarrierDesk, door: Ear, ending: str, key: Outcome) -> None:
    """Somebody presses a key; it comes by the script's action, and then that the call was heard."""
    send("twilio-voice", desk, door, f"key{ending}", person(ending))
    found = until(lambda: len(outcomes("twilio-voice", door, f"key{ending}")) == 2)
    assert found
    assert outcomes("twilio-voice", door, f"key{ending}") == [key, Outcome.HEARD]


@pytest.mark.parametrize("dialect", sorted(KINDS))
def test_a_refusal_is_a_refusal_and_busy_is_busy(desk: CarrierDesk, door: Ear, dialect: str) -> None:
    """A number that nobody has is refused for good, a vendor that is busy is tried again, and nothing was sent."""
    refused = send(dialect, desk, door, f"r{dialect.replace('-', '')}"[:15], person("9901"))
    assert refused.answer is Answer.REFUSED
    if dialect != "kannel":  # its 403 has no words for why
        assert refused.outcome in {Outcome.BAD_NUMBER, Outcome.INVALID_NUMBER}
    assert send(dialect, desk, door, f"b{dialect.replace('-', '')}"[:15], person("9902")).answer is Answer.BUSY


@pytest.mark.parametrize("dialect", ["twilio", "twilio-voice"])
def test_a_dropped_try_is_found_when_asked_for(desk: CarrierDesk, door: Ear, dialect: str) -> None:
    """The connection ends without a word; asked by number and time, the vendor has the try."""
    phone, reference = person("9904"), f"d{dialect.replace('-', '')}"
    one = letter(reference, text=WORDS, to=phone)
    [answer] = at(dialect, desk, door, lambda carrier: carrier.send(KINDS[dialect][1], [one]))
    assert answer.answer is Answer.UNSURE
    [sent] = [entry for entry in desk.ledger() if entry["reference"] == reference and entry["kind"] in ("text", "ring")]
    begun_at = datetime.fromisoformat(sent["at"])
    question = Question(reference, None, phone, begun_at)
    found: dict[str, Found] = at(dialect, desk, door, lambda carrier: carrier.ask([question]))
    assert found[reference].found
