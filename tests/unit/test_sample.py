"""A made-up day: plausible, the same for the same seed, right line by line, and nobody's."""

import json
import re
from collections import Counter, defaultdict
from datetime import UTC, date, datetime, timedelta, timezone
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cli.sample import make_sample
from cli.sample_faults import FAULTS
from dispatcher.alert import Alert, Refused, Rules, read

CHINA = timezone(timedelta(hours=8))
EVENING = datetime(2026, 11, 22, 12, 34, 56, tzinfo=UTC)
RULES = Rules.shipped()
DAY = [json.loads(line) for line in make_sample(5_532, day=None, seed=7, now=EVENING)]


def told(line: str, now: datetime = EVENING) -> Alert | Refused:
    return read(line.encode(), now=now, rules=RULES)


def delay_s(alert: dict[str, Any]) -> float:
    pushed, occurred = (datetime.fromisoformat(alert[name]) for name in ("pushed_at", "occurred_at"))
    return (pushed - occurred).total_seconds()


def share(count: int) -> float:
    return count / len(DAY)


def test_a_whole_day_is_right() -> None:
    """Every made-up person of a real-size day would be warned: not one line is refused."""
    judged = [told(json.dumps(alert, ensure_ascii=False)) for alert in DAY]
    assert all(isinstance(alert, Alert) and not alert.warnings for alert in judged)


def test_the_same_seed_tells_of_the_same_people() -> None:
    """A run can be repeated on another day: people and dangers stay, only the instants and the day move."""
    other_day = EVENING + timedelta(days=40, hours=2)
    again = [json.loads(line) for line in make_sample(5_532, day=None, seed=7, now=other_day)]
    moving = ("occurred_at", "pushed_at", "source_ref")
    for first, second in zip(DAY, again, strict=True):
        assert {k: v for k, v in first.items() if k not in moving} == {
            k: v for k, v in second.items() if k not in moving
        }
    assert list(make_sample(50, day=None, seed=7, now=EVENING, malformed=9)) == list(
        make_sample(50, day=None, seed=7, now=EVENING, malformed=9)
    )
    assert next(make_sample(1, day=None, seed=8, now=EVENING)) != next(make_sample(1, day=None, seed=7, now=EVENING))


def test_the_shares_are_plausible() -> None:
    """The mix of levels, types and sources is near what was set."""
    risks = Counter(alert["risk"] for alert in DAY)
    for risk, wanted in (("L1", 0.01), ("L2", 0.04), ("L3", 0.35), ("L4", 0.60)):
        assert share(risks[risk]) == pytest.approx(wanted, abs=0.03)
        assert risks[risk]
    types = Counter(alert["fraud_type"] for alert in DAY)
    assert types.most_common(1)[0][0] == "brush_rebate"
    assert len(types) == 13
    assert len({alert["source"] for alert in DAY}) == 12
    assert share(sum("id_number" in alert["victim"] for alert in DAY)) == pytest.approx(0.6, abs=0.03)


def test_people_live_where_people_live() -> None:
    """Taiyuan, with the most people, has the most alerts; every prefecture has some."""
    prefectures = Counter(alert["region"][:4] for alert in DAY if "region" in alert)
    assert len(prefectures) == 11
    assert prefectures["1401"] == max(prefectures.values())
    assert share(prefectures["1401"]) == pytest.approx(0.9 * 5_304_061 / 34_915_616, abs=0.02)


def test_some_people_are_told_of_again() -> None:
    """About three in a hundred alerts repeat a person and type, about one tells of another type."""
    seen: defaultdict[str, set[str]] = defaultdict(set)
    same = other = 0
    for alert in DAY:
        types = seen[alert["victim"]["phone"]]
        same += alert["fraud_type"] in types
        other += bool(types) and alert["fraud_type"] not in types
        types.add(alert["fraud_type"])
    assert share(same) == pytest.approx(0.03, abs=0.01)
    assert share(other) == pytest.approx(0.01, abs=0.006)
    assert len({alert["source_ref"] for alert in DAY}) == len(DAY)
    assert DAY[123]["source_ref"] == "S7-20261122-000123"


