"""Reading an alert: what is right comes in, what is wrong is told whole, and nothing sent is ever repeated."""

import json
from copy import deepcopy
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest

from config.faults import ConfigurationFault
from dispatcher.alert import Alert, Refused, RegionFrom, Rules, check, read
from dispatcher.words import FraudType, Risk

NOON = datetime(2026, 11, 22, 4, tzinfo=UTC)
RULES = Rules.shipped()
LEAST: dict[str, Any] = {
    "source": "bank",
    "source_ref": "B-1",
    "risk": "L2",
    "fraud_type": "fake_police",
    "victim": {"phone": "13800138000"},
}
FULL: dict[str, Any] = {
    **LEAST,
    "batch": "morning",
    "occurred_at": "2026-11-22T11:30:00+08:00",
    "pushed_at": "2026-11-22T11:35:00+08:00",
    "region": "140105",
    "test": False,
    "victim": {
        "phone": "13800138000",
        "name": "郭晓梅",
        "id_number": "140105199003070020",
        "bank_card": "6222 0212 3456 7890",
        "accounts": ["shop-1"],
        "sex": "female",
        "age_band": "30-44",
        "address": "迎春路1号",
    },
    "suspect": {"phone": "+0012345", "website": "https://a.example", "ip": "10.0.0.1", "device_kind": "多卡宝"},
    "signal": {"call_count": 2, "call_seconds": 300, "amount_yuan": 1234.5},
}


def sent(value: object) -> bytes:
    return json.dumps(value, ensure_ascii=False).encode()


def with_(path: str, value: object) -> dict[str, Any]:
    """The full alert with one field, by its dotted path, set to something else."""
    alert = deepcopy(FULL)
    *groups, name = path.split(".")
    holder = alert
    for group in groups:
        holder = holder[group]
    holder[name] = value
    return alert


def accepted(value: object, now: datetime = NOON) -> Alert:
    judged = read(sent(value), now=now, rules=RULES)
    assert isinstance(judged, Alert), judged
    return judged


def faults(value: object) -> dict[str, str]:
    """Field -> message of a refused alert; the parsed value is judged like the bytes."""
    judged = read(sent(value), now=NOON, rules=RULES)
    assert isinstance(judged, Refused)
    assert check(value, now=NOON, rules=RULES) == judged
    return {fault.field: fault.message for fault in judged.faults}


def test_a_bank_that_knows_little() -> None:
    """Five words from a bank are enough to warn somebody: the clock starts at receipt, the region is our own."""
    alert = accepted(LEAST)
    assert (alert.risk, alert.fraud_type, alert.phone) == (Risk.L2, FraudType.FAKE_POLICE, "+8613800138000")
    assert (alert.pushed_at, alert.pushed_given, alert.occurred_at) == (NOON, False, None)
    assert (alert.region, alert.region_from) == ("140000", RegionFrom.HOME)
    assert (alert.test, alert.suspect, alert.signal, alert.warnings) == (False, None, None, ())


def test_a_centre_that_knows_all() -> None:
    """Everything that the centre tells arrives, in our notation."""
    alert = accepted(FULL)
    assert alert.occurred_at == datetime(2026, 11, 22, 3, 30, tzinfo=UTC)
    assert alert.pushed_at == datetime(2026, 11, 22, 3, 35, tzinfo=UTC)
    assert alert.victim.bank_card == "6222021234567890"
    assert alert.signal is not None
    assert alert.signal.amount_yuan == Decimal("1234.50")
    assert alert.suspect is not None
    assert alert.suspect.device_kind == "duokabao"


@pytest.mark.parametrize(
    ("word", "risk"), [("特危", "L1"), ("高危", "L2"), ("中危", "L3"), ("低危", "L4"), ("L1", "L1")]
)
def test_levels_in_either_tongue(word: str, risk: str) -> None:
    """An upstream that says 特危 is understood like one that says L1."""
    assert accepted(LEAST | {"risk": word}).risk == risk


def test_where_a_person_belongs() -> None:
    """What the alert says of the region counts before the registered residence, and that before our own."""
    registered = {"phone": "13800138000", "id_number": "140202199003070027"}
    told = {"region": "140726", "victim": registered}
    assert (accepted(LEAST | told).region, accepted(LEAST | told).region_from) == ("140703", RegionFrom.GIVEN)
    only_id = accepted(LEAST | {"victim": registered})
    assert (only_id.region, only_id.region_from) == ("140213", RegionFrom.ID_NUMBER)


