"""What operators are told at /metrics, and how a request is found again in the log."""

from __future__ import annotations

import json
import logging
import threading
import time
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from doors import IDENTITY, NAME, PHONE, Doors
from fastapi.testclient import TestClient
from prometheus_client.parser import text_string_to_metric_families
from sqlalchemy import insert, update
from sqlalchemy.exc import OperationalError

from dispatcher import measures, tables
from dispatcher.clock import note_done, note_not_done, take_turn
from dispatcher.ids import new_id
from dispatcher.presence import Presence, forget_silent
from dispatcher.traces import Span
from web.app import make_app
from web.requests import HEADER
from workers.tally import Tally


@pytest.fixture
def counted(doors: Doors, tmp_path: Path) -> Iterator[Doors]:
    """The same doors, counting."""
    doors.house = replace(doors.house, meters=Tally(tmp_path))
    with TestClient(make_app(doors.house), raise_server_exceptions=False) as client:
        doors.client = client
        yield doors


def told(doors: Doors) -> dict[tuple[str, ...], float]:
    """Every sample by its name and its labels' values, in the order of the labels' names."""
    doors.client.app.state.board._told_at = 0.0  # type: ignore[attr-defined]  # a new look, not one of 5 s ago
    answer = doors.client.get("/metrics")
    assert answer.status_code == 200 and answer.headers["content-type"].startswith("text/plain")
    return {
        (sample.name, *(value for _, value in sorted(sample.labels.items()))): sample.value
        for family in text_string_to_metric_families(answer.text)
        for sample in family.samples
    }


def test_how_things_stand_is_read_from_the_tables(counted: Doors) -> None:
    """An L1 was accepted and nobody took it for 45 s: the figure that wakes somebody says 45, by lane and level."""
    counted.push(counted.alert())
    counted.later(seconds=45)
    found = told(counted)
    assert found["quanzu_database_up",] == 1
    assert found["quanzu_oldest_due_seconds", "sms", "urgent", "L1"] == pytest.approx(45)
    assert found["quanzu_waiting", "sms", "urgent", "L1"] == 1
    assert found["quanzu_cases_open",] == 1
    counted.work()
    found = told(counted)
    assert ("quanzu_oldest_due_seconds", "sms", "urgent", "L1") not in found
    assert found["quanzu_handed_over", "sms"] == 1


def unsent(doors: Doors) -> tuple[float, float]:
    """For how long the oldest L1 has waited that was never handed over: free, and held by an operator."""
    found = told(doors)
    return found["quanzu_unsent_oldest_seconds", "no", "L1"], found["quanzu_unsent_oldest_seconds", "yes", "L1"]


def test_an_urgent_one_that_is_put_off_is_not_forgotten(counted: Doors) -> None:
    """An L1's carrier was busy and it was put off by a minute: the figure that wakes somebody grows."""
    counted.push(counted.alert())
    counted.later(seconds=45)
    later = update(tables.dispatches).values(due_at=counted.now + timedelta(minutes=1), reason="carrier_throttled")
    with counted.store.write() as connection:
        connection.execute(later)
    assert told(counted)["quanzu_oldest_due_seconds", "sms", "urgent", "L1"] == 0
    assert unsent(counted) == (pytest.approx(45), 0)


@pytest.mark.parametrize("reason", ["person_window", "only_live_carriers"])
def test_an_urgent_one_that_waits_rightly_wakes_nobody(counted: Doors, reason: str) -> None:
    """She has had all the texts that the carrier's contract allows in a day; or it is a rehearsal: no alarm."""
    counted.push(counted.alert())
    table = tables.dispatches
    with counted.store.write() as connection:
        connection.execute(update(table).where(table.c.channel == "sms").values(reason=reason))
        connection.execute(update(table).where(table.c.channel != "sms").values(handed_over_at=counted.now))
    counted.later(seconds=4000)
    assert unsent(counted) == (0, 0)


def test_an_urgent_one_that_is_held_is_told_apart(counted: Doors) -> None:
    """Somebody held everything at night: the L1 among it is told as held, and once it was handed over no more."""
    counted.push(counted.alert())
    counted.later(seconds=400)
    table = tables.dispatches
    with counted.store.write() as connection:
        connection.execute(update(table).where(table.c.channel == "sms").values(held_by=new_id()))
        connection.execute(update(table).where(table.c.channel != "sms").values(handed_over_at=counted.now))
    assert unsent(counted) == (0, pytest.approx(400))


