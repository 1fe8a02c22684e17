"""Kannel's dialect: sendsms as a gateway answers it, and its delivery reports."""

from collections.abc import Iterator
from typing import Any
from urllib.parse import quote

import httpx
import pytest
from town_help import CarrierDesk, Receiver, person, town, until
from vendor_help import Ear, listening

from simulator.faults import parse_faults

REPORT = "/v1/receipts/kannel/made-up?ref={ref}&type=%d&answer=%A&id=%F&smsc=%i"


@pytest.fixture(scope="module")
def hearing() -> Iterator[Ear]:
    """An ear for the whole module."""
    with listening() as ear:
        yield ear


@pytest.fixture
def ear(hearing: Ear) -> Ear:
    """The ear, with nothing heard so far."""
    hearing.heard.clear()
    hearing.answer = lambda _: (200, b"", "text/plain")
    return hearing


@pytest.fixture(scope="module")
def gateway() -> Iterator[CarrierDesk]:
    """A calm town whose gateway is spoken to."""
    with town(Receiver()) as desk:
        yield desk


def send(desk: CarrierDesk, ear: Ear, ref: str, to: str, **changes: Any) -> httpx.Response:
    """One text as an adapter asks for it."""
    asked = {
        "username": "sim",
        "password": "made-up",
        "to": to,
        "from": "96110",
        "text": "小心诈骗",
        "coding": "2",
        "charset": "UTF-8",
        "dlr-mask": "31",
        "dlr-url": ear.url + REPORT.format(ref=ref),
    }
    return desk.http.get("/kannel/cgi-bin/sendsms", params=asked | changes)


def types(ear: Ear, ref: str) -> list[str]:
    """The types of the reports on one reference, in order."""
    return [one.query["type"] for one in list(ear.heard) if one.query["ref"] == ref]


def test_a_text_is_taken_and_reported_twice(gateway: CarrierDesk, ear: Ear) -> None:
    """Grandmother's text is accepted; first its SMSC has it, then her phone; the ledger knows our reference."""
    reply = send(gateway, ear, "k1", person("9920"))
    assert (reply.status_code, reply.text) == (202, "0: Accepted for delivery")
    assert until(lambda: len(types(ear, "k1")) == 2 and types(ear, "k1")) == ["8", "1"]
    first, last = ear.heard
    assert first.method == "GET"
    assert first.query["answer"] == "ACK/"
    assert "stat:DELIVRD err:000" in last.query["answer"]
    assert first.query["id"] == last.query["id"]
    [text] = [one for one in gateway.ledger("text") if one["reference"] == "k1"]
    assert (text["dialect"], text["outcome"], text["news"]) == ("kannel", "DELIVRD", "told")
    until(lambda: [one["code"] for one in gateway.ledger("news") if one["reference"] == "k1"] == ["ENROUTE", "DELIVRD"])


@pytest.mark.parametrize(
    ("ending", "told", "answer"), [("9917", ["16"], "NACK/11/"), ("9916", ["8", "2"], "stat:EXPIRED")]
)
def test_what_did_not_arrive_says_why(
    gateway: CarrierDesk, ear: Ear, ending: str, told: list[str], answer: str
) -> None:
    """A dead number is refused by the SMSC at once; a phone that stays off is given up after it was taken."""
    reference = f"k{ending}"
    send(gateway, ear, reference, person(ending))
    assert until(lambda: len(types(ear, reference)) == len(told) and types(ear, reference)) == told
    assert answer in ear.heard[-1].query["answer"]


def test_a_number_without_a_route_is_refused_and_reported(gateway: CarrierDesk, ear: Ear) -> None:
    """403 says so, type 16 says it again, and nothing came to anybody."""
    reply = send(gateway, ear, "k9901", person("9901"))
    assert (reply.status_code, reply.text) == (403, "Not routable. Do not try again.")
    assert until(lambda: types(ear, "k9901")) == ["16"]
    assert not [one for one in gateway.ledger("text") if one["reference"] == "k9901"]


