"""What upstreams are to be told stands in the table with the change itself, in order, and names nobody."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

import pytest
from sqlalchemy import insert
from story import GRANDFATHER, GRANDMOTHER, STUDENT, Town

from dispatcher import tables
from dispatcher.casebook import CaseBook
from dispatcher.happenings import NotNeeded
from dispatcher.plan import HUMAN, ROBOT, SMS, VISIT
from dispatcher.upstreams import pages
from dispatcher.upstreams.messages import routing_key
from dispatcher.words import SOURCES, CloseCode

KNOWN = frozenset(SOURCES)


def told(town: Town, *, limit: int = 1_000) -> list[dict[str, Any]]:
    """Everything that waits to be told, as upstreams will read it."""
    page = pages.next_page(town.store, limit=limit, known=KNOWN)
    return [json.loads(telling.body) for telling in page.tellings]


def hears(town: Town, *, limit: int = 1_000) -> list[dict[str, Any]]:
    """The same, and it is forgotten as the publisher forgets it."""
    page = pages.next_page(town.store, limit=limit, known=KNOWN)
    with town.store.write() as connection:
        pages.forget(connection, page.numbers)
    return [json.loads(telling.body) for telling in page.tellings]


def whats(messages: Sequence[dict[str, Any]]) -> list[tuple[str, str]]:
    """What each message tells, and to which reference."""
    return [(message["what"], message["source_ref"]) for message in messages]


def test_an_upstream_hears_the_whole_story_of_its_alert(town: Town) -> None:
    """The bank is told that grandmother's alert was taken, what each text and call came to, and how it ended."""
    result = town.hears_of(GRANDMOTHER, source_ref="B-7")
    letters = town.works()
    for letter in letters:
        town.told(letter, "DELIVRD" if letter.channel == "sms" else "KEY1")
    messages = told(town)
    assert whats(messages)[0] == ("accepted", "B-7")
    assert {message["what"] for message in messages} == {"accepted", "dispatch_ended", "case_closed"}
    assert messages[-1]["what"] == "case_closed" and messages[-1]["close_code"] == town.case()["close_code"]
    ended = [message for message in messages if message["what"] == "dispatch_ended"]
    assert {(one["channel"], one["state"]) for one in ended} == {("sms", "fulfilled"), ("call", "fulfilled")}
    assert {message["alert"] for message in messages} == {str(result.alert_id)}
    assert {message["case"] for message in messages} == {str(result.case_id)}
    numbers = [message["number"] for message in messages]
    assert numbers == sorted(numbers)


def test_what_is_said_names_nobody(town: Town) -> None:
    """No message holds grandmother's number, name or address, whatever became of her case."""
    victim = {"phone": GRANDMOTHER, "name": "王某某", "address": "小店区某街 1 号"}
    town.hears_of(GRANDMOTHER, risk="L1", victim=victim)
    town.hears([town.alert(GRANDFATHER, risk="L9", source=GRANDFATHER, source_ref=GRANDFATHER), b"{not json"])
    town.works()
    town.met(town.one(VISIT))
    rows = json.dumps([dict(row, told=json.loads(row["told"])) for row in town.rows(tables.outcomes)], default=str)
    everything = rows + json.dumps(told(town), ensure_ascii=False)
    assert len(told(town)) >= 4
    for person in (GRANDMOTHER, GRANDFATHER, "王某某", "某街"):
        assert person not in everything


def test_each_upstream_of_a_case_gets_its_own_feedback(town: Town) -> None:
    """Two banks warned of grandmother: each is answered under its own name, and hears of the call that followed."""
    first = town.hears_of(GRANDMOTHER, source="bank", source_ref="B-1", risk="L2")
    second = town.hears_of(GRANDMOTHER, source="payment", source_ref="P-9", risk="L2")
    assert second.merged and first.case_id == second.case_id
    answers = hears(town)
    assert whats(answers)[:2] == [("accepted", "B-1"), ("accepted", "P-9")]
    assert [message["merged"] for message in answers[:2]] == [False, True]
    town.works()
    town.reached(town.one(HUMAN))
    by_reference = {("bank", "B-1"): [], ("payment", "P-9"): []}  # type: dict[tuple[str, str], list[Any]]
    for message in told(town):
        by_reference[message["source"], message["source_ref"]].append((message["number"], message["what"]))
    assert by_reference["bank", "B-1"] == by_reference["payment", "P-9"] != []


