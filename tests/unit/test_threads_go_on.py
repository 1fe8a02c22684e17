"""No thread of ours ends by a fault of one turn, and no fault keeps another duty from its turn."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Coroutine, Sequence
from concurrent.futures import Future
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast
from uuid import UUID, uuid4

import pytest
from kombu import Message
from sqlalchemy.exc import OperationalError

from cli import supervise
from dispatcher import clock, figures, receipts
from dispatcher.news import Told
from web.house import House
from web.mailroom import Mailroom
from workers import clock as room
from workers import meters
from workers.carriers.interface import Found
from workers.clock import Clock
from workers.consumer import _batch_of

SWEEPS = ("free_leases", "close_news", "watch_promises", "close_due")
OTHERS = ("asks_due", "finish_releases", "notice_idle_units", "ring_due")
PATIENCE_S = 30
NEWS = Told("r1", "DELIVRD", datetime(2026, 1, 1, tzinfo=UTC), b"{}")


class Duties:
    """Stands for the clock's duties: `faults` befall those that they name; what was done is noted."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, **faults: Exception) -> None:
        self.done: list[str] = []
        answers: dict[str, Any] = {"free_leases": (0, []), "close_news": (0, []), "watch_promises": 0, "close_due": 0}
        for name in (*SWEEPS, *OTHERS):
            monkeypatch.setattr(clock, name, self._duty(name, answers.get(name, []), faults.get(name)))
        applied = receipts.Applied(0, 0, [])
        monkeypatch.setattr(receipts, "apply", self._duty("apply", applied, faults.get("apply")))
        monkeypatch.setattr(figures, "fold", self._duty("fold", 0, faults.get("fold")))
        relay = SimpleNamespace(ring=lambda _bells: None, crowded=frozenset)
        intake = SimpleNamespace(policy=SimpleNamespace(on_time_push_s=600.0))
        carriers, network = SimpleNamespace(ask_in={}), SimpleNamespace(has_names=False, polls="gateway".__eq__)
        engine = SimpleNamespace(store=None, relay=relay, intake=intake, carriers=carriers, network=network)
        self.clock = Clock(cast(Any, engine))

    def _duty(self, name: str, answer: object, fault: Exception | None) -> Any:
        def duty(*_: object, **__: object) -> object:
            self.done.append(name)
            if fault is not None:
                raise fault
            return answer

        return duty


def test_one_broken_duty_leaves_the_others_done(monkeypatch: pytest.MonkeyPatch) -> None:
    """A receipt that nobody can apply came: bells are rung and promises are watched all the same, and it is told."""
    duties = Duties(monkeypatch, apply=KeyError("made up"))
    assert not duties.clock.sweep()
    assert set(duties.done) == {*SWEEPS, *OTHERS, "apply", "fold"}


@pytest.mark.parametrize("well", [True, False])
def test_a_turn_is_noted_as_done_only_if_all_of_it_was(monkeypatch: pytest.MonkeyPatch, well: bool) -> None:
    """One duty fails in every turn: the clock turns on, and no turn of it counts as done."""
    monkeypatch.setattr(clock, "note_not_done", lambda _store, *, by, now: None)
    duties, noted = Duties(monkeypatch), list[datetime]()
    duties.clock._engine.owner = "here"
    monkeypatch.setattr(duties.clock, "sweep", lambda: well)
    monkeypatch.setattr(clock, "note_done", lambda _store, *, by, now: noted.append(now))

    def turn(*_: object, **__: object) -> bool:
        duties.clock._stopping.set()
        return True

    monkeypatch.setattr(clock, "take_turn", turn)
    monkeypatch.setattr(room, "LOOK_S", 0.01)
    duties.clock.run()
    assert len(noted) == (1 if well else 0)


