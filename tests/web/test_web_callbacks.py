"""A configured carrier calls back at its own address: who is believed, what is stored, what the carrier hears."""

from __future__ import annotations

import hashlib
import hmac
import json
import logging
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from datetime import UTC, datetime
from ipaddress import ip_network
from typing import Any

import pytest
from doors import PHONE, Doors, problem
from fastapi.testclient import TestClient
from httpx import Response
from sqlalchemy.exc import OperationalError
from structlog.testing import capture_logs

from dispatcher import measures, receipts, tables
from dispatcher.carriers import simulator
from dispatcher.carriers.language import Callback, Language, Reply
from dispatcher.measures import Measure
from dispatcher.news import BadNews, Told
from web.app import make_app
from web.correspondents import Correspondent
from web.mailroom import Mailroom

SECRET, TOKEN, PUBLIC = "a" * 32, "signing-token", "https://warn.example/api"
NAME = simulator.NAME
"""The made-up vendors of this page use the simulator's codes, so that their news is understood when it is applied."""
DOOR = f"/v1/receipts/{NAME}/{SECRET}"
THANKS, AGAIN = Reply(200, b'{"code":0}', "application/json"), Reply(500, b"again", "text/plain")


def read_array(callback: Callback) -> tuple[list[Told], list[str]]:
    """An array in the body, as the vendors of texts push it."""
    try:
        items = json.loads(callback.body)
    except ValueError as fault:
        raise BadNews("must be JSON") from fault
    if not isinstance(items, list):
        raise BadNews("must be an array")
    told = [one for item in items if (one := _piece(item)) is not None]
    return told, ["unreadable"] * (len(items) - len(told))


def _piece(item: Any) -> Told | None:
    if not isinstance(item, dict) or "out_id" not in item:
        return None
    return Told(item["out_id"], item["code"], datetime(2026, 11, 22, 4, 0, 1, tzinfo=UTC), json.dumps(item).encode())


def read_query(callback: Callback) -> tuple[list[Told], list[str]]:
    """One piece in the query, as a gateway tells it."""
    told = Told(callback.query["ref"], callback.query["d"], datetime(2026, 11, 22, 4, 0, 1, tzinfo=UTC), b"{}")
    return [told], []


def right(url: str, body: bytes) -> str:
    """The made-up signature: over the public URL and the body."""
    return hmac.new(TOKEN.encode(), url.encode() + body, hashlib.sha256).hexdigest()


def honest(callback: Callback, secret: str) -> bool:
    """Whether it is signed so."""
    assert secret == TOKEN
    return hmac.compare_digest(callback.headers.get("x-signature", ""), right(callback.url, callback.body))


ARRAYS = Language("pusher", simulator.CODES, read_array, THANKS, AGAIN)
QUERIES = Language("gateway", simulator.CODES, read_query, Reply(202, b"", "text/plain"), AGAIN)
SIGNED = replace(QUERIES, honest=honest, thanks=lambda told: Reply(200, f"<{told.query['d']}/>".encode(), "text/xml"))


class Counts:
    """What was counted, by metric and labels."""

    def __init__(self) -> None:
        self.found: dict[tuple[str, ...], float] = {}

    def add(self, measure: Measure, labels: tuple[str, ...] = (), amount: float = 1) -> None:
        """Count up."""
        name = (measure.name, *labels)
        self.found[name] = self.found.get(name, 0) + amount

    def observe(self, measure: Measure, labels: tuple[str, ...], values: list[float]) -> None:
        """Not looked at here."""

    def text(self) -> bytes:
        """Nothing."""
        return b""

    def refused(self) -> dict[tuple[str, ...], float]:
        """Callbacks that were not believed, by carrier and reason."""
        return {name[1:]: many for name, many in self.found.items() if name[0] == "quanzu_callbacks_refused"}


Open = Callable[..., Counts]


@pytest.fixture
def opened(doors: Doors) -> Iterator[Open]:
    """Opens the doors anew, for a carrier of this language."""
    clients: list[TestClient] = []

    def open_(language: Language = ARRAYS, *, name: str = NAME, source: str = "203.0.113.9", **how: Any) -> Counts:
        counts, named = Counts(), {"secret": SECRET} | how
        correspondents = {name: Correspondent(language, **named)}
        doors.house = replace(doors.house, correspondents=correspondents, public_url=PUBLIC, meters=counts)
        client = TestClient(make_app(doors.house), raise_server_exceptions=False, client=(source, 1))
        clients.append(client)
        doors.client = client.__enter__()
        return counts

    yield open_
    for client in clients:
        client.__exit__(None, None, None)