def test_who_joins_late_hears_only_what_follows(town: Town) -> None:
    """A text had ended, and its telling still waits, when a second bank warned: that is not its feedback."""
    town.hears_of(GRANDMOTHER, source_ref="B-1")
    letters = town.works()
    town.told(next(letter for letter in letters if letter.channel == "sms"), "DELIVRD")
    town.hears_of(GRANDMOTHER, source="payment", source_ref="P-9")
    town.told(next(letter for letter in letters if letter.channel == "call"), "HEARD")
    heard = [message for message in told(town) if message["source"] == "payment"]
    assert heard[0]["what"] == "accepted"
    assert [one["channel"] for one in heard if one["what"] == "dispatch_ended"] == ["call"]
    assert len([one for one in told(town) if one["source_ref"] == "B-1" and one["what"] == "dispatch_ended"]) == 2


def test_a_linked_case_hears_of_the_call_it_shares(town: Town) -> None:
    """Grandmother's second danger has no call of its own: its upstream is told of the one that served both."""
    town.hears_of(GRANDMOTHER, source_ref="B-1", risk="L2")
    town.hears_of(GRANDMOTHER, source="payment", source_ref="P-2", risk="L2", fraud_type="fake_loan")
    town.works()
    hears(town)
    town.reached(town.one(HUMAN))
    calls = [one for one in told(town) if one.get("channel") == "call"]
    assert {one["source_ref"] for one in calls} == {"B-1", "P-2"}
    leader = town.one(HUMAN)["case_id"]
    assert {one["case"] for one in calls} == {str(leader)}


def test_a_sharer_that_left_meanwhile_is_told_all_the_same(town: Town) -> None:
    """The broker was away for days; a linked case has parted from its leader since, and still hears of the call."""
    town.hears_of(GRANDMOTHER, source_ref="B-1", risk="L2")
    town.hears_of(GRANDMOTHER, source="payment", source_ref="P-2", risk="L2", fraud_type="fake_loan")
    town.works()
    town.reached(town.one(HUMAN))
    sharer = next(case for case in town.cases() if case["shares_case_id"] is not None)
    town.change(tables.cases, sharer["id"], shares_case_id=None)
    assert {one["source_ref"] for one in told(town) if one.get("channel") == "call"} == {"B-1", "P-2"}


def test_a_rolled_back_change_is_told_to_nobody(town: Town) -> None:
    """The database failed at the last moment: grandmother's call did not end, and nobody was told that it had."""
    town.hears_of(GRANDMOTHER, risk="L2")
    town.works()
    hears(town)
    with pytest.raises(ZeroDivisionError), town.store.write() as connection:
        book = CaseBook(connection, now=town.now, actor="test")
        book.load_whole([town.case()["id"]])
        book.close(book.cases[town.case()["id"]], CloseCode.FALSE_ALARM, why="test")
        book.flush()
        _ = 1 / 0
    assert told(town) == [] and town.case()["state"] == "open"


def test_a_refusal_tells_every_reason(town: Town) -> None:
    """The bank sent an alert without a level: it is told which field is wrong, under its own reference."""
    alert = town.alert(GRANDMOTHER, source_ref="B-5")
    del alert["risk"]
    (result,) = town.hears([alert])
    (message,) = told(town)
    assert (message["what"], message["source"], message["source_ref"]) == ("refused", "bank", "B-5")
    assert message["reasons"] == [{"field": "risk", "message": "is required"}]
    assert message["dead_letter"] == str(result.dead_letter)
    assert message["case"] is None and message["alert"] is None


def test_a_stranger_is_answered_under_unknown(town: Town) -> None:
    """Somebody who is no upstream is answered where nobody's outcomes are, and his name is not repeated."""
    town.hears([town.alert(GRANDMOTHER, source="nobody.we.know", source_ref="X-1"), b"\xff"])
    page = pages.next_page(town.store, limit=10, known=KNOWN)
    assert [telling.key for telling in page.tellings] == ["outcome.unknown", "outcome.unknown"]
    assert [message["source"] for message in told(town)] == [None, None]


def test_a_repeat_is_answered_again(town: Town) -> None:
    """The bank did not hear of the acceptance and sent the alert again: it is answered with the first ids."""
    alert = town.alert(GRANDMOTHER, source_ref="B-1")
    (first,) = town.hears([alert])
    (again,) = town.hears([alert])
    messages = told(town)
    assert whats(messages) == [("accepted", "B-1"), ("repeated", "B-1")]
    assert {message["alert"] for message in messages} == {str(first.alert_id)} == {str(again.alert_id)}


