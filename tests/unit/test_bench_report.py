"""What `make bench` tells is what was measured: rates, ratios, spreads, the table and the picture."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from types import SimpleNamespace
from typing import Any
from xml.etree import ElementTree

import pytest

from bench.growth import cost_of
from bench.hot_path import times_beside
from bench.ours import POLICY
from bench.plot import drawing
from bench.report import cpu_s, found_of, growth_of, ratio, table_of
from bench.soak import slope
from bench.urgent import arrivals, person_of, spread
from bench.work import make_alerts, settled
from config.policy import load_policy
from dispatcher.alert import Alert, Rules, read

NOON = datetime(2026, 11, 22, 4, 0, tzinfo=UTC)


def a_run(per_s: float, *, left: int = 0, **cpu: float) -> dict[str, Any]:
    """A run as `Measured.told` gives it."""
    speed = {"alerts": 1000, "left": left, "per_s": per_s, "middle_per_s": per_s * 1.1}
    used = cpu or {"web": 0.5, "postgres": 0.5, "rabbitmq (shared)": 9.0}
    return {"speed": speed, "cpu_s_per_1000": used, "largest_mib": {"web": 90.0}}


@pytest.fixture
def found() -> dict[str, Any]:
    """A whole run's findings."""
    plain = a_run(50.0, **{"plain web": 2.0, "postgres": 4.0}) | {"concurrency": 8, "tried": {"4": 40.0, "8": 50.0}}
    parts = {
        "ours": {"batch": a_run(400.0), "single": a_run(250.0, left=3)},
        "plain": {"batch": plain, "single": plain},
        "l1": {"idle": spread([10, 20, 30]), "behind_l4": {**spread([100.0] * 9 + [900.0]), "backlog": 100_000}},
        "raw": {"consume_per_s": 30_000.0},
        "rows": {"10000": {"ours": 700.0, "postgres": 300.0}, "2000000": {"ours": 710.0, "postgres": 390.0}},
    }
    return found_of(parts, {"python": "3.11"}, when="2026-11-22T12:00:00+08:00", quick=False)


def test_a_rate_counts_from_the_first_publish_and_leaves_out_the_last_stragglers() -> None:
    """100 alerts settled one a second: the 95th came after 95 s, and a straggler an hour later changes nothing."""
    ends = [NOON + timedelta(seconds=number + 1) for number in range(99)] + [NOON + timedelta(hours=1)]
    told = settled(100, NOON, ends[::-1])
    assert (told.per_s, told.left) == (pytest.approx(1.0), 0)
    assert told.middle_per_s == pytest.approx(1.0)


def test_alerts_that_never_settled_are_told() -> None:
    """Ten alerts were lost by a design under test; its rate is not told without them."""
    ends = [NOON + timedelta(seconds=number + 1) for number in range(90)]
    assert settled(100, NOON, ends).left == 10
    assert settled(100, NOON, []).per_s == 0


def test_the_alerts_of_the_bench_are_right_and_of_one_person_each() -> None:
    """Each alert is accepted by our own validation, and no two speak of one person: each is the same work."""
    alerts = [read(body, now=datetime.now(UTC), rules=Rules.shipped()) for body in make_alerts(60, seed=4)]
    assert all(isinstance(alert, Alert) for alert in alerts)
    assert len({alert.phone for alert in alerts if isinstance(alert, Alert)}) == 60


def test_the_policy_of_the_bench_promises_one_text_and_one_robot_call() -> None:
    """At any hour of the day an alert of L3 or L4 is two tries and no person's work."""
    policy = load_policy(str(POLICY))
    for level in (policy.level("L3"), policy.level("L4")):
        assert level.robot is not None and level.robot.opens is None
        assert (level.sms.tries, level.robot.tries, level.human, level.visit) == (1, 1, None, None)