def text_out(doors: Doors) -> str:
    """The reference of a text that the carrier has taken."""
    doors.push(doors.alert())
    (letter,) = doors.work()
    return letter.reference


def wait(doors: Doors) -> None:
    """News that was thanked for is applied: the mailroom finishes when it is closed."""
    mailroom: Mailroom = doors.client.app.state.mailroom  # type: ignore[attr-defined]  # the ASGI app is ours
    mailroom.stop()


def outcome(doors: Doors) -> str | None:
    """What the only text came to."""
    (row,) = (one for one in doors.rows(tables.dispatches) if one["channel"] == "sms")
    return None if row["outcome"] is None else str(row["outcome"])


def refuses(answer: Response, status: int, doors: Doors) -> None:
    """Refused as a problem, and nothing was stored."""
    problem(answer, status)
    assert doors.rows(tables.receipts) == []


def test_an_array_with_doubles_and_a_broken_element(doors: Doors, opened: Open) -> None:
    """A vendor pushes 500 reports, some twice and one broken: 499 are kept, it is thanked, the text delivered."""
    counts = opened()
    mine = {"out_id": text_out(doors), "code": "DELIVRD"}
    reports: list[Any] = [{"out_id": f"other{number}", "code": "DELIVRD"} for number in range(488)]
    answer = doors.client.post(DOOR, json=[*reports, mine, 17, *[mine] * 10])
    assert (answer.status_code, answer.content) == (THANKS.status, THANKS.body)
    assert answer.headers["content-type"] == THANKS.media_type
    assert len(doors.rows(tables.receipts)) == 499
    assert counts.found["quanzu_receipts", "unread"] == 1
    wait(doors)
    assert outcome(doors) == "delivered"


def test_the_same_push_again_changes_nothing(doors: Doors, opened: Open) -> None:
    """A vendor that had not heard our thanks pushes the very same again: it is thanked again, one outcome stands."""
    opened()
    body = json.dumps([{"out_id": text_out(doors), "code": "DELIVRD"}]).encode()
    for _ in range(3):
        assert doors.client.post(DOOR, content=body).content == THANKS.body
    wait(doors)
    assert [row["state"] for row in doors.rows(tables.receipts)].count("applied") == 1
    assert outcome(doors) == "delivered"


def test_worse_news_after_better_changes_nothing(doors: Doors, opened: Open) -> None:
    """Delivered, then expired: the person has the text, whatever the gateway believes later."""
    opened()
    mine = text_out(doors)
    for code in ("DELIVRD", "EXPIRED", "ENROUTE"):
        assert doors.client.post(DOOR, json=[{"out_id": mine, "code": code}]).is_success
    wait(doors)
    assert outcome(doors) == "delivered"


def test_news_in_the_query_and_a_reply_of_its_own(doors: Doors, opened: Open) -> None:
    """A gateway calls by GET and signs our public address: it hears what it wants to hear, made from its callback."""
    opened(SIGNED, signing=TOKEN)
    address = f"{DOOR}?ref={text_out(doors)}&d=DELIVRD&to=%2B86{PHONE}"
    answer = doors.client.get(address, headers={"X-Signature": right(PUBLIC + address, b"")})
    assert (answer.status_code, answer.content) == (200, b"<DELIVRD/>")
    wait(doors)
    assert outcome(doors) == "delivered"


@pytest.mark.parametrize("signature", [None, "", "0" * 64, "another address"])
def test_a_forged_signature_is_told_to_nobody(doors: Doors, opened: Open, signature: str | None) -> None:
    """Somebody knows the address and not the token: nothing is stored, nobody is told, it is counted."""
    counts = opened(SIGNED, signing=TOKEN)
    address = f"{DOOR}?ref={text_out(doors)}&d=DELIVRD"
    told = right(f"http://testserver{address}", b"") if signature == "another address" else signature
    headers: Mapping[str, str] = {} if told is None else {"X-Signature": told}
    refuses(doors.client.get(address, headers=headers), 401, doors)
    assert counts.refused() == {(NAME, "signature"): 1}
    assert outcome(doors) is None


