"""Whatever a carrier over HTTP replies, or does not, each letter has one of the three endings."""

from __future__ import annotations

import asyncio
import ssl
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from carrier_wire import MADE, WITHIN_S, letter
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID
from deployment import free_port
from raw_carrier import Serve, http, replying

from dispatcher.happenings import Answered
from dispatcher.words import Answer, Channel, Outcome
from workers.carriers.client import CarrierClient

HTML = b"<!DOCTYPE html><html><body>Bad Gateway</body></html>"
JSON = "Content-Type: application/json"
TEXT = "Content-Type: text/html"


async def silent(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Reads, and says nothing."""
    await reader.read()
    writer.close()


ENDINGS: dict[str, tuple[Serve, Answer, str]] = {
    "a page instead of an answer": (replying(http("200 OK", HTML, TEXT)), Answer.UNSURE, "unreadable_answer"),
    "an empty answer": (replying(http("200 OK")), Answer.UNSURE, "unreadable_answer"),
    "half of an answer": (
        replying(http("201 Created", b'{"sid": "SM', JSON, length=400)),
        Answer.UNSURE,
        "ClientPayloadError",
    ),
    "a byte a second": (replying(http("202 Accepted", b"0: Accepted"), pause_s=1.0, size=1), Answer.UNSURE, "timeout"),
    "silence": (silent, Answer.UNSURE, "timeout"),
    "nothing and a closed door": (replying(b""), Answer.UNSURE, "ServerDisconnectedError"),
    "no HTTP at all": (replying(b"\x00\x01\x02\r\n\r\n"), Answer.UNSURE, ""),
    "somewhere else": (
        replying(http("302 Found", b"", "Location: http://127.0.0.1:9/never")),
        Answer.UNSURE,
        "http_302",
    ),
    "502": (replying(http("502 Bad Gateway", HTML, TEXT)), Answer.UNSURE, "http_502"),
    "504": (replying(http("504 Gateway Timeout", HTML, TEXT)), Answer.UNSURE, "http_504"),
    "500": (replying(http("500 Internal Server Error")), Answer.UNSURE, "http_500"),
    "503": (replying(http("503 Service Unavailable")), Answer.BUSY, "http_503"),
    "429": (replying(http("429 Too Many Requests", b"", "Retry-After: 7")), Answer.BUSY, "http_429"),
    "401 and a page": (replying(http("401 Unauthorized", HTML, TEXT)), Answer.REFUSED, "http_401"),
    "deep nonsense": (replying(http("200 OK", b"[" * 100_000, JSON)), Answer.UNSURE, "unreadable_answer"),
}


@pytest.mark.parametrize("told", ENDINGS)
@pytest.mark.parametrize("kind", MADE)
def test_each_reply_has_its_ending(kind: str, told: str) -> None:
    """A carrier replied so to one person's letter: it was surely not sent, or nobody can tell; never is it guessed."""
    serve, ending, code = ENDINGS[told]
    if told == "503" and kind.startswith("twilio"):
        ending = (
            Answer.UNSURE
        )  # only of Kannel is it known that a 503 was not taken, and a section of `http` can say so
    answer = at(serve, kind)
    assert answer.answer is ending
    assert code in (answer.code or "")
    if told == "429":
        assert answer.retry_after_s == 7.0
    if ending is Answer.REFUSED:
        assert answer.outcome is Outcome.OUR_FAULT


@pytest.mark.parametrize("kind", MADE)
def test_a_carrier_that_is_down_was_sent_nothing(kind: str) -> None:
    """Nobody listens there: surely not sent."""
    answer = asyncio.run(send(f"http://127.0.0.1:{free_port()}", kind))
    assert (answer.answer, answer.code) == (Answer.BUSY, "not_connected")


@pytest.mark.parametrize("kind", MADE)
def test_an_expired_certificate_is_told_nothing(kind: str, expired: ssl.SSLContext) -> None:
    """The carrier's certificate had expired: no person's number was told to whoever that was."""
    heard = bytearray()

    async def listen(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        heard.extend(await reader.read())
        writer.close()

    answer = at(listen, kind, tls=expired)
    assert (answer.answer, answer.code) == (Answer.BUSY, "not_connected")
    assert not heard


def at(serve: Serve, kind: str, tls: ssl.SSLContext | None = None) -> Answered:
    """What becomes of one letter at a carrier that is served so."""

    async def both() -> Answered:
        server = await asyncio.start_server(serve, "127.0.0.1", 0, ssl=tls)
        port = server.sockets[0].getsockname()[1]
        try:
            return await send(f"http{'s' if tls else ''}://127.0.0.1:{port}", kind)
        finally:
            server.close()

    return asyncio.run(both())


async def send(base_url: str, kind: str) -> Answered:
    """One letter."""
    channel = Channel.CALL if "voice" in kind else Channel.SMS
    async with CarrierClient() as client:
        carrier = MADE[kind](base_url, client)
        [answer] = await asyncio.wait_for(carrier.send(channel, [letter("ref1")]), 20 * WITHIN_S)
        return answer


@pytest.fixture(scope="module")
def expired(tmp_path_factory: pytest.TempPathFactory) -> ssl.SSLContext:
    """A server's side of TLS whose certificate ended yesterday."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "127.0.0.1")])
    now = datetime.now(UTC)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(days=30))
        .not_valid_after(now - timedelta(days=1))
        .sign(key, hashes.SHA256())
    )
    folder: Path = tmp_path_factory.mktemp("tls")
    (folder / "chain.pem").write_bytes(certificate.public_bytes(serialization.Encoding.PEM))
    pem = serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    (folder / "key.pem").write_bytes(key.private_bytes(*pem))
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(folder / "chain.pem", folder / "key.pem")
    return context
