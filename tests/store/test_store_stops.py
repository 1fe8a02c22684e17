"""Money on its way: a pressed key proposes to stop it, a person decides, the bank answers."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from decimal import Decimal
from threading import Barrier
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy.exc import IntegrityError
from story import GRANDFATHER, GRANDMOTHER, STUDENT, Town

from dispatcher import stop_payments, tables
from dispatcher.plan import ROBOT, VISIT
from dispatcher.stop_payments import AlreadyDecided, AlreadyRequested, Stop, StoppedTwice, Wanted
from dispatcher.words import StopReply

ACCOUNT = "6222021234567890123"
NAME = "Li Qiang"


def presses(town: Town, key: str = "KEY2", person: str = GRANDMOTHER) -> UUID:
    """The robot calls a person of L3, who presses a key. Returns the case."""
    case = town.hears_of(person, risk="L3").case_id
    assert case is not None
    (robot,) = town.all(ROBOT, case_id=case)
    (letter,) = town.takes([robot["id"]])
    town.answered([letter])
    town.told(letter, "HEARD", key)
    return case


def proposal(town: Town, case: UUID) -> UUID:
    """The open proposal of a case."""
    (row,) = town.rows(tables.stop_payments, case_id=case, state="proposed")
    stop: UUID = row["id"]
    return stop


def deed(town: Town, reason: str = "he paid at noon") -> dict[str, Any]:
    """Who decides, and when."""
    return {"name": NAME, "reason": reason, "remote": "test", "now": town.now}


def asks(town: Town, stop: UUID, account: str = ACCOUNT) -> Stop:
    """An officer asks the bank."""
    wanted = Wanted("Bank of Somewhere", account, Decimal("12000.50"))
    return stop_payments.request(town.store, town.desk, stop, wanted, **deed(town))


def answers(town: Town, stop: UUID, reply: StopReply = StopReply.STOPPED, yuan: str | None = "8000.00") -> Stop:
    """The bank's answer is noted."""
    told = None if yuan is None else Decimal(yuan)
    return stop_payments.answer(town.store, town.desk, stop, reply, stopped_yuan=told, **deed(town, "by phone"))


def paid(town: Town) -> dict[str, Any]:
    """She was too late for a warning."""
    lost = {"defrauded_yuan": Decimal(12000), "fraud_time": town.now}
    return {"verdict": "defrauded", "dissuasion": None} | lost


def test_a_pressed_key_only_proposes(town: Town) -> None:
    """Grandmother presses 2, she has paid: the case rises, and a stop is proposed, of which no bank hears anything."""
    case = presses(town)
    assert town.case()["risk"] == "L2"
    (row,) = town.rows(tables.stop_payments)
    assert (row["case_id"], row["state"], row["why"]) == (case, "proposed", "says_he_has_paid")
    assert (row["dispatch_id"], row["proposed_at"]) == (town.one(ROBOT)["id"], town.now)
    decided = ("bank", "account_index", "requested_at", "requested_by", "sealed", "reason", "number")
    assert {row[name] for name in decided} == {None}
    (line,) = town.tells("stop_proposed")
    assert (line["case_id"], line["dispatch_id"], line["why"]) == (case, row["dispatch_id"], "says_he_has_paid")


@pytest.mark.parametrize("key", ["KEY1", "HEARD", "MACHINE", "HUNGUP"])
def test_nothing_else_proposes(town: Town, key: str) -> None:
    """Grandmother understood, listened, hung up, or a machine answered: nobody proposes to stop anything."""
    presses(town, key)
    assert town.rows(tables.stop_payments) == []


def test_the_same_key_again_proposes_once(town: Town) -> None:
    """The carrier tells the same key three times, and an officer hears the same: one proposal lies on the list."""
    presses(town)
    town.told(town.reference(town.one(ROBOT)), "KEY2", "KEY2")
    town.works()
    town.met(town.one(VISIT), **paid(town))
    assert len(town.rows(tables.stop_payments)) == 1


def test_an_officer_who_hears_of_it_proposes_too(town: Town) -> None:
    """Grandmother tells the officer at her door that she has paid: a stop is proposed, though no key was pressed."""
    town.hears_of(GRANDMOTHER, risk="L1")
    town.works()
    town.met(town.one(VISIT), **paid(town))
    (row,) = town.rows(tables.stop_payments)
    assert (row["state"], row["dispatch_id"]) == ("proposed", town.one(VISIT)["id"])


def test_a_named_person_asks_the_bank_and_notes_its_answer(town: Town) -> None:
    """An officer asks in his name, the bank stops 8,000 yuan: for 48 hours, and each step is told."""
    stop = proposal(town, presses(town))
    asked = asks(town, stop)
    assert (asked.state, asked.number, asked.account_masked, asked.decided_by) == ("requested", 1, "****0123", NAME)
    town.later(minutes=5)
    done = answers(town, stop)
    assert (done.state, done.stopped_yuan) == ("answered", Decimal("8000.00"))
    assert done.stopped_until == town.now + stop_payments.LASTS
    lines = [(row["what"], row["actor"], row["why"]) for row in town.rows(tables.events) if "stop_" in row["what"]]
    assert lines == [
        ("stop_proposed", "news", "says_he_has_paid"),
        ("stop_requested", "desk", "he paid at noon"),
        ("stop_answered", "desk", "by phone"),
    ]
    logged = [row["fields"] for row in town.rows(tables.access_log)]
    assert logged == ["did:stop_request", "did:stop_answer"]
    (row,) = town.rows(tables.stop_payments)
    assert ACCOUNT.encode() not in row["sealed"] and NAME not in str(row)


