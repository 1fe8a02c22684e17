"""What a carrier answered is written, whatever befalls one batch of it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import cast

import pytest
from sqlalchemy.exc import OperationalError

from dispatcher.bells import Bell
from dispatcher.settle import Settlement
from dispatcher.store import Store
from workers import settler as settler_module
from workers.settler import Settler

WITHIN_S = 30


@dataclass
class Settled:
    """What came of a batch."""

    bells: list[Bell]
    counted: int = 0


class Writing:
    """Stands for the writing of batches: each of `faults` befalls one attempt, then all goes well."""

    def __init__(self, *faults: Exception) -> None:
        self.faults = list(faults)
        self.written: list[object] = []

    def __call__(self, _store: Store, batch: list[object], *, now: object, network: object) -> Settled:
        if self.faults:
            raise self.faults.pop(0)
        self.written += batch
        return Settled([])


def settling(monkeypatch: pytest.MonkeyPatch, writing: Writing, *, give_up_after_s: float = 20.0) -> Settler:
    """A settler that writes so."""
    monkeypatch.setattr(settler_module, "settle", writing)
    return Settler(cast(Store, None), lambda _bells: None, within_s=0.001, give_up_after_s=give_up_after_s)


def batch(name: str) -> list[Settlement]:
    """A batch that the stand-in writes."""
    return cast("list[Settlement]", [name])


def test_a_locked_database_is_waited_for(monkeypatch: pytest.MonkeyPatch) -> None:
    """The database was locked twice while an answer was to be written: it was written the third time."""
    writing = Writing(OperationalError("", {}, Exception()), OperationalError("", {}, Exception()))
    settling(monkeypatch, writing).put(batch("a")).result(WITHIN_S)
    assert writing.written == ["a"]


def test_a_batch_that_cannot_be_written_holds_up_no_other(monkeypatch: pytest.MonkeyPatch) -> None:
    """One carrier's answer broke the writing of its batch: that comes back by its lease, the next batch is written."""
    writing = Writing(OverflowError("a pause of ten million years"))
    settler = settling(monkeypatch, writing)
    settler.put(batch("broken")).result(WITHIN_S)
    settler.put(batch("whole")).result(WITHIN_S)
    assert writing.written == ["whole"]


def test_a_worker_stops_waiting_when_its_lease_is_over(monkeypatch: pytest.MonkeyPatch) -> None:
    """The database stayed away for longer than a lease: the worker lets go, since the clock has decided by then."""
    writing = Writing(*(OperationalError("", {}, Exception()) for _ in range(5)))
    settling(monkeypatch, writing, give_up_after_s=0.6).put(batch("late")).result(WITHIN_S)
    assert writing.written == []