def test_without_its_token_nothing_signed_is_believed(doors: Doors, opened: Open) -> None:
    """The operator forgot the vendor's token: the door stays shut instead of believing everybody."""
    counts = opened(SIGNED)
    refuses(doors.client.get(f"{DOOR}?ref=x&d=DELIVRD", headers={"X-Signature": ""}), 401, doors)
    assert counts.refused() == {(NAME, "signature"): 1}


@pytest.mark.parametrize(
    ("path", "secret", "counted"),
    [
        (f"/v1/receipts/{NAME}/{'b' * 32}", SECRET, (NAME, "secret")),
        (f"/v1/receipts/{NAME}/{SECRET[:-1]}", SECRET, (NAME, "secret")),
        (f"/v1/receipts/{NAME}/%ff", SECRET, (NAME, "secret")),
        (f"/v1/receipts/{NAME}/{SECRET}", "", (NAME, "secret")),
        (f"/v1/receipts/{PHONE}/{SECRET}", SECRET, ("unknown", "unknown")),
    ],
)
def test_a_wrong_address_is_no_door(
    doors: Doors, opened: Open, path: str, secret: str, counted: tuple[str, str]
) -> None:
    """A guessed secret, none configured, a carrier that we have not: all meet the same 404, and nothing is kept."""
    counts = opened(secret=secret)
    for answer in (doors.client.post(path, json=[{"out_id": "x", "code": "DELIVRD"}]), doors.client.get(path)):
        refuses(answer, 404, doors)
        assert "no such door" in answer.json()["detail"]
    assert counts.refused() == {counted: 2}


def test_a_simulator_of_another_name_signs_and_needs_no_secret(doors: Doors, opened: Open) -> None:
    """A simulator by another name: what it signs is believed, and nothing unsigned, or without a token."""
    opened(SIGNED, name="sim-b", secret="", signing=TOKEN)
    address = "/v1/receipts/sim-b?ref=x&d=DELIVRD"
    refuses(doors.client.post(address), 401, doors)
    assert doors.client.post(address, headers={"X-Signature": right(PUBLIC + address, b"")}).status_code == 200
    assert [row["carrier"] for row in doors.rows(tables.receipts)] == ["sim-b"]
    opened(SIGNED, name="sim-b", secret="")
    problem(doors.client.post(address, headers={"X-Signature": right(PUBLIC + address, b"")}), 404)


@pytest.mark.parametrize(("source", "status"), [("203.0.113.9", 200), ("198.51.100.1", 404), ("testclient", 404)])
def test_a_vendor_that_signs_nothing_calls_from_its_networks(
    doors: Doors, opened: Open, source: str, status: int
) -> None:
    """A vendor's networks are configured: who knows the address and calls from elsewhere finds no door."""
    counts = opened(source=source, networks=(ip_network("203.0.113.0/24"), ip_network("2001:db8::/32")))
    answer = doors.client.post(DOOR, json=[{"out_id": "x", "code": "DELIVRD"}])
    assert answer.status_code == status
    assert counts.refused() == ({} if status == 200 else {(NAME, "network"): 1})


@pytest.mark.parametrize("source", ["2001:db8::1", "::ffff:203.0.113.9"])
def test_a_network_is_known_in_either_writing(source: str) -> None:
    """The same network, told as IPv6 by the system: it is known."""
    networks = (ip_network("203.0.113.0/24"), ip_network("2001:db8::/32"))
    assert Correspondent(ARRAYS, SECRET, networks=networks).knows(source)


@pytest.mark.parametrize("body", [b"", b"thanks", b"{}", b"\xff", b"[" * 90_000 + b"1"])
def test_what_is_no_callback_is_refused(doors: Doors, opened: Open, body: bytes) -> None:
    """The vendor changed its mind about its language: it is refused, so that it is told again, and counted."""
    counts = opened()
    refuses(doors.client.post(DOOR, content=body), 422, doors)
    assert counts.refused() == {(NAME, "unreadable"): 1}


def test_ten_megabytes_are_too_long(doors: Doors, opened: Open) -> None:
    """Somebody sends ten megabytes: 413, before it is all read, and nothing is kept."""
    counts = opened()
    refuses(doors.client.post(DOOR, content=b"[" + b" " * 10_000_000 + b"]"), 413, doors)
    assert counts.refused() == {(NAME, "too_long"): 1}