def test_a_decision_is_made_once(town: Town) -> None:
    """Two officers have the same list: the second is told that somebody has decided, and nothing is asked twice."""
    stop = proposal(town, presses(town))
    stop_payments.dismiss(town.store, town.desk, stop, **deed(town, "it was a misunderstanding"))
    with pytest.raises(AlreadyDecided):
        asks(town, stop)
    with pytest.raises(AlreadyDecided):
        answers(town, stop)
    assert [row["state"] for row in town.rows(tables.stop_payments)] == ["dismissed"]
    assert len(town.tells("stop_requested")) == 0


def test_one_account_is_stopped_twice_at_the_most(town: Town) -> None:
    """Four people paid into one account: it is stopped once, in vain, once more, and never a third time."""
    people = (GRANDMOTHER, GRANDFATHER, STUDENT, "15100151000")
    first, second, third, fourth = (proposal(town, presses(town, person=person)) for person in people)
    asks(town, first)
    with pytest.raises(AlreadyRequested):
        asks(town, second, "6222 0212 3456 7890 123")
    began = answers(town, first).stopped_until
    assert began is not None
    assert asks(town, second).number == 2
    answers(town, second, StopReply.NOTHING_LEFT, None)  # not spent: nothing was stopped
    assert asks(town, third).number == 2
    assert answers(town, third).stopped_until == began + stop_payments.LASTS
    with pytest.raises(StoppedTwice):
        asks(town, fourth)


def test_two_officers_ask_for_one_account_at_once(town: Town) -> None:
    """Two victims' officers ask for the same account in the same second: one request goes out, one is told to wait."""
    stops = [proposal(town, presses(town, person=person)) for person in (GRANDMOTHER, GRANDFATHER)]
    together = Barrier(2)

    def ask(stop: UUID) -> str:
        together.wait(10)
        try:
            return asks(town, stop).state
        except AlreadyRequested:
            return "told to wait"

    with ThreadPoolExecutor(2) as pool:
        assert sorted(pool.map(ask, stops)) == ["requested", "told to wait"]


NONSENSE: list[tuple[Callable[[Town, UUID], object], dict[str, Any], str]] = [
    (lambda _, __: None, {"reason": "no name"}, "decided_with_a_reason"),
    (asks, {"amount_yuan": None}, "requested_names_bank_account_and_amount"),
    (asks, {"amount_yuan": Decimal(0)}, "amount_is_money"),
    (asks, {"number": 3}, "at_most_twice"),
    (asks, {"number": None}, "counted_while_it_may_stand"),
    (asks, {"sealed": None, "key_id": None}, "decided_by_a_name"),
    (answers, {"stopped_yuan": None, "stopped_until": None, "number": None}, "stopped_has_an_amount"),
    (answers, {"requested_at": None, "requested_by": None}, "requested_has_an_instant"),
    (answers, {"stopped_until": None}, "stopped_has_an_end"),
]


def test_the_table_refuses_a_stop_that_nobody_asked_for(town: Town) -> None:
    """Somebody writes past our code a stop without a name, an amount, an end, or for the third time: refused."""
    stop = proposal(town, presses(town))
    done: set[object] = set()
    for step, values, rule in NONSENSE:
        if step in (asks, answers) and step not in done:
            step(town, stop)
            done.add(step)
        with pytest.raises(IntegrityError) as refused:
            town.change(tables.stop_payments, stop, **values)
        assert rule in str(refused.value.orig).partition("DETAIL")[0], values


CALLS = {
    "HEARD": ("fulfilled", "robot"),
    "KEY1": ("fulfilled", "robot"),
    "KEY2": ("fulfilled", "robot"),
    "HUNGUP": ("waiting", None),
    "MACHINE": ("waiting", None),
    "BUSY": ("waiting", None),
    "NOANSWER": ("waiting", None),
    "REJECTED": ("waiting", None),
    "UNREACHABLE": ("waiting", None),
    "POWEREDOFF": ("waiting", None),
    "SUSPENDED": ("missed", None),
    "INVALID": ("missed", None),
}


@pytest.mark.parametrize("code", CALLS)
def test_only_a_voice_that_listened_is_contact(town: Town, code: str) -> None:
    """The robot calls grandmother: what she or her phone did is kept; only if she listened was she reached."""
    town.hears_of(GRANDMOTHER, risk="L3")
    (letter,) = town.takes([town.one(ROBOT)["id"]])
    town.answered([letter])
    town.told(letter, code)
    state, by = CALLS[code]
    assert (town.state(ROBOT), town.case()["contacted_by"]) == (state, by)
    outcomes = {row["outcome"] for row in town.tries(town.one(ROBOT))}
    told = {"KEY1": "key_understood", "KEY2": "key_paid", "HUNGUP": "hung_up", "NOANSWER": "no_answer"}
    told |= {"POWEREDOFF": "powered_off", "INVALID": "invalid_number"}
    assert outcomes == {told.get(code, code.lower())}