def test_a_clock_that_turns_and_fails_is_told_from_one_that_works(counted: Doors) -> None:
    """A duty has failed for five minutes while the clock took every turn: the lag is 0, and yet it is told."""
    note_done(counted.store, by="test", now=counted.now)
    counted.later(minutes=5)
    take_turn(counted.store, "sweep", every=timedelta(0), by="test", now=counted.now)
    found = told(counted)
    assert (found["quanzu_clock_lag_seconds",], found["quanzu_clock_done_seconds",]) == (0, pytest.approx(300))


def test_a_clock_that_never_did_all_is_told_of(counted: Doors) -> None:
    """A new version's first turns all fail: the time without one that did all runs from the first of them."""
    note_not_done(counted.store, by="test", now=counted.now)
    counted.later(minutes=3)
    note_not_done(counted.store, by="test", now=counted.now)
    assert told(counted)["quanzu_clock_done_seconds",] == pytest.approx(180)
    note_done(counted.store, by="test", now=counted.now)
    assert told(counted)["quanzu_clock_done_seconds",] == 0


def test_everything_that_is_promised_is_told(counted: Doors) -> None:
    """Every standing that the reference lists is there once there is anything to tell of."""
    counted.push(counted.alert())
    fares = {"state": "closed", "since": counted.now, "probe_at": None, "opened": 0, "run": 1, "asked": 2.0}
    fares |= {"failed": 1.0, "counted_at": counted.now, "latency_s": 0.2, "our_fault_at": counted.now}
    with counted.store.write() as connection:
        connection.execute(insert(tables.carrier_health), fares | {"carrier": "made-up", "our_fault_code": "template"})
    take_turn(counted.store, "sweep", every=timedelta(0), by="test", now=counted.now)
    note_done(counted.store, by="test", now=counted.now)
    names = {key[0] for key in told(counted)}
    assert {name for one in measures.STANDINGS for name in one.exposed} - names == set()


def test_events_at_the_doors_are_counted(counted: Doors) -> None:
    """A bank pushed one alert twice and one broken one: each answer is counted where it belongs."""
    alert = counted.alert()
    for body in (alert, alert, {"source": "bank"}):
        counted.push(body)
    found = told(counted)
    for status in ("accepted", "repeated", "refused"):
        assert found["quanzu_alerts_total", "api", status] == 1
    assert found["quanzu_http_requests_total", "/v1/alerts", "202"] == 2
    assert found["quanzu_http_requests_total", "/v1/alerts", "422"] == 1
    assert found["quanzu_dead_letters_kept",] == 1


def test_news_is_counted_by_its_carrier(counted: Doors) -> None:
    """The simulator told how a text went: it counts as told by that carrier, and hides no other's silence."""
    counted.push(counted.alert())
    (letter,) = counted.work()
    news = {"reference": letter.reference, "code": "DELIVRD", "at": "2026-11-22T04:00:01+00:00"}
    assert counted.tells({"news": [news]}).status_code == 200
    assert told(counted)["quanzu_news_total", "simulator", "told"] == 1


def test_metrics_name_nobody(counted: Doors) -> None:
    """A person was pushed, and somebody put a number into an address: nothing that is told repeats either."""
    counted.push(counted.alert())
    counted.work()
    counted.client.get(f"/v1/cases/{PHONE}", headers={HEADER: PHONE})
    counted.client.get(f"/nowhere/{PHONE}?name={NAME}")
    text = counted.client.get("/metrics").text
    for secret in (PHONE, NAME, IDENTITY, "bank", "nowhere"):
        assert secret not in text


def test_metrics_are_told_without_a_database(counted: Doors, monkeypatch: pytest.MonkeyPatch) -> None:
    """The database went away: Prometheus reads that it did, and what the processes have counted."""
    counted.push(counted.alert())

    def gone(*_: object) -> None:
        raise OperationalError("SELECT", {}, Exception("gone"))

    monkeypatch.setattr(type(counted.store), "read", gone)
    found = told(counted)
    assert found["quanzu_database_up",] == 0
    assert found["quanzu_alerts_total", "api", "accepted"] == 1


def test_metrics_are_told_though_the_database_hangs(counted: Doors, monkeypatch: pytest.MonkeyPatch) -> None:
    """The database takes a connection and says nothing: the answer comes all the same; one thread waits, not many."""
    released = threading.Event()

    def hangs(*_: object) -> None:
        released.wait(60)
        raise OperationalError("SELECT", {}, Exception("gone"))

    monkeypatch.setattr(type(counted.store), "read", hangs)
    board = counted.client.app.state.board  # type: ignore[attr-defined]
    before = threading.active_count()
    for _ in range(3):
        found = board.read(counted.now, within_s=0.2)
        assert [(one.measure.name, one.value) for one in found] == [("quanzu_database_up", 0.0)]
    assert threading.active_count() <= before + 1
    released.set()


