"""One owner at a time; the attempt before the request; what a lost lease costs."""

from __future__ import annotations

import threading
from datetime import timedelta

import pytest
from sqlalchemy.exc import OperationalError
from story import GRANDMOTHER, Town

from dispatcher import claim as claiming
from dispatcher import tables
from dispatcher.casebook import CaseBook
from dispatcher.claim import Letter
from dispatcher.plan import ROBOT, SMS
from dispatcher.words import Answer, Outcome


def person(number: int) -> str:
    """One of many."""
    return f"1370000{number:04}"


def test_the_attempt_is_kept_before_the_carrier_is_called(town: Town) -> None:
    """A worker holds a letter: its attempt, reference and lease are already in the tables."""
    town.hears_of(GRANDMOTHER, risk="L4")
    letter = next(letter for letter in town.takes() if letter.channel == "sms")
    (attempt,) = town.tries(town.one(SMS))
    assert (attempt["reference"], attempt["answer"]) == (letter.reference, None)
    text = town.one(SMS)
    assert (text["state"], text["lease_until"]) == ("underway", town.now + timedelta(seconds=20))
    assert len(letter.reference) <= 15
    assert letter.reference.isalnum()
    assert letter.to == f"+86{GRANDMOTHER}"


def test_a_claim_that_cannot_be_kept_calls_nobody(town: Town, monkeypatch: pytest.MonkeyPatch) -> None:
    """The attempt cannot be written: there is no letter, and the dispatch still waits."""

    def full(*_: object) -> dict[str, object]:
        raise OperationalError("insert", {}, Exception("disk is full"))

    town.hears_of(GRANDMOTHER)
    monkeypatch.setattr(claiming, "_attempt", full)
    with pytest.raises(OperationalError):
        town.takes()
    assert town.state(SMS) == "waiting"
    assert town.rows(tables.attempts) == []


def test_four_workers_claim_the_same_and_each_has_one_owner(town: Town) -> None:
    """Four workers are rung for the same hundred texts at once: every text is claimed once, by one of them."""
    town.hears([town.alert(person(number), risk="L4") for number in range(50)])
    ids, got, start = town.due(), dict[str, list[Letter]](), threading.Barrier(4)

    def worker(name: str) -> None:
        start.wait()
        got[name] = town.takes(ids if name in "ac" else ids[::-1], owner=name)

    threads = [threading.Thread(target=worker, args=(name,)) for name in "abcd"]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    letters = [letter for letters in got.values() for letter in letters]
    assert sorted(letter.dispatch_id for letter in letters) == sorted(ids)
    assert {row["attempts"] for row in town.rows(tables.dispatches)} == {1}
    for name, mine in got.items():
        for letter in mine:
            (row,) = town.rows(tables.dispatches, id=letter.dispatch_id)
            assert row["lease_owner"] == name


def test_what_is_not_due_is_not_claimed(town: Town) -> None:
    """A redial that is due in a quarter of an hour is left alone, however often the bell rings."""
    town.hears_of(GRANDMOTHER)
    letters = town.works()
    call = next(letter for letter in letters if letter.channel == "call")
    town.told(call, "NOANSWER")
    assert town.state(ROBOT) == "waiting"
    town.later(minutes=14)
    assert town.takes([town.one(ROBOT)["id"]]) == []
    town.later(minutes=1)
    assert len(town.takes([town.one(ROBOT)["id"]])) == 1


def test_a_worker_whose_lease_ran_out_cannot_overwrite_the_next_try(town: Town) -> None:
    """A worker sleeps through its lease; the try was never heard of, another worker has the next one out."""
    town.hears_of(GRANDMOTHER, risk="L4")
    slow = [letter for letter in town.takes() if letter.channel == "sms"]
    town.later(seconds=21)
    town.ticks()
    assert town.state(SMS) == "handed_over"
    town.later(seconds=4)
    assert town.asks(found=False) > 0
    (fresh,) = town.takes([slow[0].dispatch_id], owner="another")
    assert fresh.number == 2
    settled = town.answered(slow, Answer.REFUSED, outcome=Outcome.BAD_NUMBER)
    assert settled.counted == 0
    assert town.state(SMS) == "underway"
    assert [row["answer"] for row in town.tries(town.one(SMS))] == ["refused", None]
    assert town.tries(town.one(SMS))[0]["code"] == "not_found_when_asked"
    assert town.answered([fresh]).counted == 1


