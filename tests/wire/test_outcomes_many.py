"""One case with very many alerts: each of its changes is told to all of them, in parts that a broker can bear."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from deployment import until
from telling import Upstream, changes, left, make_engine, pushes, stories, without_repeats

from dispatcher.intake import Incoming
from dispatcher.upstreams import pages
from dispatcher.upstreams.messages import Telling
from workers import outcomes
from workers.engine import Engine
from workers.outcomes import Publisher
from workers.outlet import NotConfirmed, Outlet

pytestmark = [pytest.mark.timeout(300)]

KNOWN = frozenset({"bank"})
CROWD = 300


def crowd(engine: Engine, many: int = CROWD) -> Any:
    """So many alerts about one person. Returns their case."""
    alert = {"source": "bank", "risk": "L3", "fraud_type": "fake_loan", "region": "140105"}
    batch = [
        Incoming(value=alert | {"source_ref": f"C-{number}", "victim": {"phone": "13500008000"}})
        for number in range(many)
    ]
    (case,) = {one.case_id for one in engine.intake.accept(batch, door="test", now=datetime.now(UTC)).results}
    return case


class Small(Outlet):
    """A way to a broker that confirms a few messages in time, and never more."""

    MOST = 100

    def publish(self, tellings: Sequence[Telling], *, until: float) -> Any:
        """As ever, if they are few."""
        if len(tellings) > self.MOST:
            raise NotConfirmed
        return super().publish(tellings, until=until)


@pytest.fixture
def publisher(engine: Engine) -> Iterator[Publisher]:
    """A publisher that is not yet begun, to a broker that confirms a hundred messages in time."""
    made = Publisher(engine)
    made._outlet = Small(engine.settings)
    yield made
    if made.is_alive():
        made.stop(30)


@pytest.fixture
def engine(tmp_path: Path) -> Engine:
    """An engine of one machine."""
    return make_engine(tmp_path / "home")


@pytest.fixture
def bank(engine: Engine) -> Iterator[Upstream]:
    """The bank listens to its own outcomes."""
    upstream = Upstream("filequeue://localhost//", "outcome.bank", folder=str(engine.settings.queue_folder))
    yield upstream
    upstream.close()


def test_a_case_with_many_alerts_holds_up_nobody(engine: Engine, bank: Upstream, publisher: Publisher) -> None:
    """300 alerts warn of one person, more than the broker confirms in time: all hear how it ended, and so do others."""
    case = crowd(engine)
    changes(engine, [case], times=2)
    pushes(engine, "B-1")
    publisher.start()
    until("everything is told", lambda: left(engine) == 0, within_s=120)
    told = stories(without_repeats(bank.listen()))
    assert told.pop("B-1") == ["accepted"]
    assert len(told) == CROWD
    assert {tuple(one for one in story if one != "dispatch_ended") for story in told.values()} == {
        ("accepted", "case_closed", "case_reopened")
    }


def parts(engine: Engine, most: int) -> list[pages.Page]:
    """All pages of what waits, each forgotten before the next is read."""
    found, rest = [], None
    while True:
        page = pages.next_page(engine.store, limit=50, known=KNOWN, most=most, after=rest)
        if not page.numbers and not page.tellings:
            return found
        with engine.store.write() as connection:
            pages.forget(connection, page.numbers)
        found.append(page)
        rest = page.rest


@pytest.mark.parametrize("most", [7, 30, 44, 45, 46, 1_000])
def test_a_part_is_never_larger_than_told_and_nothing_is_left_out(engine: Engine, most: int) -> None:
    """45 alerts warn of one person: by whatever parts, each hears each change once, in order, and no part is larger."""
    case = crowd(engine, 45)
    changes(engine, [case], times=2)
    late = {"source": "bank", "source_ref": "LATE", "risk": "L3", "fraud_type": "fake_loan", "region": "140105"}
    engine.intake.accept(
        [Incoming(value=late | {"victim": {"phone": "13500008000"}})], door="test", now=datetime.now(UTC)
    )
    changes(engine, [case], times=1)
    pushes(engine, "B-1")
    found = parts(engine, most)
    assert max(len(page.tellings) for page in found) <= most
    messages = [json.loads(telling.body) for page in found for telling in page.tellings]
    assert len({(one["number"], one["alert"]) for one in messages}) == len(messages)
    assert len(without_repeats(messages)) == len(messages), "each hears its changes in order"
    told = stories(messages)
    assert [one for one in told.pop("LATE") if one != "dispatch_ended"] == ["accepted", "case_closed"]
    assert told.pop("B-1") == ["accepted"]
    assert len(told) == 45 and len({tuple(story) for story in told.values()}) == 1


def test_what_was_confirmed_is_not_told_again(
    engine: Engine, bank: Upstream, publisher: Publisher, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The broker fails in the middle of a large case: telling goes on with the part that failed, not from the start."""
    case = crowd(engine)
    changes(engine, [case], times=1)
    publisher._size = 25
    monkeypatch.setattr(outcomes, "LARGEST", 25)
    parts_of_it, failed = [], []
    publish = publisher._outlet.publish

    def fails_once(tellings: Sequence[Telling], *, until: float) -> Any:
        if any(b'"case_closed"' in telling.body for telling in tellings):
            parts_of_it.append(len(tellings))
            if len(parts_of_it) == 4:
                failed.append(True)
                raise NotConfirmed
        return publish(tellings, until=until)

    monkeypatch.setattr(publisher._outlet, "publish", fails_once)
    publisher.start()
    until("everything is told", lambda: left(engine) == 0, within_s=60)
    closed = [one for one in bank.listen() if one["what"] == "case_closed"]
    assert failed and len(closed) == len(without_repeats(closed)) == CROWD


def test_another_publisher_that_has_the_turn_begins_anew(
    engine: Engine, bank: Upstream, publisher: Publisher, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A publisher loses its turn between two parts of a large case: the next one tells all of it, in order."""
    case = crowd(engine)
    publisher._size = 25
    monkeypatch.setattr(outcomes, "LARGEST", 25)
    while publisher.tell_page():
        pass
    changes(engine, [case], times=1)
    assert publisher.tell_page() and publisher._rest is not None
    other = Publisher(engine)
    other._outlet = Small(engine.settings)
    other._size = 25
    with monkeypatch.context() as patched:
        patched.setattr(outcomes, "TURN", outcomes.TURN * 0)  # the turn has run out
        assert other._has_turn(engine.store)
    with pytest.raises(outcomes.TurnLost):
        publisher.tell_page()
    assert publisher._rest is None and left(engine) > 0
    other._turn_until = time.monotonic() + 10
    while other.tell_page():
        pass
    told = bank.listen()
    closed = [one["source_ref"] for one in told if one["what"] == "case_closed"]
    assert left(engine) == 0 and len(set(closed)) == CROWD
    assert len(told) > len(without_repeats(told)), "what the first had told of the row comes again"
    assert len({tuple(story) for story in stories(without_repeats(told)).values()}) == 1
