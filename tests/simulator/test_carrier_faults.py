"""The carrier over real HTTP: every fault, by the last four digits of a number."""

import hmac
import time
from hashlib import sha256

import httpx
import pytest
from town_help import CALM, CarrierDesk, Receiver, letter, person, town, until

from simulator.faults import parse_faults


def test_a_text_is_taken_delivered_and_its_news_is_signed(carrier: CarrierDesk, receiver: Receiver) -> None:
    """Grandmother's text is accepted, the news of it comes signed, and the ledger names nobody."""
    grandmother = person("9920")
    [answer] = carrier.answers(letter("a1", grandmother))
    assert answer["answer"] == "accepted"
    [item] = until(lambda: receiver.news)
    assert (item["reference"], item["code"], item["carrier_id"]) == ("a1", "DELIVRD", answer["carrier_id"])
    body, signature = receiver.posts[0]
    assert signature == hmac.new(b"made-up", body, sha256).hexdigest()
    until(lambda: carrier.ledger("news"))
    whole = carrier.http.get("/ledger")
    assert grandmother not in whole.text
    [text] = carrier.ledger("text")
    assert text["person"] == sha256((whole.json()["salt"] + grandmother).encode()).hexdigest()[:32]
    assert (text["outcome"], text["reached"], text["news"], text["ending"]) == (
        "DELIVRD",
        False,
        "told",
        "answered",
    )


def test_answers_keep_the_order_of_the_letters(carrier: CarrierDesk) -> None:
    """A hundred letters, one of them refused: every answer stands where its letter stood."""
    letters = [letter(f"b{n}", person("9901" if n == 50 else "9920")) for n in range(100)]
    answers = carrier.answers(*letters)
    assert [answer["reference"] for answer in answers] == [f"b{n}" for n in range(100)]
    assert answers[50] == {"reference": "b50", "answer": "refused", "code": "BADNUMBER"}
    assert len(carrier.ledger("text")) == 99


def test_a_busy_number_is_taken_the_third_time(carrier: CarrierDesk) -> None:
    """A number ending in 9902 is busy twice, saying when to come again, and then rings."""
    busy = person("9902")
    told = [carrier.answers(letter(f"c{n}", busy), door="/calls")[0] for n in range(3)]
    assert [answer["answer"] for answer in told] == ["busy", "busy", "accepted"]
    assert 0 < told[0]["retry_after_s"] <= 2
    assert len(carrier.ledger("ring")) == 1


def test_a_hanging_request_has_rung_all_the_same(carrier: CarrierDesk, receiver: Receiver) -> None:
    """A client that gives up on a silent carrier finds the effect in the ledger and hears its news."""
    with pytest.raises(httpx.ReadTimeout):
        carrier.http.post(
            "/calls",
            json={"callback": receiver.url, "letters": [letter("d1", person("9903"))]},
            timeout=0.2,
        )
    assert until(lambda: receiver.codes("d1")) == ["HEARD"]
    assert [entry["ending"] for entry in carrier.ledger("ring")] == ["hung"]
    began = time.monotonic()
    assert carrier.answers(letter("d2", person("9903")))[0]["answer"] == "accepted"
    assert time.monotonic() - began >= CALM.hang_s


def test_a_dropped_connection_has_sent_the_text(carrier: CarrierDesk, receiver: Receiver) -> None:
    """The connection ends without a word; the carrier, asked by our reference, has the text."""
    with pytest.raises(httpx.RemoteProtocolError):
        carrier.send(letter("e1", person("9904")))
    assert [entry["ending"] for entry in carrier.ledger("text")] == ["dropped"]
    assert until(lambda: receiver.codes("e1")) == ["DELIVRD"]
    assert carrier.ask("e1")[0]["code"] == "DELIVRD"


def test_a_late_acceptance_is_not_found_at_first(carrier: CarrierDesk) -> None:
    """The connection ends at once and nothing is known; a while later the text has gone out."""
    with pytest.raises(httpx.RemoteProtocolError):
        carrier.send(letter("f1", person("9910")))
    assert carrier.ask("f1") == [{"reference": "f1", "found": False}]
    until(lambda: carrier.ask("f1")[0]["found"])
    assert [entry["ending"] for entry in carrier.ledger("text")] == ["late"]


def test_withheld_news_stays_withheld_when_asked(carrier: CarrierDesk, receiver: Receiver) -> None:
    """The carrier knows the reference and never says what became of it, though others' news comes."""
    carrier.answers(letter("g1", person("9905")), letter("g2", person("9920")))
    until(lambda: receiver.codes("g2"))
    time.sleep(0.2)
    assert receiver.codes("g1") == []
    [known] = carrier.ask("g1")
    assert (known["found"], known["code"], known["at"]) == (True, None, None)
    assert [entry["news"] for entry in carrier.ledger("text")] == ["withheld", "told"]