def test_reports_come_twice_and_out_of_order(gateway: CarrierDesk, ear: Ear) -> None:
    """One delivery is told twice; of another the end is told before its beginning is told again."""
    send(gateway, ear, "k9906", person("9906"))
    send(gateway, ear, "k9909", person("9909"))
    assert until(lambda: len(types(ear, "k9906")) == 3 and types(ear, "k9906")) == ["8", "1", "1"]
    assert until(lambda: len(types(ear, "k9909")) == 3 and types(ear, "k9909")) == ["8", "1", "8"]


def test_a_report_that_is_not_taken_is_tried_again(
    gateway: CarrierDesk, ear: Ear, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Our door is down for two requests; the gateway comes back, four times in all."""
    monkeypatch.setattr("simulator.dialects.kannel.DlrUrl.pauses_s", (0.05, 0.05, 0.05))
    ear.answer = lambda _: (503 if len(ear.heard) <= 2 else 200, b"", "text/plain")
    send(gateway, ear, "k7", person("9920"), **{"dlr-mask": "1"})
    assert until(lambda: len(ear.heard) == 3) and types(ear, "k7") == ["1", "1", "1"]
    ear.answer = lambda _: (500, b"", "text/plain")
    ear.heard.clear()
    send(gateway, ear, "k8", person("9920"), **{"dlr-mask": "1"})
    until(lambda: [one for one in gateway.ledger("news_lost") if one["reference"] == "k8"])
    assert types(ear, "k8") == ["1"] * 4


@pytest.mark.parametrize(
    ("changes", "status", "says"),
    [
        ({"password": "guessed"}, 403, "Authorization failed for sendsms"),
        ({"username": "other"}, 403, "Authorization failed for sendsms"),
        ({"to": ""}, 400, "Missing receiver number, rejected"),
        ({"to": "nobody"}, 400, "Garbage 'to' field, rejected."),
        ({"dlr-mask": "all"}, 400, "Garbage 'dlr-mask' field, rejected."),
    ],
)
def test_what_is_wrong_is_refused(
    gateway: CarrierDesk, ear: Ear, changes: dict[str, str], status: int, says: str
) -> None:
    """A wrong password or a request that makes no sense sends nothing."""
    before = len(gateway.ledger("text"))
    reply = send(gateway, ear, "k9", changes.pop("to", person()), **changes)
    assert (reply.status_code, reply.text) == (status, says)
    assert len(gateway.ledger("text")) == before


def test_a_gateway_that_is_down_sends_nothing(ear: Ear) -> None:
    """503 in its own words, for a queue that is full and a gateway that is not there alike."""
    for fault in ("unavailable=1", "throttle=1", "busy=1"):
        with town(Receiver(), faults=parse_faults(fault)) as desk:
            reply = send(desk, ear, "k10", person())
            assert (reply.status_code, reply.text) == (503, "Temporal failure, try again later.")
            assert desk.ledger("text") == []


def test_a_hanging_get_has_sent_the_text(gateway: CarrierDesk, ear: Ear) -> None:
    """A client that gives up on a silent gateway hears by its report that the text went out."""
    with pytest.raises(httpx.ReadTimeout):
        gateway.http.get(
            "/kannel/cgi-bin/sendsms",
            params={
                "username": "sim",
                "password": "made-up",
                "to": person("9903"),
                "text": "x",
                "dlr-mask": "31",
                "dlr-url": ear.url + REPORT.format(ref="k11"),
            },
            timeout=0.2,
        )
    assert until(lambda: len(types(ear, "k11")) == 2 and types(ear, "k11")) == ["8", "1"]


def test_a_national_number_is_the_same_person(gateway: CarrierDesk, ear: Ear) -> None:
    """+86 139…, 86139…, 0086139… and 139… are one phone in the ledger."""
    phone = person("9920")
    for place, spelled in enumerate((phone, phone[1:], "00" + phone[1:], phone[3:])):
        send(gateway, ear, f"k12x{place}", spelled)
    persons = {one["person"] for one in gateway.ledger("text") if str(one["reference"]).startswith("k12x")}
    assert len(persons) == 1


def test_the_status_page_wants_its_password(gateway: CarrierDesk) -> None:
    """Only who knows the password reads how many were sent."""
    assert gateway.http.get("/kannel/status").status_code == 403
    assert "Status: running" in gateway.http.get(f"/kannel/status?password={quote('made-up')}").text