def test_the_json_has_what_a_reader_looks_for(found: dict[str, Any]) -> None:
    """A program that compares two runs finds the rates, the ratios and the spreads under their names."""
    assert found["settled_per_s"] == {"batch": 400.0, "single": 250.0}
    assert found["plain_settled_per_s"] == {"batch": 50.0, "single": 50.0}
    assert found["ratio_to_plain"] == {"batch": 8.0, "single": 5.0}
    assert found["ratio_to_plain_by_cpu"] == {"batch": 6.0, "single": 6.0}
    assert found["publish_to_carrier_ms"]["behind_l4"]["p99"] == 900.0
    assert found["growth"] == 1.1
    assert found["rss_mib"] == {"web": 90.0}
    assert json.loads(json.dumps(found)) == found


def test_the_table_tells_what_was_not_settled(found: dict[str, Any]) -> None:
    """Three alerts of a run were not settled, and nobody who reads the table can miss it."""
    table = table_of(found)
    assert "3 NOT settled" in table
    assert "8.0 × plain" in table
    assert "behind 100,000 L4" in table
    assert "best of 4, 8 processes: 8" in table


def test_a_part_that_was_not_run_is_not_told() -> None:
    """Somebody who measured only the raw limits reads nothing about the rest."""
    found = found_of({"raw": {"consume_per_s": 1000.0}}, {}, when="now", quick=True)
    assert table_of(found) == "raw: messages consumed  1,000/s"
    assert table_of(found_of({}, {}, when="now", quick=True)) == "nothing was measured"


def test_the_picture_is_whole_with_any_parts(found: dict[str, Any]) -> None:
    """A reader's browser can draw the figures of a whole run, and of a part of one."""
    for some in (found, {"publish_to_carrier_ms": found["publish_to_carrier_ms"]}, {}):
        assert ElementTree.fromstring(drawing(some)).tag == "{http://www.w3.org/2000/svg}svg"  # noqa: S314  # our own


def test_the_shared_broker_is_no_part_of_a_designs_cost() -> None:
    """Another's work on the same broker makes neither design look dear."""
    assert cpu_s(a_run(1.0)) == 1.0


def test_nothing_to_compare_with_is_no_ratio() -> None:
    """The plain design settled nothing: no ratio is made up."""
    assert ratio(10.0, 0.0) == 0
    assert growth_of({}) == 0


def test_a_spread_tells_the_middle_and_the_worst() -> None:
    """Of a hundred waits the 99th is told beside the middle."""
    told = spread([float(number) for number in range(101)])
    assert (told["p50"], told["p99"], told["worst"], told["measured"]) == (50.0, 99.0, 100.0, 101)


def test_an_arrival_is_found_in_the_ledger_by_its_person() -> None:
    """The carrier's ledger names nobody; the bench finds its own alert by salt and phone."""
    body = make_alerts(1, seed=9, risks=("L1",))[0]
    phone = "+86" + json.loads(body)["victim"]["phone"]
    person = sha256(("salt" + phone).encode()).hexdigest()[:32]
    entry = {"kind": "text", "person": person, "flash": True, "at": NOON.isoformat()}
    lines = [json.dumps(line).encode() for line in ({**entry, "flash": False}, entry)]
    assert arrivals(lines)[person_of("salt", body)] == NOON.timestamp()


def test_memory_that_grows_by_the_hour_is_seen_as_a_slope() -> None:
    """A process that takes a MiB more every minute takes sixty an hour."""
    assert slope([(60.0 * minute, 100.0 + minute) for minute in range(10)]) * 3600 == pytest.approx(60.0)
    assert slope([(1.0, 5.0)]) == 0


def test_costs_by_step_are_summed() -> None:
    """The cost of an alert is the cost of all its steps."""
    assert cost_of({"ours": {"claim": 100.0, "settle": 50.5}, "postgres": 20.0}) == {"ours": 150.5, "postgres": 20.0}


def test_a_machine_that_became_slower_is_no_growth() -> None:
    """The pace fell by half after the first turn, for both tables alike: only what more rows cost is told."""

    def turns(*seconds: float) -> list[Any]:
        return [SimpleNamespace(ours_s={"claim": s}, theirs_s={"claim": s, "apply": s}) for s in seconds]

    times = times_beside(turns(1.1, 2.2, 2.2), turns(1.0, 2.0, 2.0))
    assert times == {"ours": pytest.approx(1.1), "postgres": pytest.approx(1.1)}
