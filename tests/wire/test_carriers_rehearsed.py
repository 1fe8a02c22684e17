"""Aliyun and Tencent rehearsed: our wires against vendors that were written from their documents, not from our code."""

from __future__ import annotations

import asyncio
import os
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import httpx
import pytest
from deployment import free_port, until
from pydantic import SecretStr
from vendor_wire import letter_to

from config.carriers.aliyun import AliyunSmsSettings, AliyunVoiceSettings
from config.carriers.tencent import TencentSmsSettings, TencentVoiceSettings
from dispatcher.carriers import LANGUAGES
from dispatcher.carriers.language import Callback, Reply
from dispatcher.happenings import Answered
from dispatcher.news import Told
from dispatcher.words import Answer, Channel, Outcome
from workers.carriers import WIRES
from workers.carriers.client import CarrierClient
from workers.carriers.interface import Found, Question

SECRET = "made up for a rehearsal"
ALIYUN: dict[str, Any] = {"access_key_id": "sim", "access_key_secret": SecretStr(SECRET)}
TENCENT: dict[str, Any] = {"secret_id": "sim", "secret_key": SecretStr(SECRET), "sdk_app_id": "1400006666"}
SECTIONS: dict[str, tuple[type[Any], str, dict[str, Any]]] = {
    "aliyun_sms": (AliyunSmsSettings, "aliyun", ALIYUN | {"sign_name": "山西反诈", "templates": {"default": "SMS_1"}}),
    "aliyun_voice": (AliyunVoiceSettings, "aliyun-voice", ALIYUN | {"templates": {"default": "TTS_1"}}),
    "tencent_sms": (TencentSmsSettings, "tencent", TENCENT | {"sign_name": "山西反诈", "templates": {"default": "1"}}),
    "tencent_voice": (TencentVoiceSettings, "tencent", TENCENT | {"templates": {"default": "1"}}),
}
TEXTS = ("aliyun_sms", "tencent_sms")
CALLS = ("aliyun_voice", "tencent_voice")


@dataclass
class Rehearsal:
    """A simulator of its own, and a door that reads what it pushes, each kind in its language."""

    base: str
    door: ThreadingHTTPServer
    told: dict[str, list[Told]] = field(default_factory=lambda: {kind: [] for kind in SECTIONS})
    faults: list[str] = field(default_factory=list)

    def outcomes(self, kind: str, reference: str, carrier_ref: str | None) -> list[Outcome | None]:
        """What was told of a try, by our reference or the vendor's."""
        codes = LANGUAGES[kind].codes
        mine = [one for one in self.told[kind] if one.reference == reference or one.carrier_ref == carrier_ref]
        return [codes.get(one.code, Outcome.UNKNOWN) for one in mine]

    def act(self, kind: str, act: Any, **more: Any) -> Any:
        """Act with this kind's carrier."""

        async def acting() -> Any:
            section, prefix, told = SECTIONS[kind]
            told = {"name": "one", "kind": kind, "live": False, "base_url": f"{self.base}/{prefix}"} | told | more
            async with CarrierClient() as client:
                return await act(WIRES[kind](section(**told), client, callback=""))

        return asyncio.run(acting())


