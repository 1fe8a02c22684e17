"""Officers and callers at work, over real HTTP against a small worklist."""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest
from fake_worklist import FakeWorklist
from town_help import CarrierDesk, Receiver, person, served, town, until


@pytest.fixture
def worklist() -> FakeWorklist:
    """An empty worklist."""
    return FakeWorklist()


@contextmanager
def at_work(receiver: Receiver, worklist: FakeWorklist, **changes: Any) -> Iterator[CarrierDesk]:
    """A town whose one caller and one officer work off the list."""
    with served(worklist.app()) as base:
        keys = {"worklist": base, "caller_keys": ("caller",), "officer_keys": ("officer",)}
        with town(receiver, **{**keys, **changes}) as desk:
            yield desk


def agrees(report: dict[str, Any]) -> bool:
    """Whether the codes of a report agree, by the rules of the trade."""
    if report["reach"] == "not_reached":
        return bool(report["reason"]) and report["verdict"] is None and report["dissuasion"] is None
    money = [report[name] for name in ("defrauded_yuan", "dissuaded_yuan", "stopped_yuan")]
    two_decimals = all(one is None or one == f"{float(one):.2f}" for one in money)
    lost = float(report["defrauded_yuan"] or 0) > 0 and report["fraud_time"] is not None
    timely = report["verdict"] == "not_defrauded" or float(report["dissuaded_yuan"] or 0) > 0
    return (
        report["verdict"] is not None
        and two_decimals
        and (lost or report["verdict"] != "defrauded")
        and (timely or report["dissuasion"] != "timely")
    )


def test_a_caller_signs_in_dials_and_reports(receiver: Receiver, worklist: FakeWorklist) -> None:
    """Grandmother is called, reached and dissuaded; ledger and report tell the same."""
    grandmother = person("9920")
    worklist.add("grandmother", grandmother)
    with at_work(receiver, worklist) as desk:
        report = until(lambda: worklist.reported("grandmother"))
        until(lambda: desk.ledger("report"))
        kinds = [entry["kind"] for entry in desk.ledger()]
        whole = desk.http.get("/ledger").text
    assert (report["reach"], report["verdict"], report["visit"]) == ("reached", "not_defrauded", None)
    assert report["submit"] == "straight" and report["close"] is None
    assert agrees(report)
    assert kinds == ["seen", "sign_in", "call", "report"]
    assert grandmother not in whole and "王某" not in whole


def test_an_officer_goes_to_the_door(receiver: Receiver, worklist: FakeWorklist) -> None:
    """One is met at home; another never is, and the visit is reported as invalid with its reason."""
    worklist.add("home", person("9920"), "visit")
    worklist.add("away", person("9919"), "visit")
    with at_work(receiver, worklist):
        met, missed = (until(lambda name=name: worklist.reported(name)) for name in ("home", "away"))
    assert (met["visit"], met["target"], met["reach"]) == ("met", "self", "reached")
    assert (missed["visit"], missed["visit_reason"]) == ("invalid", "not_home")
    assert agrees(met) and agrees(missed)


def test_one_who_has_paid_says_what_was_lost(receiver: Receiver, worklist: FakeWorklist) -> None:
    """A victim tells the caller; the report names money and the hour, which lies before the call."""
    worklist.add("victim", person("9915"))
    with at_work(receiver, worklist):
        report = until(lambda: worklist.reported("victim"))
    assert report["verdict"] == "defrauded" and agrees(report)
    assert datetime.fromisoformat(report["fraud_time"]) < datetime.fromisoformat(report["happened_at"])


def test_one_who_refuses_on_the_phone_listens_at_the_door(receiver: Receiver, worklist: FakeWorklist) -> None:
    """The caller's advice is refused, the officer's taken."""
    stubborn = person("9922")
    worklist.add("phone", stubborn)
    with at_work(receiver, worklist):
        assert until(lambda: worklist.reported("phone"))["dissuasion"] == "refused"
        worklist.add("door", stubborn, "visit")
        assert until(lambda: worklist.reported("door"))["dissuasion"] == "timely"


def test_one_who_was_met_listens_on_the_phone_too(receiver: Receiver, worklist: FakeWorklist) -> None:
    """The officer was there first: the caller who rings afterwards is not refused any more."""
    stubborn = person("9922")
    worklist.add("door", stubborn, "visit")
    with at_work(receiver, worklist):
        assert until(lambda: worklist.reported("door"))["dissuasion"] == "timely"
        worklist.add("phone", stubborn)
        assert until(lambda: worklist.reported("phone"))["dissuasion"] == "timely"


