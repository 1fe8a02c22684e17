"""One bucket for all workers: held by the database, drawn from before a claim, and the urgent find their part."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from datetime import datetime, timedelta
from uuid import UUID

import pytest
from story import NOON, Town
from test_store_claiming import person

from dispatcher import tables, throttle
from dispatcher.plan import ROBOT, SMS
from dispatcher.routing.reasons import THROTTLED
from dispatcher.store import Store
from dispatcher.throttle import draw, within_limit
from dispatcher.tokens import Limit
from dispatcher.words import Channel

FIFTY = Limit(50)
CARRIER = "simulator"


@pytest.fixture(autouse=True)
def by_our_clock(monkeypatch: pytest.MonkeyPatch) -> None:
    """The bucket goes by the clock of the test, not by the database's."""
    monkeypatch.setattr(throttle, "is_shared", lambda _connection: False)


def texts(town: Town, count: int, *, risk: str = "L4", start: int = 0) -> list[UUID]:
    """So many people are to be sent a text."""
    before = {row["id"] for row in town.all(SMS)}
    town.hears([town.alert(person(start + number), risk=risk) for number in range(count)])
    return [row["id"] for row in town.all(SMS) if row["id"] not in before]


def within(town: Town, ids: Sequence[UUID], limit: Limit = FIFTY) -> list[UUID]:
    """Those that may go now."""
    return within_limit(town.store, ids, carrier=CARRIER, channel=Channel.SMS, limit=limit, now=town.now)


def test_forty_go_and_sixty_are_told_when(town: Town) -> None:
    """A hundred texts at fifty a second: forty go at once, the oldest; the others say why they wait, and until when."""
    ids = texts(town, 100)
    go = within(town, ids[::-1])
    assert go == sorted(ids)[:40]
    waiting = [row for row in town.all(SMS) if row["id"] not in go]
    assert {(row["state"], row["reason"], row["rings"]) for row in waiting} == {("waiting", THROTTLED, 0)}
    assert [row["due_at"] for row in waiting] == [NOON + timedelta(seconds=0.02 * n) for n in range(1, 61)]
    assert [row["ring_at"] for row in waiting] == [row["due_at"] for row in waiting]
    assert len(town.takes(go)) == 40


def test_each_of_three_hundred_goes_in_its_turn(town: Town) -> None:
    """Three hundred texts and the clock: all go, none before its turn, each is looked at twice at most."""
    ids, asked = texts(town, 300), 0
    done = town.takes(within(town, ids))
    for _ in range(8):
        town.later(seconds=1)
        rung = [bell.dispatch_id for bell in town.ticks() if bell.channel == "sms"]
        asked += len(rung)
        before = len(done)
        done += town.takes(within(town, rung))
        assert len(done) - before <= 100
    assert sorted(letter.dispatch_id for letter in done) == sorted(ids)
    assert asked <= 2 * len(ids)


def test_an_l1_does_not_wait_behind_a_thousand_l4(town: Town) -> None:
    """A batch has emptied what it may: the next L1 text goes at once, and is told no other time."""
    within(town, texts(town, 200))
    urgent = texts(town, 8, risk="L1", start=500)
    assert within(town, urgent) == sorted(urgent)


def test_a_bell_that_rings_early_draws_nothing(town: Town) -> None:
    """The same bell rings three times for what was put off: no token is spent on it, and its time stays."""
    ids = texts(town, 100)
    go = within(town, ids)
    later = [one for one in ids if one not in go]
    told = {row["id"]: row["due_at"] for row in town.all(SMS)}
    (before,) = town.rows(tables.buckets)
    for _ in range(3):
        assert within(town, later) == []
    assert {row["id"]: row["due_at"] for row in town.all(SMS)} == told
    assert town.rows(tables.buckets) == [before]


def test_channels_and_carriers_have_buckets_of_their_own(town: Town) -> None:
    """Texts emptied theirs: calls, and another carrier's texts, go on."""
    within(town, texts(town, 100))
    for carrier, channel in ((CARRIER, Channel.CALL), ("other", Channel.SMS)):
        grant, _ = draw(town.store, carrier, channel, FIFTY, urgent=False, again=0, fresh=100, now=town.now)
        assert grant.fresh == 40
    assert len(town.rows(tables.buckets)) == 3