def test_better_news_and_corrections_are_told_too(town: Town) -> None:
    """A call that had come to nothing was answered after all, and then it was the wrong person: the bank hears each."""
    town.hears_of(GRANDMOTHER, risk="L2")
    town.works()
    hears(town)
    town.told(next(iter(town.tries(town.one(SMS))))["reference"], "REJECTD")
    assert [one["state"] for one in hears(town)] == ["missed"]
    town.told(next(iter(town.tries(town.one(SMS))))["reference"], "DELIVRD")
    assert [(one["state"], one["outcome"]) for one in hears(town)] == [("fulfilled", "delivered")]
    town.reached(town.one(HUMAN), submit="again")
    hears(town)
    town.missed(town.one(HUMAN), reason="wrong_person")
    assert ("call", "missed") in [(one.get("channel"), one.get("state")) for one in told(town)]


def test_a_case_that_opens_again_is_told(town: Town) -> None:
    """Grandmother was dissuaded; a graver alert opens her case again, and the first bank hears of both."""
    town.hears_of(GRANDMOTHER, source_ref="B-1")
    letters = town.works()
    for letter in letters:
        town.told(letter, "DELIVRD" if letter.channel == "sms" else "KEY1")
    assert town.case()["state"] == "closed", town.case()
    hears(town)
    town.later(hours=2)
    town.hears_of(GRANDMOTHER, source="payment", source_ref="P-1", risk="L1")
    assert ("case_reopened", "B-1") in whats(told(town))


def test_a_withdrawn_alert_hears_no_more(town: Town) -> None:
    """The payment house took its alert back: what becomes of the case is the bank's feedback alone."""
    town.hears_of(GRANDMOTHER, source_ref="B-1")
    withdrawn = town.hears_of(GRANDMOTHER, source="payment", source_ref="P-1")
    hears(town)
    assert withdrawn.alert_id is not None
    town.change(tables.alerts, withdrawn.alert_id, withdrawn_at=town.now)
    letters = town.works()
    town.told(next(letter for letter in letters if letter.channel == "sms"), "DELIVRD")
    assert {message["source_ref"] for message in told(town)} == {"B-1"}


def test_words_that_are_not_ours_are_not_told(town: Town) -> None:
    """An operator wrote a sentence as the reason of a cancelling: the bank is told that it was cancelled, no more."""
    town.hears_of(GRANDMOTHER)
    hears(town)
    town.happens(town.one(ROBOT), NotNeeded("grandson 13800001111 says no"))
    (message,) = told(town)
    assert message["state"] == "cancelled" and message["reason"] is None


def test_numbers_never_come_again(town: Town) -> None:
    """Everything was told and forgotten; the next change has a higher number, so an upstream may trust it."""
    town.hears_of(GRANDMOTHER)
    before = max(message["number"] for message in hears(town))
    assert told(town) == []
    town.hears_of(STUDENT)
    assert min(message["number"] for message in told(town)) > before


def test_the_page_forgets_only_what_it_has_told(town: Town) -> None:
    """A change was committed while a page was published: it is told by the next page."""
    town.hears_of(GRANDMOTHER, source_ref="B-1")
    page = pages.next_page(town.store, limit=10, known=KNOWN)
    town.hears_of(STUDENT, source_ref="B-2")
    with town.store.write() as connection:
        pages.forget(connection, page.numbers)
    assert whats(told(town)) == [("accepted", "B-2")]


def test_the_table_refuses_nonsense(town: Town) -> None:
    """An answer without an alert, a refusal with a case, an unknown word: the table takes none of them."""
    row = {"at": town.now, "case_id": None, "alert_id": None, "source": None, "source_ref": None, "told": "{}"}
    for what in ("accepted", "dispatch_ended", "pigeon"):
        with pytest.raises(Exception, match="outcomes"), town.store.write() as connection:
            connection.execute(insert(tables.outcomes).values(row | {"what": what}))


def test_a_source_becomes_one_word_of_the_routing_key() -> None:
    """A source named with dots and wildcards subscribes nobody to somebody else's outcomes."""
    assert routing_key("bank") == "outcome.bank"
    assert routing_key("a.b#*c 银行") == "outcome.a_b_c_"
    assert routing_key(None) == "outcome.unknown"