def test_a_relative_is_asked_and_gives_no_verdict(receiver: Receiver, worklist: FakeWorklist) -> None:
    """Relatives are mostly reached; what they say is no verdict on the person."""
    for n in range(20):
        worklist.add(f"kin{n}", person(), target="relative")
    with at_work(receiver, worklist) as desk:
        until(lambda: len(desk.ledger("report")) == 20)
    reached = [report for report in worklist.reports if report["reach"] == "reached"]
    assert len(reached) > 10
    assert {(one["target"], one["verdict"], one["dissuasion"]) for one in reached} == {
        ("relative", "unknown", "not_needed")
    }
    assert all(agrees(report) for report in worklist.reports)


def test_a_redial_keeps_its_sign_in(receiver: Receiver, worklist: FakeWorklist) -> None:
    """A task comes back with another reference: one `seen` and one `sign_in`, two calls, two reports."""
    away = person("9919")
    worklist.add("away", away)
    with at_work(receiver, worklist) as desk:
        until(lambda: worklist.reported("away"))
        worklist.add("away", away, attempt=2)
        until(lambda: len(desk.ledger("report")) == 2)
        kinds = [entry["kind"] for entry in desk.ledger()]
        calls = desk.ledger("call")
    assert kinds == ["seen", "sign_in", "call", "report", "call", "report"]
    assert [(call["try"], call["reference"]) for call in calls] == [(1, "awayr1"), (2, "awayr2")]


def test_some_never_act_some_act_late_some_never_report(receiver: Receiver, worklist: FakeWorklist) -> None:
    """The ledger tells apart a task ignored, one signed in after its limit, and one whose news is kept."""
    worklist.add("ignored", person("9923"))
    worklist.add("late", person("9924"))
    worklist.add("kept", person("9925"), "visit")
    limit = datetime.fromisoformat(worklist.tasks["late"]["sign_in_by"])
    with at_work(receiver, worklist) as desk:
        until(lambda: worklist.reported("late") and desk.ledger("visit") and desk.ledger("ignored"))
        until(lambda: len(desk.ledger("report")) == 1)
        signed = {entry["task"]: entry for entry in desk.ledger("sign_in")}
        [visit], [ignored] = desk.ledger("visit"), desk.ledger("ignored")
        time.sleep(0.3)
        assert len(desk.ledger("ignored")) == 1
    assert datetime.fromisoformat(signed["late"]["signed_in_at"]) > limit
    assert set(signed) == {"late", "kept"}
    assert (visit["task"], visit["news"], visit["reached"]) == ("kept", "withheld", True)
    assert (ignored["task"], ignored["news"]) == ("ignored", "withheld")
    assert [report["task"] for report in worklist.reports] == ["late"]


def test_people_wait_for_a_web_that_restarts(receiver: Receiver, worklist: FakeWorklist) -> None:
    """The web fails five times; the person is called once and reported once."""
    worklist.stumbles = 5
    worklist.add("patient", person("9920"))
    with at_work(receiver, worklist) as desk:
        until(lambda: desk.ledger("report"))
        assert len(desk.ledger("call")) == 1
    assert len(worklist.reports) == 1


@pytest.mark.parametrize(("step", "status"), [("sign-in", 404), ("sign-in", 409), ("report", 409), ("report", 422)])
def test_a_try_that_the_web_refuses_is_dropped(
    receiver: Receiver, worklist: FakeWorklist, step: str, status: int
) -> None:
    """The task is no longer theirs: they note it and never ask again."""
    worklist.add("gone", person("9920"))
    worklist.refuse["gone", step] = status
    with at_work(receiver, worklist) as desk:
        [rejected] = until(lambda: desk.ledger("rejected"))
        looks = worklist.looks
        until(lambda: worklist.looks > looks + 4)
        assert len(desk.ledger("rejected")) == 1
    assert (rejected["status"], rejected["step"]) == (status, step.replace("-", "_"))
    assert worklist.reports == []


def test_a_restarted_town_reports_what_was_done_before(
    receiver: Receiver, worklist: FakeWorklist, tmp_path: Path
) -> None:
    """An officer met somebody, the town stopped before the report; after the restart nobody goes twice."""
    path = tmp_path / "town.jsonl"
    worklist.add("met", person("9920"), "visit")
    worklist.refuse["met", "report"] = 503
    with at_work(receiver, worklist, ledger=path) as desk:
        until(lambda: desk.ledger("visit"))
    worklist.refuse.clear()
    with at_work(receiver, worklist, ledger=path) as desk:
        until(lambda: desk.ledger("report"))
        assert [entry["kind"] for entry in desk.ledger()] == ["seen", "sign_in", "visit", "report"]
        [visit] = desk.ledger("visit")
    assert worklist.reports[0]["happened_at"] == visit["at"]


def test_two_keys_that_list_the_same_task_do_it_once(receiver: Receiver, worklist: FakeWorklist) -> None:
    """Two callers of one unit see the same person and only one dials."""
    for n in range(10):
        worklist.add(f"shared{n}", person("9920"))
    with at_work(receiver, worklist, caller_keys=("caller", "caller"), officer_keys=()) as desk:
        until(lambda: len(desk.ledger("report")) == 10)
        assert len(desk.ledger("call")) == 10