def test_people_s_work_draws_no_tokens(town: Town) -> None:
    """A person's call is no letter to a carrier."""
    town.hears_of(risk="L1")
    calls = [row["id"] for row in town.rows(tables.dispatches, channel="call")]
    machines = [row["id"] for row in town.all(ROBOT)]
    got = within_limit(town.store, calls, carrier=CARRIER, channel=Channel.CALL, limit=FIFTY, now=town.now)
    assert sorted(got) == sorted(machines)


def test_what_another_worker_holds_is_passed_over(town: Town) -> None:
    """Somebody claims them between the look and the putting off: they are his, and keep their lease."""
    ids = texts(town, 60)
    looked = throttle._due

    def slow(store: Store, ids: Sequence[UUID], now: datetime) -> list[throttle._Waiting]:
        seen = looked(store, ids, now)
        town.takes(ids)
        return seen

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(throttle, "_due", slow)
        within(town, ids)
    assert {(row["state"], row["reason"]) for row in town.all(SMS)} == {("underway", None)}


def test_four_workers_never_overrun_the_bucket(town: Town) -> None:
    """Four workers with connections of their own draw for both lanes as fast as they can: rate * t + burst, no more."""
    got: list[tuple[float, int]] = []
    start, counting = threading.Barrier(4), threading.Lock()

    def worker(number: int) -> None:
        store = Store(town.store.engine.url.render_as_string(hide_password=False), town.store.keys)
        start.wait()
        for turn in range(40):
            # a clock of its own: up to 0.3 s wrong
            seconds = turn * 0.1 + number * 0.1
            now = NOON + timedelta(seconds=seconds)
            grant, _ = draw(store, CARRIER, Channel.SMS, FIFTY, urgent=number == 0, again=20, fresh=0, now=now)
            with counting:
                got.append((seconds, grant.again))
        store.close()

    threads = [threading.Thread(target=worker, args=(number,)) for number in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(got) == 160
    last = max(seconds for seconds, _ in got)
    assert 50 * 3.5 <= sum(count for _, count in got) <= 50 * last + 50
    (bucket,) = town.rows(tables.buckets)
    assert bucket["refilled_at"] == NOON + timedelta(seconds=last)


def test_the_first_four_make_one_bucket(town: Town) -> None:
    """Four workers draw when there is no bucket yet: one is made, and forty may go, not four times forty."""
    got, start = list[int](), threading.Barrier(4)

    def worker() -> None:
        start.wait()
        grant, _ = draw(town.store, CARRIER, Channel.SMS, FIFTY, urgent=False, again=0, fresh=100, now=NOON)
        got.append(grant.fresh)

    threads = [threading.Thread(target=worker) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(got) == [0, 0, 0, 40]


def test_hosts_share_the_database_s_clock(town: Town, monkeypatch: pytest.MonkeyPatch) -> None:
    """A host is a day behind. On PostgreSQL the bucket goes by the server's clock; he is told times by his own."""
    monkeypatch.undo()
    ids = texts(town, 100)
    go = within(town, ids)
    assert len(go) == 40
    (bucket,) = town.rows(tables.buckets)
    shared = town.store.engine.dialect.name == "postgresql"
    assert (bucket["refilled_at"] == NOON) is not shared
    waiting = [row["due_at"] for row in town.all(SMS) if row["id"] not in go]
    assert waiting[0] - NOON < timedelta(seconds=0.03)
    assert waiting[-1] - NOON < timedelta(seconds=1.3)


def test_who_is_raised_leaves_the_others_line(town: Town) -> None:
    """Her L4 text was given a time a minute away behind others; then she is L1, and it goes at once."""
    town.hears_of(risk="L4")
    (text,) = town.all(SMS)
    throttle.put_off(town.store, [(text["id"], NOON + timedelta(minutes=1), THROTTLED)], NOON)
    town.later(seconds=1)
    town.hears_of(risk="L1")
    row = town.rows(tables.dispatches, id=text["id"])[0]
    assert (row["lane"], row["reason"], row["due_at"]) == ("urgent", None, town.now)
    assert text["id"] in {bell.dispatch_id for bell in town.ticks()}
