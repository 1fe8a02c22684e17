"""The clock itself: who has the turn, two at once, and the bell that is rung again."""

from __future__ import annotations

import threading
from datetime import UTC, datetime, timedelta
from itertools import pairwise

import pytest
from sqlalchemy import insert
from story import GRANDMOTHER, Town

from dispatcher import tables
from dispatcher.clock import ring_due, take_turn
from dispatcher.plan import SMS
from dispatcher.store import is_postgres
from dispatcher.upstreams import turns


def test_two_clocks_at_once_do_everything_once(town: Town) -> None:
    """Two workers run the clock in the same second: each miss is told once, each step is climbed once."""

    town.hears_of(GRANDMOTHER, risk="L1")
    town.works()
    town.later(minutes=5)
    start = threading.Barrier(2)

    def clock() -> None:
        start.wait()
        town.ticks()

    threads = [threading.Thread(target=clock) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(town.tells("went_up")) == 2
    assert len(town.limits("sign_in", step=1)) == 2


def test_whoever_takes_the_turn_has_it_alone(town: Town) -> None:
    """Eight workers ask for the same duty in the same second: one has it, and nobody until it is due again."""

    won, start = list[str](), threading.Barrier(8)

    def worker(name: str) -> None:
        start.wait()
        if take_turn(town.store, "ring", every=timedelta(seconds=1), by=name, now=town.now):
            won.append(name)

    for _ in range(2):
        threads = [threading.Thread(target=worker, args=(f"w{number}",)) for number in range(8)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert len(won) == 1
        won.clear()
        town.later(seconds=1)
    assert not take_turn(town.store, "ring", every=timedelta(seconds=2), by="x", now=town.now)


def test_a_clock_that_ran_ahead_stops_nobody(town: Town) -> None:
    """A host took its turn with a clock eight hours ahead, and was set right: the sweeps go on at once."""
    ahead, every = town.now + timedelta(hours=8), timedelta(seconds=1)
    assert take_turn(town.store, "sweep", every=every, by="wrong", now=ahead)
    assert take_turn(town.store, "sweep", every=every, by="right", now=town.now)
    assert not take_turn(town.store, "sweep", every=every, by="third", now=town.now)


def test_a_publisher_that_ran_ahead_stops_nobody(town: Town) -> None:
    """A publisher took its turn with a clock eight hours ahead, and died: the next one has the turn at once."""
    now, length = datetime.now(UTC), timedelta(seconds=15)
    with town.store.write() as connection:
        ahead = {"duty": "outcomes", "ticked_at": now + timedelta(hours=8), "by": "wrong"}
        connection.execute(insert(tables.ticks), ahead)
    assert turns.take(town.store, "outcomes", by="right", length=length, now=now)
    assert not turns.take(town.store, "outcomes", by="third", length=length, now=now)


def test_two_hosts_whose_clocks_differ_do_not_take_the_turn_from_one_another(town: Town) -> None:
    """One host runs two minutes ahead of the database and of the other: whoever has the turn keeps it."""
    with town.store.read() as connection:
        one_host = not is_postgres(connection)
    if one_host:
        pytest.skip("one host has one clock")
    now, length = datetime.now(UTC), timedelta(seconds=15)
    later = now + timedelta(minutes=2)
    assert turns.take(town.store, "outcomes", by="ahead", length=length, now=later)
    for _ in range(3):
        assert not turns.take(town.store, "outcomes", by="behind", length=length, now=now)
        assert turns.take(town.store, "outcomes", by="ahead", length=length, now=later)
        with town.store.write() as connection:
            assert turns.keep(connection, "outcomes", by="ahead", now=later)


def test_no_bell_more_is_rung_into_a_deep_queue(town: Town) -> None:
    """A hundred thousand wait: the text is not rung for again until its queue is shorter; its first bell always is."""
    town.hears_of(GRANDMOTHER, risk="L1")
    text = town.one(SMS)
    later, deep = town.now + timedelta(minutes=1), {("sms", "urgent")}
    assert text["id"] not in {bell.dispatch_id for bell in ring_due(town.store, now=later, crowded=deep)}
    town.change(tables.dispatches, text["id"], rings=0)
    assert text["id"] in {bell.dispatch_id for bell in ring_due(town.store, now=later, crowded=deep)}
    assert text["id"] in {bell.dispatch_id for bell in ring_due(town.store, now=later + timedelta(minutes=1))}


def test_the_bell_is_rung_again_for_what_nobody_claimed(town: Town) -> None:
    """The broker lost the first bell: five seconds later the clock rings, then less and less often."""

    town.hears_of(GRANDMOTHER, risk="L1")
    text = town.one(SMS)["id"]
    assert ring_due(town.store, now=town.now) == []
    rings = ((second, ring_due(town.store, now=town.now + timedelta(seconds=second))) for second in range(120))
    heard = [second for second, bells in rings if text in {bell.dispatch_id for bell in bells}]
    assert heard[0] == 5
    assert all(later - earlier <= 30 for earlier, later in pairwise(heard))
    town.works()
    assert ring_due(town.store, now=town.now + timedelta(hours=1)) == []