def test_a_database_that_is_away_is_told_in_the_vendors_words(
    doors: Doors, opened: Open, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The database is away: the vendor hears its own word for "tell it again", and no thanks."""
    opened()

    def away(*_: object, **__: object) -> None:
        raise OperationalError("insert", {}, Exception("away"))

    monkeypatch.setattr("dispatcher.receipts.keep", away)
    answer = doors.client.post(DOOR, json=[{"out_id": "x", "code": "DELIVRD"}])
    assert (answer.status_code, answer.content) == (AGAIN.status, AGAIN.body)
    assert doors.rows(tables.receipts) == []


CALLS: Mapping[str, tuple[str, str, bytes]] = {
    "believed": ("POST", DOOR, b'[{"out_id": "x", "code": "DELIVRD"}]'),
    "of nobody": ("POST", f"/v1/receipts/nobody/{SECRET}", b"[]"),
    "with a wrong secret": ("POST", f"/v1/receipts/{NAME}/{'b' * 32}", b"[]"),
    "in no language": ("POST", DOOR, b"thanks"),
    "too long": ("POST", DOOR, b" " * 5_000_000),
    "unsigned, of the simulator": ("POST", "/v1/receipts/simulator", b"{}"),
    "that breaks us": ("POST", DOOR, b'[{"out_id": "broken", "code": "DELIVRD"}]'),
    "by another verb": ("DELETE", DOOR, b""),
    "for the head alone": ("HEAD", DOOR, b""),
    "at a longer address": ("POST", f"{DOOR}/x", b"[]"),
    "at an address with a stroke more": ("POST", f"{DOOR}/", b"[]"),
    "while the database is away": ("POST", DOOR, b'[{"out_id": "away", "code": "DELIVRD"}]'),
}


@pytest.mark.parametrize("call", CALLS)
def test_both_ways_to_the_door_answer_the_same(
    doors: Doors, opened: Open, call: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A callback goes straight to its door, or the long way of all requests: status, words and headers are the same,
    and so is what is logged and counted."""
    counts = opened()
    keep = receipts.keep

    def away(store: Any, carrier: str, told: list[Told], **how: Any) -> list[Any]:
        if told[0].reference == "away":
            raise OperationalError("insert", {}, Exception("away"))
        if told[0].reference == "broken":
            raise KeyError("made up")
        return keep(store, carrier, told, **how)

    monkeypatch.setattr("dispatcher.receipts.keep", away)
    method, path, body = CALLS[call]
    heard = []
    for _ in range(2):
        counts.found.clear()
        with capture_logs() as lines:
            answer = doors.client.request(method, path, content=body, headers={"X-Request-ID": "the-same-id"})
        logged = [{name: repr(told) for name, told in line.items() if name != "took_ms"} for line in lines]
        requests = {name: many for name, many in counts.found.items() if name[0] == measures.REQUESTS.name}
        heard.append((answer.status_code, answer.content, dict(answer.headers), logged, requests, counts.refused()))
        monkeypatch.setattr("web.straight.Straight._route_of", lambda *_: None)
    assert heard[0] == heard[1]
    assert heard[0][4]


def test_no_log_has_an_address_or_a_person(
    doors: Doors, opened: Open, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    """News is taken, refused, unreadable, and breaks us: no log line has the secret, the phone or the address."""
    opened(QUERIES)
    caplog.set_level(logging.DEBUG)
    told = f"ref=x&d=DELIVRD&to=%2B86{PHONE}&phone={PHONE}"
    with capture_logs() as lines:
        assert doors.client.get(f"{DOOR}?{told}").status_code == 202
        assert doors.client.get(f"/v1/receipts/{PHONE}/{SECRET}?{told}").status_code == 404
        assert doors.client.get(f"{DOOR}x?{told}").status_code == 404
        monkeypatch.setattr("web.doors.receipts._as_response", lambda _: 1 / 0)
        assert doors.client.get(f"{DOOR}?{told}").status_code == 500
    events = {line["event"] for line in lines}
    assert {"callback_refused", "request_broken", "answered"} <= events
    said = [str(line) for line in lines]
    said += [record.getMessage() for record in caplog.records if record.name != "httpx"]  # the test's own client
    for line in said:
        assert SECRET not in line and PHONE not in line and "ref=x" not in line
