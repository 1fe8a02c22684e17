"""A carrier is asked for tries of which nobody can tell; nothing is concluded from what cannot be read."""

from __future__ import annotations

import pytest
from raw_carrier import answers, ask_for_two, at, http, replying

FOUND = {"reference": "ref1", "found": True, "carrier_id": "C-1", "code": "DELIVRD", "at": "2026-11-22T04:00:00Z"}


def test_a_carrier_is_asked() -> None:
    """The carrier was asked for two tries: it has one and tells how it ended, and never had the other."""
    found = at(replying(answers(FOUND, {"reference": "ref2", "found": False})), ask_for_two)
    assert found is not None
    assert (found["ref1"].found, found["ref1"].code, found["ref2"].found) == (True, "DELIVRD", False)


@pytest.mark.parametrize(
    "reply",
    [
        http("404 Not Found"),
        http("503 Service Unavailable"),
        http("200 OK", b"<html>"),
        http("200 OK", b'{"answers": 17}'),
        http("200 OK", b'{"answers": ["x"]}'),
        http("200 OK", b"[" * 200_000),
        answers(FOUND | {"at": "yesterday"}),
        answers(FOUND | {"at": 17}),
        answers(FOUND | {"at": "2026-11-22T04:00:00"}),
        answers(FOUND | {"carrier_id": 17}),
        answers(FOUND | {"code": "\0"}),
        answers({"reference": "ref1"}),
        b"",
    ],
    ids=range(13),
)
def test_an_unreadable_answer_is_no_answer(reply: bytes) -> None:
    """The carrier was asked and told nonsense: nothing is concluded from it, and it is asked again."""
    assert not at(replying(reply), ask_for_two)


@pytest.mark.parametrize("found", ["yes", "false", 1, None])
def test_only_a_plain_no_means_not_found(found: object) -> None:
    """The carrier said something that is neither yes nor no: nobody is called again on the strength of it."""
    assert not at(replying(answers({"reference": "ref1", "found": found})), ask_for_two)


def test_one_unreadable_answer_spoils_no_other() -> None:
    """The carrier was asked for two tries and told nonsense of one: the other is settled, the one asked again."""
    found = at(replying(answers({"reference": "ref2", "found": "perhaps"}, FOUND)), ask_for_two)
    assert found is not None and list(found) == ["ref1"]
