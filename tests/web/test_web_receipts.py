"""A carrier calls back: what is stored, and what a carrier (or somebody who plays one) is told."""

from __future__ import annotations

import json
import time
from typing import Any

import pytest
from doors import Doors, problem

from dispatcher import tables


def news(reference: str, code: str = "DELIVRD", at: str = "2026-11-22T04:00:01+00:00") -> dict[str, Any]:
    """One piece of news."""
    return {"reference": reference, "carrier_id": "C-1", "code": code, "at": at}


def text_out(doors: Doors) -> str:
    """The reference of a text that the carrier has taken."""
    doors.push(doors.alert())
    (letter,) = doors.work()
    return letter.reference


def state_of_text(doors: Doors) -> str:
    """Where the only text stands."""
    (text,) = (row for row in doors.rows(tables.dispatches) if row["channel"] == "sms")
    return str(text["state"])


def applied(doors: Doors, wanted: str) -> bool:
    """Whether the text comes to this state; news is applied right after it was answered."""
    give_up = time.monotonic() + 20
    while state_of_text(doors) != wanted and time.monotonic() < give_up:
        time.sleep(0.01)
    return state_of_text(doors) == wanted


def test_news_is_stored_and_applied(doors: Doors) -> None:
    """The carrier told that a text was delivered: it was answered when stored, and the promise is fulfilled."""
    answer = doors.tells({"news": [news(text_out(doors))]})
    assert (answer.status_code, answer.json()) == (200, {"stored": 1, "faults": []})
    assert applied(doors, "fulfilled")


def test_the_same_news_twice_changes_nothing(doors: Doors) -> None:
    """The carrier told the same news twice: both times it was thanked, and one outcome stands."""
    reference = text_out(doors)
    for _ in range(2):
        assert doors.tells({"news": [news(reference)]}).status_code == 200
        assert applied(doors, "fulfilled")
    assert [row["outcome"] for row in doors.rows(tables.attempts)].count("delivered") == 1


def test_news_of_nobody_is_kept(doors: Doors) -> None:
    """News came for a reference that nobody knows yet: it was stored and waits, and the carrier need not repeat it."""
    assert doors.tells({"news": [news("neverheardof")]}).json()["stored"] == 1
    (receipt,) = doors.rows(tables.receipts)
    assert receipt["applied_at"] is None


@pytest.mark.parametrize("signature", ["", "0" * 64, "é" * 64, "not hex"])
def test_a_forged_signature_is_refused(doors: Doors, signature: str) -> None:
    """Somebody who is not the carrier told that a text was delivered: nothing was believed or stored."""
    raw = json.dumps({"news": [news(text_out(doors))]}).encode()
    headers = {b"X-Simulator-Signature": signature.encode("latin-1")} if signature else {}
    problem(doors.client.post("/v1/receipts/simulator", content=raw, headers=headers), 401)
    assert not doors.rows(tables.receipts)
    assert state_of_text(doors) == "handed_over"


@pytest.mark.parametrize(
    "body", [b"", b"thanks", b"[]", b'{"news": "all well"}', b'{"olds": []}', b"\xff", b"[" * 90_000]
)
def test_a_callback_in_no_language_is_refused(doors: Doors, body: bytes) -> None:
    """The carrier sent something that is no callback: it was told what one looks like, and nothing was stored."""
    assert "news" in problem(doors.tells(body), 422)
    assert not doors.rows(tables.receipts)


BROKEN: list[Any] = [
    17,
    None,
    {},
    news("x") | {"at": "yesterday"},
    news("x") | {"at": "2026-11-22T04:00:01"},
    news("x") | {"at": "0001-01-01T00:00:00+14:00"},
    news("x") | {"code": None},
    news("nul\0"),
    {"reference": ["x"], "code": "DELIVRD", "at": "2026-11-22T04:00:01+00:00"},
]


@pytest.mark.parametrize("broken", BROKEN, ids=range(len(BROKEN)))
def test_one_broken_element_spoils_no_other(doors: Doors, broken: Any) -> None:
    """One of three elements was malformed: it was named by its place, the two others were stored and applied."""
    reference = text_out(doors)
    answer = doors.tells({"news": [news(reference, "ENROUTE"), broken, news(reference)]})
    assert answer.status_code == 200
    assert answer.json()["stored"] == 2
    assert [fault.partition(":")[0] for fault in answer.json()["faults"]] == ["news[1]"]
    assert applied(doors, "fulfilled")


def test_news_in_a_strange_code_changes_nothing(doors: Doors) -> None:
    """The carrier used a code that nobody knows: it is kept raw, and the person still counts as awaiting news."""
    assert doors.tells({"news": [news(text_out(doors), "WONDERFUL")]}).status_code == 200
    assert state_of_text(doors) == "handed_over"


def test_news_of_endless_names_does_no_harm(doors: Doors) -> None:
    """A reference and a code of ten thousand letters were told: the door answers, and lives on."""
    reference = text_out(doors)
    assert doors.tells({"news": [news("r" * 10_000, "C" * 10_000)]}).status_code in (200, 422)
    assert doors.tells({"news": [news(reference)]}).status_code == 200
    assert applied(doors, "fulfilled")
