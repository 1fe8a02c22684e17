"""Every vendor's carrier over a real wire: taken, surely not sent, or unsure, and never anything else."""

from __future__ import annotations

import asyncio
import ssl
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
from pathlib import Path
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from deployment import free_port
from raw_carrier import http, replying
from vendor_wire import VENDORS, before, before_each, keeping, letter_to, unsure_endings

from dispatcher.happenings import Answered
from dispatcher.words import Answer, Outcome
from workers.carriers.client import CarrierClient


def sending(vendor: str, *references: str) -> Any:
    """Send a letter for each reference, all to the same person."""

    async def act(carrier: Any) -> list[Answered]:
        letters = [letter_to(one) for one in references or ("ref1",)]
        told: list[Answered] = await carrier.send(VENDORS[vendor].channel, letters)
        return told

    return act


@pytest.mark.parametrize("vendor", VENDORS)
def test_a_taken_letter_is_accepted(vendor: str) -> None:
    """The carrier took a letter: it is known under the name that the carrier gave it."""
    (ended,) = before(vendor, replying(VENDORS[vendor].taken), sending(vendor))
    assert (ended.answer, ended.carrier_ref) == (Answer.ACCEPTED, VENDORS[vendor].theirs)


@pytest.mark.parametrize("vendor", VENDORS)
def test_what_may_have_been_sent_is_unsure(vendor: str) -> None:
    """The carrier may have taken the letter, and nobody can tell: unsure, and it is asked where it can be."""

    async def act(carrier: Any) -> tuple[Answer, bool]:
        (ended,) = await sending(vendor)(carrier)
        return ended.answer, ended.ask_in_s == carrier.ask_after_s

    endings = unsure_endings(VENDORS[vendor].taken)
    assert before_each(vendor, endings, act) == dict.fromkeys(endings, (Answer.UNSURE, True))


@pytest.mark.parametrize("vendor", VENDORS)
def test_a_carrier_that_is_down_sent_nothing(vendor: str) -> None:
    """The carrier was down: nothing can have been sent, so the person is tried again and not left in doubt."""

    async def acting() -> list[Answered]:
        async with CarrierClient() as client:
            carrier = VENDORS[vendor].make(f"http://127.0.0.1:{free_port()}", client)
            told: list[Answered] = await sending(vendor)(carrier)
            return told

    assert [(one.answer, one.code) for one in asyncio.run(acting())] == [(Answer.BUSY, "not_connected")]


@pytest.mark.parametrize("vendor", VENDORS)
def test_a_refused_request_was_surely_not_sent(vendor: str) -> None:
    """The carrier, or what stands before it, could not read our request, or had too many: surely not sent."""
    ours, later = (Answer.REFUSED, Outcome.OUR_FAULT), (Answer.BUSY, None)
    statuses = {
        "400 Bad Request": ours,
        "403 Forbidden": ours,
        "404 Not Found": ours,
        "413 Content Too Large": ours,
        "429 Too Many Requests": later,
    }
    serves = {status: replying(http(status, b"<html>")) for status in statuses}
    came = before_each(vendor, serves, sending(vendor))
    assert {status: (ended.answer, ended.outcome) for status, (ended,) in came.items()} == statuses


@dataclass
class Certificate:
    """One that the client trusts; it holds until `until`."""

    serving: ssl.SSLContext
    trusted: str


def certificate(folder: Path, until: datetime) -> Certificate:
    """A certificate of 127.0.0.1."""
    key, name = ec.generate_private_key(ec.SECP256R1()), x509.Name([])
    begin = until - timedelta(days=30)
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(begin)
        .not_valid_after(until)
        .add_extension(x509.SubjectAlternativeName([x509.IPAddress(ip_address("127.0.0.1"))]), critical=True)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    pem = made.public_bytes(serialization.Encoding.PEM)
    plain = serialization.NoEncryption()
    secret = key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, plain)
    path = folder / "server.pem"
    path.write_bytes(pem + secret)
    serving = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    serving.load_cert_chain(path)
    return Certificate(serving, pem.decode())


@pytest.mark.parametrize("vendor", VENDORS)
@pytest.mark.parametrize("days", [1, -1])
def test_an_expired_certificate_is_told_nothing(vendor: str, days: int, tmp_path: Path) -> None:
    """The carrier's certificate ran out yesterday: nobody's number goes to it. While it held, the letter was taken."""
    requests: list[bytes] = []
    proof = certificate(tmp_path, datetime.now(UTC) + timedelta(days=days))
    (ended,) = before(vendor, keeping(requests, VENDORS[vendor].taken), sending(vendor), ssl=proof)
    if days > 0:
        assert ended.answer is Answer.ACCEPTED
    else:
        assert (ended.answer, ended.code, requests) == (Answer.BUSY, "not_connected", [])
