"""The broker was wiped, or a queue deleted: whoever heard by the queue hears everything once he is bound again."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
from brokers import USER, control
from deployment import until
from telling import Upstream, changes, left, make_engine, pushes, stories, without_repeats

from dispatcher import tables
from dispatcher.upstreams import listeners, webhooks
from dispatcher.upstreams.messages import Telling
from workers.engine import Engine
from workers.outcomes import Publisher
from workers.outlet import NotConfirmed, Unheard

pytestmark = [pytest.mark.timeout(300)]

STORY = ["accepted", "case_closed", "case_reopened"]


@pytest.fixture
def engine(tmp_path: Path, postgres_database: str, rabbit_vhost: str) -> Engine:
    """An engine on PostgreSQL and RabbitMQ."""
    return make_engine(tmp_path / "home", database=postgres_database, broker=rabbit_vhost)


@pytest.fixture
def publisher(engine: Engine) -> Iterator[Publisher]:
    """A publisher at work; ended with the test."""
    made = Publisher(engine)
    made.start()
    yield made
    made.stop(30)


def upstream(engine: Engine, source: str) -> Upstream:
    """Somebody bound for this source's outcomes from now on, by a queue of his own."""
    return Upstream(engine.settings.broker_url, f"outcome.{source}")


def wiped(engine: Engine) -> None:
    """The broker loses everything, and is there again at once."""
    vhost = engine.settings.broker_url.rpartition("/")[2]
    for words in (("delete_vhost", vhost), ("add_vhost", vhost), ("set_permissions", "-p", vhost, USER, *(".*",) * 3)):
        control(*words).check_returncode()


def kept(engine: Engine) -> int:
    """How many outcomes are kept for upstreams whose queue is gone."""
    with engine.store.read() as connection:
        return int(connection.exec_driver_sql("SELECT count(*) FROM listener_letters").scalar_one())


def told(engine: Engine) -> None:
    """Wait until nothing is left in the table."""
    until("everything was published, or is kept", lambda: left(engine) == 0, within_s=60)


def without_dispatches(messages: list[dict[str, object]]) -> dict[str, list[str]]:
    """By reference, what was told of alert and case."""
    return {
        reference: [one for one in story if one != "dispatch_ended"]
        for reference, story in stories(without_repeats(messages)).items()
    }


@pytest.mark.usefixtures("publisher")
def test_a_wiped_broker_costs_no_upstream_its_outcomes(engine: Engine) -> None:
    """The bank is bound again only after our publisher was back: it hears all of what came meanwhile, in order, and
    the payment house, which was quick, has waited for nobody.
    """
    for source in ("bank", "payment"):
        upstream(engine, source).close()
    pushes(engine, "B-1")
    pushes(engine, "P-1", source="payment", phone=13900008000)
    told(engine)
    wiped(engine)
    payment = upstream(engine, "payment")
    cases = pushes(engine, "B-2", "B-3", phone=13700008000)
    pushes(engine, "P-2", source="payment", phone=13600008000)
    changes(engine, cases, times=1)
    told(engine)
    assert stories(payment.listen()) == {"P-2": ["accepted"]} and kept(engine) >= 4
    bank = upstream(engine, "bank")
    changes(engine, cases, times=1)
    until("nothing is kept any more", lambda: left(engine) == kept(engine) == 0, within_s=60)
    assert without_dispatches(bank.listen()) == {"B-2": STORY, "B-3": STORY}
    assert len(bank.heard) == len(without_repeats(bank.heard)), "in order, and nothing twice"
    for one in (bank, payment):
        one.close()


@pytest.mark.usefixtures("publisher")
def test_nothing_is_kept_for_whoever_never_had_a_queue(engine: Engine) -> None:
    """A source that asks for its outcomes by GET has no queue: no table fills for its sake."""
    cases = pushes(engine, *(f"B-{number}" for number in range(20)))
    changes(engine, cases, times=2)
    told(engine)
    assert kept(engine) == 0
    bank = upstream(engine, "bank")
    pushes(engine, "B-30", phone=13700008000)
    told(engine)
    assert stories(bank.listen()) == {"B-30": ["accepted"]}
    bank.close()


@pytest.mark.usefixtures("publisher")
def test_a_queue_that_is_deleted_while_we_publish_costs_nothing(engine: Engine) -> None:
    """Somebody deletes the bank's queue under a connection that stays: what follows is kept, and told by the next."""
    bank = upstream(engine, "bank")
    cases = pushes(engine, *(f"B-{number}" for number in range(20)))
    told(engine)
    before = bank.listen()
    bank.queue.delete()
    changes(engine, cases, times=2)
    told(engine)
    assert kept(engine) >= 40
    bank.queue.declare()
    until("nothing is kept any more", lambda: kept(engine) == 0, within_s=60)
    assert set(map(tuple, without_dispatches(before + bank.listen()).values())) == {tuple(STORY)}
    bank.close()