def test_somebody_registered_elsewhere_is_warned_all_the_same() -> None:
    """An identity number of an area unknown here is odd, not wrong: a warning, and our own region."""
    alert = accepted(LEAST | {"victim": {"phone": "13800138000", "id_number": "11010519491231002x"}})
    assert alert.victim.id_number == "11010519491231002X"
    assert (alert.region, alert.region_from) == ("140000", RegionFrom.HOME)
    assert [fault.field for fault in alert.warnings] == ["victim.id_number"]


def test_null_and_blank_mean_unknown() -> None:
    """An upstream that fills what it does not know with null or blanks is not turned away for it."""
    blank = {"phone": "13800138000", "name": "", "id_number": " ", "bank_card": None, "accounts": None, "sex": None}
    alert = accepted(LEAST | {"victim": blank, "batch": None, "region": None, "suspect": None, "pushed_at": None})
    assert alert.canonical() == accepted(LEAST).canonical()
    assert alert.personal() == {"victim": {"phone": "+8613800138000"}}


def test_a_trial_alert_says_so() -> None:
    """A trial is told apart, and only by true."""
    assert accepted(LEAST | {"test": True}).test
    assert faults(LEAST | {"test": 1}) == {"test": "must be true or false"}


def test_pushed_before_it_happened() -> None:
    """Clocks may differ by five minutes; more is a mistake that the upstream hears of."""
    near = FULL | {"pushed_at": "2026-11-22T11:25:00+08:00"}
    far = FULL | {"pushed_at": "2026-11-22T11:24:59+08:00"}
    assert accepted(near).pushed_at < accepted(FULL).pushed_at
    assert faults(far) == {"pushed_at": "must not lie before occurred_at"}


def test_a_clock_that_runs_ahead() -> None:
    """An upstream whose clock is five minutes fast is still heard."""
    assert accepted(LEAST | {"pushed_at": "2026-11-22T04:05:00Z"}).pushed_at == NOON + timedelta(minutes=5)


def test_how_far_back_is_the_deployments_to_say() -> None:
    """A deployment that takes in older alerts says so in its rules."""
    old = sent(LEAST | {"pushed_at": "2020-01-01T00:00:00Z"})
    assert isinstance(read(old, now=NOON, rules=RULES), Refused)
    assert isinstance(read(old, now=NOON, rules=replace(RULES, oldest=timedelta(days=4000))), Alert)


def test_a_refused_alert_can_be_answered() -> None:
    """The upstream of a refused alert is told by its own reference, as far as it gave one that can be kept."""
    judged = read(sent(LEAST | {"risk": "?"}), now=NOON, rules=RULES)
    assert isinstance(judged, Refused)
    assert (judged.source, judged.source_ref) == ("bank", "B-1")
    judged = read(sent(LEAST | {"source": 3, "source_ref": "a\x00"}), now=NOON, rules=RULES)
    assert isinstance(judged, Refused)
    assert (judged.source, judged.source_ref) == (None, None)


def test_what_is_judged_elsewhere_may_hold_any_number() -> None:
    """Money that another parser made a Decimal of is judged like any other, and minus nothing is nothing."""
    amounts: list[Any] = [Decimal("NaN"), Decimal("sNaN"), Decimal("Infinity"), Decimal("1E-99"), float("nan")]
    for amount in amounts:
        assert isinstance(check(with_("signal.amount_yuan", amount), now=NOON, rules=RULES), Refused)
    assert (
        accepted(with_("signal.amount_yuan", -0.0)).canonical() == accepted(with_("signal.amount_yuan", 0)).canonical()
    )


def test_a_deployment_in_its_own_town() -> None:
    """A prefecture's centre takes what has no region as its own, and its own upstream may speak."""
    rules = Rules.shipped(["town_bank"], "140100")
    alert = check(LEAST | {"source": "town_bank"}, now=NOON, rules=rules)
    assert isinstance(alert, Alert)
    assert alert.region == "140100"
    with pytest.raises(ConfigurationFault, match=r"^QUANZU_HOME_REGION: "):
        Rules.shipped(home_region="110000")


@pytest.mark.parametrize("names", [("bank.a", "bank_a"), ("bank a", "bank.a"), ("police.110",), ("unknown",)])
def test_two_upstreams_never_share_a_routing_key(names: tuple[str, ...]) -> None:
    """One name would be told where another listens: refused at the start, both named, before either hears the other."""
    with pytest.raises(ConfigurationFault) as caught:
        Rules.shipped(names)
    (fault,) = caught.value.faults
    assert fault.startswith("QUANZU_SOURCES: ")
    assert all(name in fault for name in names)