def test_news_can_come_twice_late_and_backwards(carrier: CarrierDesk, receiver: Receiver) -> None:
    """One receipt is told twice, one late, and one is followed by a worse code; the ledger keeps the truth."""
    carrier.answers(*(letter(f"h{end}", person(end)) for end in ("9906", "9908", "9909")), door="/calls")
    until(lambda: len(receiver.codes("h9906")) == 2 and len(receiver.codes("h9909")) == 2)
    until(lambda: receiver.codes("h9908"))
    assert receiver.codes("h9906") == ["HEARD", "HEARD"]
    assert receiver.codes("h9909")[0] == "HEARD"
    assert receiver.codes("h9909")[1] in {"RINGING", "NOANSWER", "UNREACHABLE"}
    assert {entry["outcome"] for entry in carrier.ledger("ring")} == {"HEARD"}
    assert carrier.ask("h9909")[0]["code"] == "HEARD"


def test_backwards_is_after_the_truth_however_late_that_gets_through(carrier: CarrierDesk, receiver: Receiver) -> None:
    """Our door took nothing for a while: the final news came first all the same, and what is worse after it."""
    receiver.status = 503
    carrier.answers(letter("j1", person("9909")), door="/calls")
    time.sleep(0.8)
    receiver.status = 200
    until(lambda: len(receiver.codes("j1")) == 2)
    assert receiver.codes("j1")[0] == "HEARD" != receiver.codes("j1")[1]


def test_early_news_comes_before_the_answer(carrier: CarrierDesk, receiver: Receiver) -> None:
    """When the client reads its answer, the receipt has been here already."""
    for n in range(5):
        carrier.answers(letter(f"i{n}", person("9907")))
        assert receiver.codes(f"i{n}") == ["DELIVRD"]


@pytest.mark.parametrize(
    ("ending", "code"),
    [
        ("9911", "BUSY"),
        ("9912", "NOANSWER"),
        ("9913", "HUNGUP"),
        ("9914", "MACHINE"),
        ("9915", "KEY2"),
        ("9916", "POWEREDOFF"),
        ("9917", "INVALID"),
        ("9918", "SUSPENDED"),
        ("9919", "NOANSWER"),
        ("9920", "KEY1"),
    ],
)
def test_a_ring_ends_as_the_number_says(carrier: CarrierDesk, receiver: Receiver, ending: str, code: str) -> None:
    """A robot rings somebody whose last four digits fix what becomes of it."""
    carrier.answers(letter(f"j{ending}", person(ending)), door="/calls")
    assert until(lambda: receiver.codes(f"j{ending}")) == [code]
    assert carrier.ledger("ring")[0]["reached"] == (code in {"KEY1", "KEY2"})


def test_the_same_reference_twice_is_two_effects(carrier: CarrierDesk) -> None:
    """A client that repeats itself blindly makes the phone ring twice, and the ledger says so."""
    keen = person("9920")
    for _ in range(2):
        carrier.answers(letter("k1", keen), door="/calls")
    assert [entry["reference"] for entry in carrier.ledger("ring")] == ["k1", "k1"]


def test_an_unavailable_or_throttling_carrier_did_nothing(receiver: Receiver) -> None:
    """503 and 429 leave nothing in the ledger, and 429 says when to come again."""
    with town(receiver, faults=parse_faults("unavailable=1")) as desk:
        assert desk.send(letter("l1", person())).status_code == 503
        assert desk.ledger("text") == []
    with town(receiver, faults=parse_faults("throttle=1")) as desk:
        reply = desk.send(letter("l1", person()))
        assert (reply.status_code, int(reply.headers["Retry-After"]) > 0) == (429, True)
        assert desk.ledger("text") == []


def test_a_carrier_that_cannot_be_asked_has_no_such_door(receiver: Receiver) -> None:
    """Without `askable` the question meets 404."""
    with town(receiver, askable=False) as desk:
        assert desk.http.post("/ask", json={"references": ["m1"]}).status_code == 404
        assert desk.http.get("/healthz").status_code == 200


def test_at_once_nothing_goes_wrong(receiver: Receiver) -> None:
    """A benchmark's carrier takes even the numbers of the table, without fault."""
    with town(receiver, faults=parse_faults("drop=1"), at_once=True) as desk:
        answers = desk.answers(*(letter(f"n{end}", person(str(end))) for end in range(9901, 9911)))
        assert {answer["answer"] for answer in answers} == {"accepted"}
        until(lambda: len(receiver.news) == 10)


def test_what_cannot_be_read_is_refused_by_field(carrier: CarrierDesk) -> None:
    """A client's mistakes are named, its values are not repeated, and nothing rings."""
    for body in (b"{", b"[]", b'{"callback":"ftp://x","letters":[]}', b'"' + b"x" * 5_000_000 + b'"'):
        assert carrier.http.post("/sms", content=body).status_code == 422
    reply = carrier.send({"reference": "has space", "to": "13800001111", "text": ""})
    assert reply.status_code == 422
    assert [one.partition(":")[0] for one in reply.json()["errors"]] == [
        "letters.0.reference",
        "letters.0.to",
        "letters.0.text",
    ]
    assert "13800001111" not in reply.text
    assert carrier.ledger() == []