@pytest.fixture(scope="module")
def rehearsal() -> Iterator[Rehearsal]:
    """The simulator's vendors, on ports of this module's own."""

    class Door(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            kind, body = self.path.strip("/"), self.rfile.read(int(self.headers["Content-Length"]))
            told, faults = LANGUAGES[kind].read_news(Callback("POST", self.path, {}, {}, body))
            made.told[kind] += told
            made.faults += faults
            thanks = LANGUAGES[kind].thanks
            assert isinstance(thanks, Reply)
            self.send_response(thanks.status)
            self.send_header("Content-Type", thanks.media_type)
            self.send_header("Content-Length", str(len(thanks.body)))
            self.end_headers()
            self.wfile.write(thanks.body)

        def log_message(self, *_: Any) -> None:
            pass

    door = ThreadingHTTPServer(("127.0.0.1", 0), Door)
    threading.Thread(target=door.serve_forever, daemon=True).start()
    port, ours = free_port(), f"http://127.0.0.1:{door.server_port}"
    pushed = {
        f"QUANZU_SIMULATOR_{name.upper().replace('-', '_')}_CALLBACK": f"{ours}/{kind}"
        for name, kind in zip(("aliyun", "aliyun-voice", "tencent", "tencent-voice"), SECTIONS, strict=True)
    }
    command = [sys.executable, "-m", "simulator", "--port", str(port), "--faults", "none", "--no-limits"]
    quick = ["--answer-ms", "0..1", "--news-ms", "1..20", "--hang-s", "2"]
    env = os.environ | pushed | {"QUANZU_SIMULATOR_SECRET": SECRET}
    process = subprocess.Popen([*command, *quick], env=env)
    made = Rehearsal(f"http://127.0.0.1:{port}", door)
    try:
        until("the simulator answers", lambda: _answers(made.base), within_s=60)
        yield made
    finally:
        process.terminate()
        process.wait(20)
        door.shutdown()
        door.server_close()


def _answers(base: str) -> bool:
    try:
        return httpx.get(base, trust_env=False).status_code > 0
    except httpx.HTTPError:
        return False


def sent(rehearsal: Rehearsal, kind: str, digits: str, **more: Any) -> tuple[str, Answered]:
    """A letter to a number that ends in these digits: its reference, and how it ended."""
    reference = f"r{kind[0]}{kind[-1]}{digits}{time.monotonic_ns() % 10**7}"
    channel = Channel.SMS if kind in TEXTS else Channel.CALL
    letter = letter_to(reference, to=f"+861380000{digits}")
    (ended,) = rehearsal.act(kind, lambda carrier: carrier.send(channel, [letter]), **more)
    return reference, ended


@pytest.mark.parametrize("kind", TEXTS)
@pytest.mark.parametrize(("digits", "outcome"), [("9920", Outcome.DELIVERED), ("9917", Outcome.BAD_NUMBER)])
def test_a_text_is_followed_to_its_end(rehearsal: Rehearsal, kind: str, digits: str, outcome: Outcome) -> None:
    """A person's phone took the text, another's number does not exist: each vendor's report tells which."""
    reference, ended = sent(rehearsal, kind, digits)
    assert ended.answer is Answer.ACCEPTED
    until("the report comes", lambda: outcome in rehearsal.outcomes(kind, reference, ended.carrier_ref), within_s=30)
    assert rehearsal.faults == []


@pytest.mark.parametrize("kind", CALLS)
@pytest.mark.parametrize(
    ("digits", "outcome"),
    [
        ("9920", Outcome.KEY_UNDERSTOOD),
        ("9915", Outcome.KEY_PAID),
        ("9911", Outcome.BUSY),
        ("9912", Outcome.NO_ANSWER),
        ("9916", Outcome.POWERED_OFF),
        ("9917", Outcome.INVALID_NUMBER),
        ("9918", Outcome.SUSPENDED),
    ],
)
def test_a_call_is_followed_to_its_end(rehearsal: Rehearsal, kind: str, digits: str, outcome: Outcome) -> None:
    """A robot rang somebody who listened, paid, spoke, was off or gone: each vendor's reports tell which."""
    reference, ended = sent(rehearsal, kind, digits)
    assert ended.answer is Answer.ACCEPTED
    until("the report comes", lambda: outcome in rehearsal.outcomes(kind, reference, ended.carrier_ref), within_s=30)
    assert rehearsal.faults == []


@pytest.mark.parametrize("kind", SECTIONS)
def test_a_bad_number_is_refused(rehearsal: Rehearsal, kind: str) -> None:
    """The vendor would not take a number: surely not sent, and it is the number's fault."""
    _, ended = sent(rehearsal, kind, "9901")
    assert (ended.answer, ended.outcome) == (Answer.REFUSED, Outcome.BAD_NUMBER)


@pytest.mark.parametrize("kind", SECTIONS)
def test_a_wrong_key_is_our_fault(rehearsal: Rehearsal, kind: str) -> None:
    """The key in the carriers file was wrong: surely not sent, and told as our own fault."""
    field_name = "access_key_secret" if kind.startswith("aliyun") else "secret_key"
    _, ended = sent(rehearsal, kind, "9920", **{field_name: SecretStr("another")})
    assert (ended.answer, ended.outcome) == (Answer.REFUSED, Outcome.OUR_FAULT)


def test_an_unsure_text_is_asked_for(rehearsal: Rehearsal) -> None:
    """Aliyun took a text and never said so: asked by number and day it has that one, and never had another."""
    begun_at = datetime.now(UTC)
    reference, ended = sent(rehearsal, "aliyun_sms", "9903", request_timeout_s=0.5)
    assert ended.answer is Answer.UNSURE
    to = "+8613800009903"
    questions = [Question(one, None, to, begun_at) for one in (reference, "neverwas")]
    found = rehearsal.act("aliyun_sms", lambda carrier: carrier.ask(questions))
    assert found[reference].found
    assert found["neverwas"] == Found(False, None, None, None)


def test_tencents_record_is_known_by_its_serial(rehearsal: Rehearsal) -> None:
    """Tencent delivered a text: asked by its own number it says so; of a try without one it says nothing."""
    begun_at = datetime.now(UTC)
    reference, ended = sent(rehearsal, "tencent_sms", "9920")
    questions = [Question(reference, ended.carrier_ref, "+8613800009920", begun_at)]

    def ask() -> Any:
        return rehearsal.act("tencent_sms", lambda carrier: carrier.ask(questions))

    found = until("the operator has reported", ask, within_s=30)
    assert (found[reference].found, found[reference].code) == (True, "DELIVRD")
    unknown = [Question("neverwas", None, "+8613800009920", begun_at)]
    assert rehearsal.act("tencent_sms", lambda carrier: carrier.ask(unknown)) is None