def test_no_number_makes_the_carrier_misbehave() -> None:
    """No made-up number has an ending that the simulated carrier takes as an order."""
    for alert in DAY:
        assert re.fullmatch(r"1[3-9]\d{9}", alert["victim"]["phone"])
        assert not 9901 <= int(alert["victim"]["phone"][-4:]) <= 9949
        assert len(alert["victim"].get("name", "三个字")) == 3


def test_pushes_are_clearly_prompt_or_clearly_late() -> None:
    """Whoever counts punctual pushes gets one answer: under eight minutes or from fifteen to sixty."""
    delays = [delay_s(alert) for alert in DAY]
    assert all(0 < delay < 480 or 900 < delay <= 3600 for delay in delays)
    assert share(sum(delay < 480 for delay in delays)) == pytest.approx(0.85, abs=0.03)


@settings(max_examples=40, deadline=None)
@given(st.datetimes(datetime(2026, 2, 1), datetime(2027, 1, 1), timezones=st.just(UTC)))  # noqa: DTZ001
def test_nothing_lies_in_the_future(now: datetime) -> None:
    """At whatever instant a sample is made, its alerts are of that day, in order, and already pushed."""
    alerts = [told(line, now) for line in make_sample(20, day=None, seed=3, now=now)]
    pushed = []
    for alert in alerts:
        assert isinstance(alert, Alert), alert
        assert alert.occurred_at is not None
        assert alert.occurred_at <= alert.pushed_at <= now
        assert alert.pushed_at.astimezone(CHINA).date() == now.astimezone(CHINA).date()
        pushed.append(alert.pushed_at)
    assert pushed == sorted(pushed)


def test_a_day_gone_by_has_its_evening_too() -> None:
    """A past day is busier by day than at night, up to its last hour."""
    hours = Counter(
        datetime.fromisoformat(json.loads(line)["pushed_at"]).hour
        for line in make_sample(3_000, day=date(2026, 11, 20), seed=7, now=EVENING)
    )
    assert len(hours) == 24
    assert hours[10] > 5 * hours[3]
    assert hours[20] > 5 * hours[3]


def test_wrong_lines_are_strewn_in_when_asked() -> None:
    """Of forty wrong lines each is refused, of every kind, and the right ones are as without them."""
    mixed = list(make_sample(200, day=None, seed=7, now=EVENING, malformed=40))
    plain = list(make_sample(200, day=None, seed=7, now=EVENING))
    assert len(mixed) == 240
    wrong = [line for line in mixed if isinstance(told(line), Refused)]
    assert [line for line in mixed if line not in wrong] == plain
    assert len(wrong) == 40
    assert len({tuple(_reasons(line)) for line in wrong}) >= len(FAULTS) - 2
    assert [mixed.index(line) for line in wrong] != list(range(40))
    assert all("\n" not in line for line in mixed)


def _reasons(line: str) -> list[tuple[str, str]]:
    judged = told(line)
    assert isinstance(judged, Refused)
    return [(fault.field, fault.message) for fault in judged.faults]


def test_nothing_at_all_and_only_wrong() -> None:
    """A sample of nobody is empty; one of nobody and three faults has three wrong lines."""
    assert list(make_sample(0, day=None, seed=1, now=EVENING)) == []
    only_wrong = list(make_sample(0, day=None, seed=1, now=EVENING, malformed=3))
    assert [isinstance(told(line), Refused) for line in only_wrong] == [True] * 3


def test_what_cannot_be_made() -> None:
    """Tomorrow, and fewer than nobody, are refused at once."""
    with pytest.raises(ValueError, match="future"):
        make_sample(1, day=date(2026, 11, 23), seed=1, now=EVENING)
    with pytest.raises(ValueError, match="at least 0"):
        make_sample(-1, day=None, seed=1, now=EVENING)