def test_another_publisher_goes_on_with_what_is_kept(engine: Engine, publisher: Publisher) -> None:
    """Broker and worker go together: what was kept is in the table, and another worker's publisher tells it."""
    upstream(engine, "bank").close()
    pushes(engine, "B-1")
    told(engine)
    wiped(engine)
    pushes(engine, "B-2", phone=13700008000)
    told(engine)
    publisher.stop(30)
    bank = upstream(engine, "bank")
    other = Publisher(engine)
    other.start()
    until("the other tells what was kept", lambda: kept(engine) == 0, within_s=60)
    other.stop(30)
    assert stories(bank.listen()) == {"B-2": ["accepted"]}
    bank.close()


@pytest.mark.usefixtures("publisher")
def test_whoever_gets_an_address_meanwhile_is_told_there(engine: Engine) -> None:
    """The bank's queue is gone, and an administrator gives it an address: what was kept goes there first, in order."""
    upstream(engine, "bank").close()
    pushes(engine, "B-1")
    told(engine)
    wiped(engine)
    cases = pushes(engine, "B-2", phone=13700008000)
    told(engine)
    with engine.store.write() as connection:
        webhooks.add(
            connection, engine.store.keys, "bank", "http://127.0.0.1:9/", secret="s" * 32, now=datetime.now(UTC)
        )
    changes(engine, cases, times=2)
    until("nothing is kept any more", lambda: left(engine) == kept(engine) == 0, within_s=60)
    letter = tables.webhook_letters
    with engine.store.read() as connection:
        bodies = list(connection.execute(letter.select().order_by(letter.c.id)).mappings())
    whats = [one["body"].partition('"what":"')[2].partition('"')[0] for one in bodies]
    assert [one for one in whats if one != "dispatch_ended"] == STORY


@pytest.mark.usefixtures("publisher")
def test_an_address_of_a_name_that_went_hears_nothing_of_its_heir(engine: Engine) -> None:
    """An upstream was renamed and its old address stayed; one on the same routing key loses its queue: what is kept
    waits for that queue, and goes to no stranger's address.
    """
    upstream(engine, "miit_12381").close()
    pushes(engine, "M-1", source="miit_12381")
    told(engine)
    wiped(engine)
    with engine.store.write() as connection:
        webhooks.add(
            connection, engine.store.keys, "miit.12381", "http://127.0.0.1:9/", secret="s" * 32, now=datetime.now(UTC)
        )
    pushes(engine, "M-2", source="miit_12381", phone=13700008000)
    told(engine)
    heir = upstream(engine, "miit_12381")
    until("nothing is kept any more", lambda: kept(engine) == 0, within_s=60)
    assert stories(heir.listen()) == {"M-2": ["accepted"]}
    heir.close()


@pytest.mark.usefixtures("publisher")
def test_a_queue_that_is_full_holds_up_no_other(engine: Engine) -> None:
    """The bank's program stands still and its queue refuses what is beyond ten: the payment house hears all at once,
    and the bank the rest, in order, when it reads again.
    """
    full = {"x-max-length": 10, "x-overflow": "reject-publish"}
    bank = Upstream(engine.settings.broker_url, "outcome.bank", arguments=full)
    payment = upstream(engine, "payment")
    cases = pushes(engine, *(f"B-{number}" for number in range(20)))
    changes(engine, cases, times=1)
    pushes(engine, "P-1", source="payment", phone=13600008000)
    told(engine)
    assert stories(payment.listen()) == {"P-1": ["accepted"]} and kept(engine) > 0

    def heard() -> bool:
        bank.listen()
        return kept(engine) == 0

    until("the bank has heard the rest", heard, within_s=60)
    bank.listen()
    assert set(map(tuple, without_dispatches(bank.heard).values())) == {tuple(STORY[:2])}
    for one in (bank, payment):
        one.close()


def test_what_came_back_and_what_was_refused_both_count_as_not_told() -> None:
    """A bank's queue vanished and came again, small: the first was returned, the last refused; none of it is heard."""
    tellings = [Telling(number, "bank", b"{}") for number in range(4)]
    key = tellings[0].key
    assert Unheard(frozenset({key}), {key: tellings[3]}).of(tellings) == tellings
    assert Unheard(frozenset(), {key: tellings[2]}).of(tellings) == tellings[2:]


def test_a_queue_for_which_nothing_is_answered_waits_alone(engine: Engine, monkeypatch: pytest.MonkeyPatch) -> None:
    """The bank's queue has lost its majority, and the broker confirms nothing for it: it is put off, and no fault of
    all the others.
    """
    upstream(engine, "bank").close()
    publisher = Publisher(engine)
    pushes(engine, "B-1")
    assert not publisher.tell_page()
    wiped(engine)
    pushes(engine, "B-2", phone=13700008000)
    publisher._outlet.close()
    publisher.tell_page()
    assert kept(engine) == 1

    def unanswered(*_: object, **__: object) -> Unheard:
        raise NotConfirmed

    monkeypatch.setattr(publisher._outlet, "publish", unanswered)
    until("its pause is over", lambda: listeners.due(engine.store, now=datetime.now(UTC)) != [], within_s=30)
    publisher._again_at = 0.0
    assert not publisher.try_again()
    assert kept(engine) == 1 and listeners.due(engine.store, now=datetime.now(UTC)) == []