def test_news_that_was_asked_for_is_counted(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """A gateway without callbacks tells how two of three texts ended: both count, and no alarm calls it dumb. One that
    calls back and is asked for a text in doubt has told nothing by that."""
    duties, now = Duties(monkeypatch), datetime.now(UTC)
    asks = [clock.Ask(uuid4(), uuid4(), f"r{number}", "gateway", None, now, "+8613800000000") for number in range(3)]
    told = {ask.reference: Found(True, None, code, now) for ask, code in zip(asks, ("0", "1", None), strict=True)}
    answer: Future[object] = Future()
    answer.set_result({"gateway": told, "calls back": told})
    asks += [replace(ask, carrier="calls back") for ask in asks]

    def run(work: Coroutine[object, object, object]) -> Future[object]:
        work.close()
        return answer

    duties.clock._engine.run = run  # type: ignore[method-assign, assignment]  # no carrier is asked here
    monkeypatch.setattr(clock, "asks_due", lambda *_, **__: asks)
    monkeypatch.setattr(clock, "settle_asked", lambda *_, **__: [])
    counts = meters.begin(tmp_path)
    try:
        assert duties.clock._ask()
        assert b'quanzu_news_total{carrier="gateway",way="asked"} 2.0' in counts.text()
        assert b"calls back" not in counts.text()
    finally:
        meters.end()


def test_a_database_that_is_away_ends_the_turn(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nobody waits for a lost database nine times in a turn."""
    duties = Duties(monkeypatch, free_leases=OperationalError("SELECT 1", None, Exception("made up")))
    with pytest.raises(OperationalError):
        duties.clock.sweep()
    assert duties.done == ["free_leases"]


def test_a_carrier_that_has_gone_away_ends_no_mailroom(monkeypatch: pytest.MonkeyPatch) -> None:
    """A carrier hung up before its news was stored, one piece could not be applied: the next is stored and applied."""
    applied: list[int] = []

    def apply(_store: object, *, now: object, ids: list[int], network: object) -> receipts.Applied:
        applied.extend(ids)
        if len(applied) == 1:
            raise KeyError("made up")
        return receipts.Applied(1, 0, [])

    monkeypatch.setattr(receipts, "keep", lambda _store, _carrier, told, **_: [len(told)])
    monkeypatch.setattr(receipts, "apply", apply)
    mailroom = Mailroom(House(cast(Any, None), cast(Any, None), lambda _bells: None, {}))

    async def told() -> list[int]:
        gone = asyncio.create_task(mailroom.store("simulator", [NEWS]))
        await asyncio.sleep(0)
        assert gone.cancel()
        mailroom.start()
        return [await asyncio.wait_for(mailroom.store("simulator", [NEWS]), PATIENCE_S) for _ in range(2)]

    assert asyncio.run(told()) == [1, 1]
    mailroom.stop()
    assert len(applied) >= 2


def test_news_that_piles_up_is_not_rested_on(monkeypatch: pytest.MonkeyPatch) -> None:
    """A carrier told more than one applying takes: the next follows at once, and a rest only what was not full."""
    monkeypatch.setattr("web.mailroom.MOST", 2)
    monkeypatch.setattr("web.mailroom.REST_S", 3600.0)
    monkeypatch.setattr("web.mailroom.MOST_REST_S", 3600.0)
    applied, enough = list[int](), threading.Event()

    def apply(_store: object, *, ids: Sequence[UUID], **_: object) -> receipts.Applied:
        applied.append(len(ids))
        if len(applied) == 3:
            enough.set()
        return receipts.Applied(len(ids), 0, [])

    monkeypatch.setattr(receipts, "keep", lambda *_a, **_k: [uuid4(), uuid4()])
    monkeypatch.setattr(receipts, "apply", apply)
    mailroom = Mailroom(House(cast(Any, None), cast(Any, None), lambda _bells: None, {}))

    async def told() -> None:
        posts = [asyncio.create_task(mailroom.store("simulator", [NEWS, NEWS])) for _ in range(3)]
        await asyncio.sleep(0)
        mailroom.start()
        await asyncio.gather(*posts)

    asyncio.run(told())
    assert enough.wait(PATIENCE_S)
    mailroom.stop()
    assert applied == [2, 2, 2]


def test_a_part_that_cannot_be_started_now_is_tried_again(tmp_path: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """The machine had no memory for a new process: the supervisor goes on watching, and tries after a pause."""
    child = supervise.Child("web", ["made-up"], {}, tmp_path / "web.log", starts=1)

    def refused(*_: object, **__: object) -> None:
        raise OSError("made up")

    monkeypatch.setattr("cli.supervise.subprocess.Popen", refused)
    supervise.House(cast(Any, None))._start_again(child)
    assert (child.running, child.starts) == (False, 2)


@pytest.mark.parametrize("told", ["a\x00b", "x" * 129, "13800001234", 7, "\ud800"])
def test_a_batch_that_cannot_be_kept_is_left_out(told: object) -> None:
    """A publisher's header held a NUL, a phone number, far too much: the alert is taken, without the batch's name."""
    assert _batch_of(cast(Message, SimpleNamespace(headers={"batch": told}))) is None
    assert _batch_of(cast(Message, SimpleNamespace(headers={"batch": "night-7"}))) == "night-7"