def test_an_answer_after_the_sweep_is_void(town: Town) -> None:
    """The clock has called the try unsure; the worker's late "accepted" changes nothing, asking decides."""
    town.hears_of(GRANDMOTHER, risk="L4")
    letters = town.takes()
    town.later(seconds=20)
    town.ticks()
    assert town.answered(letters).counted == 0
    assert {row["answer"] for row in town.rows(tables.attempts)} == {"unsure"}


def test_the_same_answer_twice_counts_once(town: Town) -> None:
    """A settling worker dies after its commit and the batch is settled again: nothing moves twice."""
    town.hears_of(GRANDMOTHER, risk="L4")
    letters = town.takes()
    assert town.answered(letters).counted == 2
    assert town.answered(letters, Answer.REFUSED).counted == 0
    assert town.answered([letters[0], letters[0]]).counted == 0
    assert {row["answer"] for row in town.rows(tables.attempts)} == {"accepted"}


def test_a_lease_without_an_open_attempt_returns_to_waiting(town: Town) -> None:
    """A row that is underway with no try written (a claim of older days) waits again, and lost no try."""
    town.hears_of(GRANDMOTHER, risk="L4")
    text = town.one(SMS)
    town.change(tables.dispatches, text["id"], state="underway", lease_until=town.now, lease_owner="dead")
    bells = town.ticks()
    assert town.state(SMS) == "waiting"
    assert town.one(SMS)["tries"] == 0
    assert text["id"] in {bell.dispatch_id for bell in bells}


def test_a_lease_that_still_runs_is_left_alone(town: Town) -> None:
    """Nineteen seconds into a lease of twenty the clock touches nothing."""
    town.hears_of(GRANDMOTHER, risk="L4")
    town.takes()
    town.later(seconds=19)
    town.ticks()
    assert town.state(SMS) == "underway"


def test_whoever_moves_a_case_keeps_claims_out(town: Town) -> None:
    """While news of grandmother is being written a worker wants her next call: it waits, and finds it cancelled.

    Without the lock the worker would call, and the news would then overwrite its claim.
    """
    town.hears_of(GRANDMOTHER, risk="L4")
    call, got = town.one(ROBOT), list[Letter]()
    with town.store.write() as connection:
        book = CaseBook(connection, now=town.now, actor="test")
        book.load_dispatches([call["id"]])
        book.load_whole([call["case_id"]])
        worker = threading.Thread(target=lambda: got.extend(town.takes([call["id"]])))
        worker.start()
        worker.join(timeout=0.3)
        assert worker.is_alive()
        book.cancel(book.dispatches[call["id"]], "person_was_reached")
        book.flush()
    worker.join()
    assert got == []
    assert town.state(ROBOT) == "cancelled"


def test_many_hands_on_the_same_people_never_block_each_other(town: Town) -> None:
    """Doors, workers, news and clock go at twenty people with two cases each, all at once: nothing fails."""
    kinds = ("fake_loan", "fake_police")
    people = [person(number) for number in range(20)]
    town.hears([town.alert(who, risk="L3", fraud_type=kind) for who in people for kind in kinds])
    ids, faults, start = town.due(), list[BaseException](), threading.Barrier(4)
    first = town.takes(ids[::2])

    def hand(work: object) -> None:
        start.wait()
        try:
            for _ in range(6):
                work()  # type: ignore[operator]  # one of the four below
        except BaseException as fault:
            faults.append(fault)

    def door() -> None:
        town.hears([town.alert(who, source="payment", risk="L2", fraud_type=kinds[0]) for who in people[::-1]])

    def carrier() -> None:
        town.answered(first)
        for letter in first[::-1]:
            town.overhears(letter.reference, "DELIVRD" if letter.channel == "sms" else "NOANSWER")
        town.told("unheardof")

    def worker() -> None:
        town.takes(ids[::-1])
        town.assigns()

    threads = [threading.Thread(target=hand, args=(work,)) for work in (door, carrier, worker, town.ticks)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert faults == []
    assert len(town.cases()) == 40