def test_many_who_ask_cost_one_look(counted: Doors, monkeypatch: pytest.MonkeyPatch) -> None:
    """Five Prometheus servers ask within a second: the database is asked once."""
    looks = []
    real = type(counted.store).read
    monkeypatch.setattr(type(counted.store), "read", lambda store: looks.append(1) or real(store))
    for _ in range(5):
        assert counted.client.get("/metrics").status_code == 200
    assert len(looks) == 1


def test_who_is_at_work_is_seen(counted: Doors) -> None:
    """A worker beats, dies, and is told as gone after 15 s; after a day its line is removed."""
    worker = Presence("urgent-1@quanzu", "urgent", counted.now)
    worker.beat(counted.store, now=counted.now)
    worker.beat(counted.store, now=counted.later(seconds=5))
    assert told(counted)["quanzu_workers_alive", "urgent"] == 1
    counted.later(seconds=16)
    assert told(counted)["quanzu_workers_alive", "urgent"] == 0
    assert forget_silent(counted.store, now=counted.now) == 0
    assert forget_silent(counted.store, now=counted.later(days=1)) == 1
    assert counted.rows(tables.workers) == []


# -- requests ----------------------------------------------------------------------------------------------------


def test_a_request_keeps_the_id_that_its_sender_gave(doors: Doors) -> None:
    """A bank names its request: the answer names it too, so that both sides' logs can be laid side by side."""
    told_id = "bank-A.20261123_000001"
    assert doors.client.get("/healthz", headers={HEADER: told_id}).headers[HEADER] == told_id


@pytest.mark.parametrize(
    "bad",
    ["short", "x" * 65, "two words", "semi;colon", "line\tfeed", PHONE, f"req-{PHONE}", "138.1234.5678", IDENTITY],
)
def test_an_id_that_may_not_stand_in_a_log_is_replaced(doors: Doors, bad: str) -> None:
    """Somebody used a person's number as the request's id, or something endless: it gets one of ours."""
    given = doors.client.get("/healthz", headers={HEADER: bad}).headers[HEADER]
    assert given != bad and len(given) == 32


def test_a_fault_of_ours_is_found_by_its_request(doors: Doors, capsys: pytest.CaptureFixture[str]) -> None:
    """Something broke: the sender has an id in its hand, and the log tells the fault under it, without its words."""
    from cli.logs import set_up_logs

    def broken() -> list[str]:
        raise RuntimeError(f"cannot warn {PHONE}")

    root = logging.getLogger()
    handlers, level = list(root.handlers), root.level
    set_up_logs("INFO")
    try:
        client = TestClient(make_app(replace(doors.house, ready=broken)), raise_server_exceptions=False)
        answer = client.get("/readyz", headers={HEADER: "complaint-17"})
    finally:
        root.handlers[:], root.level = handlers, level
    assert (answer.status_code, answer.headers[HEADER]) == (500, "complaint-17")
    lines = [json.loads(line) for line in capsys.readouterr().err.splitlines()]
    (line,) = [line for line in lines if line["event"] == "request_broken"]
    assert (line["request"], line["fault"], line["door"]) == ("complaint-17", "RuntimeError", "/readyz")
    assert PHONE not in json.dumps(lines)


def test_a_case_is_traced_from_push_to_receipt(doors: Doors) -> None:
    """An upstream that traces pushes an alert, and the carrier reports it delivered: both are under the case's id."""
    spans: list[Span] = []
    doors.house = replace(doors.house, tell=spans.append)
    with TestClient(make_app(doors.house), raise_server_exceptions=False) as client:
        doors.client = client
        client.headers["traceparent"] = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"
        doors.push(doors.alert())
        (letter,) = [one for one in doors.work() if one.channel == "sms"]
        news = [{"reference": letter.reference, "code": "DELIVRD", "at": doors.now.isoformat()}]
        assert doors.tells({"news": news}).json()["stored"] == 1
        _until(lambda: any(one.name == "receipt" for one in spans))
    alert = next(one for one in spans if one.name == "alert")
    receipt = next(one for one in spans if one.name == "receipt")
    (case,) = doors.rows(tables.cases)
    assert alert.at.trace == receipt.at.trace == case["id"].int
    assert alert.links[0].trace == 0x0AF7651916CD43DD8448EB211C80319C
    assert receipt.parent == letter.attempt_id.int & (2**64 - 1)
    assert PHONE not in repr(spans) and NAME not in repr(spans)


def _until(holds: Any) -> None:
    for _ in range(600):
        if holds():
            return
        time.sleep(0.05)
    pytest.fail("not within 30 s")
