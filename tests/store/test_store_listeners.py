"""Who hears by the queue is waited for while his queue is gone: for a day, with growing pauses, within bounds."""

from __future__ import annotations

from datetime import timedelta

import pytest
from sqlalchemy import func, select
from story import Town

from dispatcher import measures, tables
from dispatcher.standing import standings
from dispatcher.upstreams import listeners
from dispatcher.upstreams.messages import Telling

KEY = "outcome.bank"


def hears(town: Town, *keys: str) -> None:
    """Somebody is bound for each of these now."""
    with town.store.write() as connection:
        listeners.heard(connection, keys, listeners.known(connection, now=town.now), now=town.now)


def comes_back(town: Town, *numbers: int, source: str = "bank") -> None:
    """These outcomes were returned by the broker."""
    with town.store.write() as connection:
        listeners.keep(connection, [Telling(one, source, b"{}") for one in numbers], now=town.now)


def again(town: Town, key: str = KEY) -> int:
    """It is tried, and comes back again. Returns how many were dropped."""
    with town.store.write() as connection:
        return listeners.came_back(connection, key, now=town.now)


def waiting(town: Town, *, limit: int = 100) -> list[int]:
    """The numbers that wait for the bank, in the order in which they will be told."""
    return [one.number for one in listeners.waiting(town.store, KEY, limit=limit).tellings]


def test_what_came_back_is_tried_with_growing_pauses_and_told_in_order(town: Town) -> None:
    """The bank's queue is gone: it is tried after a second, two, four, at most thirty; then all follows in order."""
    hears(town, KEY, "outcome.payment")
    comes_back(town, 4, 7, 9)
    assert listeners.due(town.store, now=town.now) == []
    pauses = []
    for _ in range(7):
        before = town.now
        while not listeners.due(town.store, now=town.now):
            town.later(seconds=1)
        pauses.append((town.now - before).total_seconds())
        assert again(town) == 0
    assert pauses == [1, 2, 4, 8, 16, 30, 30]
    comes_back(town, 12)
    assert waiting(town) == [4, 7, 9, 12]
    with town.store.write() as connection:
        assert listeners.told(connection, listeners.waiting(town.store, KEY, limit=3), now=town.now)
    assert waiting(town) == [12] and listeners.due(town.store, now=town.now) == [KEY]
    with town.store.write() as connection:
        assert not listeners.told(connection, listeners.waiting(town.store, KEY, limit=3), now=town.now)
        assert not any(one.gone for one in listeners.known(connection, now=town.now).values())
    assert listeners.due(town.store, now=town.now + timedelta(days=1)) == []


def test_who_is_gone_for_a_day_is_given_up(town: Town) -> None:
    """A bank has left for good: after a day of trying nothing is kept for it, and it is waited for no more."""
    hears(town, KEY)
    comes_back(town, 1, 2)
    for _ in range(listeners.ENOUGH_TRIES):
        assert again(town) == 0
    town.later(hours=23, minutes=59)
    assert again(town) == 0 and waiting(town) == [1, 2]
    town.later(minutes=1)
    assert again(town) == 2 and waiting(town) == []
    with town.store.read() as connection:
        assert listeners.known(connection, now=town.now) == {}


def test_a_standstill_of_our_own_is_no_absence_of_others(town: Town) -> None:
    """We stood still for two days while a bank's queue was gone, and are back before it: all is kept, and tried."""
    hears(town, KEY)
    comes_back(town, 1, 2)
    town.later(days=2)
    assert again(town) == 0 and waiting(town) == [1, 2]


def test_whose_queue_refuses_is_not_given_up(town: Town) -> None:
    """A bank's queue has been full for days, tried all the while: it is there, and what it refused is kept for it."""
    hears(town, KEY)
    comes_back(town, 1, 2)
    town.later(days=2)
    for _ in range(listeners.ENOUGH_TRIES + 1):
        with town.store.write() as connection:
            assert listeners.came_back(connection, KEY, gone=False, now=town.now) == 0
    assert waiting(town) == [1, 2]


def test_who_was_quiet_for_a_week_is_waited_for_and_who_left_last_month_is_not(town: Town) -> None:
    """A village bank has an alert a week, and is waited for like any other; nobody is for ever."""
    hears(town, KEY)
    for days, there in ((7, True), (22, True), (2, False)):
        town.later(days=days)
        with town.store.read() as connection:
            assert (KEY in listeners.known(connection, now=town.now)) is there


def test_one_upstream_fills_no_table(town: Town, monkeypatch: pytest.MonkeyPatch) -> None:
    """A busy bank is gone for hours: beyond a bound its oldest outcomes go, and nobody else's."""
    monkeypatch.setattr(listeners, "MOST", 3)
    hears(town, KEY, "outcome.payment")
    comes_back(town, 1, 2, source="payment")
    comes_back(town, 3, 4, 5, 6, 7)
    assert again(town) == 2 and waiting(town) == [5, 6, 7]
    with town.store.read() as connection:
        count = select(func.count()).select_from(tables.listener_letters)
        assert connection.execute(count).scalar_one() == 5


def test_that_somebody_is_bound_is_not_written_with_every_page(town: Town) -> None:
    """A page a second for the same bank: its row is written once a minute."""
    written = []
    for _ in range(5):
        hears(town, KEY)
        with town.store.read() as connection:
            written.append(listeners.known(connection, now=town.now)[KEY].heard_at)
        town.later(seconds=25)
    assert len(set(written)) == 2


def test_an_operator_sees_who_is_gone(town: Town) -> None:
    """The bank's queue is gone for ten minutes: the metrics tell how many upstreams, since when, and what waits."""
    hears(town, KEY)
    comes_back(town, 1, 2)
    town.later(minutes=10)
    with town.store.read() as connection:
        found = {one.measure.name: one.value for one in standings(connection, now=town.now)}
    assert found[measures.LISTENERS.name] == 1
    assert found[measures.LISTENERS_AGE.name] == 600
    assert found[measures.LISTENER_LETTERS.name] == 2


def test_nothing_is_kept_for_nobody(town: Town) -> None:
    """Outcomes of somebody who was never bound: the table refuses them."""
    with pytest.raises(Exception, match=r"FOREIGN KEY|foreign key"):
        comes_back(town, 1)
