"""The meaning of an alert, apart from its notation; what of it is personal; and that nothing leaks or raises."""

import json
from datetime import UTC, datetime, timedelta
from typing import Any

import orjson
from hypothesis import given
from hypothesis import strategies as st
from test_alert_reading import FULL, LEAST, NOON, RULES, accepted, sent, with_

from dispatcher.alert import Alert, Refused, check, read

FIELDS = [
    *("source", "source_ref", "batch", "risk", "fraud_type", "occurred_at", "pushed_at", "region", "test"),
    *(f"victim.{name}" for name in FULL["victim"]),
    *(f"suspect.{name}" for name in ("phone", "website", "app", "ip", "bank_account", "device_kind")),
    *(f"signal.{name}" for name in FULL["signal"]),
    *("victim", "suspect", "signal"),
]
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=30),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=10), inner, max_size=4),
    max_leaves=12,
)


def shuffled(value: Any, order: st.DataObject) -> Any:
    """The same JSON value with its keys in another order."""
    if not isinstance(value, dict):
        return value
    names = order.draw(st.permutations(sorted(value)))
    return {name: shuffled(value[name], order) for name in names}


@given(
    st.data(),
    st.sampled_from(["13800138000", "+86 138-0013-8000", "008613800138000", "86 13800138000"]),
    st.sampled_from([None, 0, 3]),
    st.integers(0, 300),
    st.sampled_from(["morning", "evening", None]),
)
def test_the_meaning_is_the_same_in_every_notation(
    order: st.DataObject, phone: str, indent: int | None, later_s: int, batch: str | None
) -> None:
    """An upstream that resends in another order, notation, batch or minute is recognised as repeating itself."""
    again = shuffled(with_("victim.phone", phone) | {"batch": batch}, order)
    again["occurred_at"] = "2026-11-22T03:30:00Z"
    raw = json.dumps(again, indent=indent, ensure_ascii=indent is None).encode()
    judged = read(raw, now=NOON + timedelta(seconds=later_s), rules=RULES)
    assert isinstance(judged, Alert)
    assert judged.canonical() == accepted(FULL).canonical()


def test_a_repeat_without_a_push_time_is_a_repeat() -> None:
    """What has no push time means the same a minute later, though its clock starts then."""
    later = accepted(LEAST, NOON + timedelta(minutes=1))
    assert later.canonical() == accepted(LEAST).canonical()
    assert later.pushed_at > accepted(LEAST).pushed_at


def test_anything_else_said_is_another_meaning() -> None:
    """An upstream that corrects itself under the same reference is noticed."""
    others = [
        with_("risk", "L1"),
        with_("victim.name", "郭晓兰"),
        with_("signal.amount_yuan", 1234.51),
        with_("region", "140106"),
        with_("test", True),
        with_("victim.phone", "13800138001"),
        with_("pushed_at", "2026-11-22T11:35:01+08:00"),
        with_("suspect.phone", None),
    ]
    meanings = {accepted(other).canonical() for other in [FULL, *others]}
    assert len(meanings) == len(others) + 1


def test_what_is_personal_is_all_in_one_place() -> None:
    """Everything that tells who somebody is stands in `personal()`; sex and age band stay for the figures."""
    alert = accepted(FULL)
    personal = json.loads(orjson.dumps(alert.personal()))
    assert set(personal) == {"victim", "suspect"}
    assert set(personal["victim"]) == {"phone", "name", "id_number", "bank_card", "accounts", "address"}
    assert set(personal["suspect"]) == {"phone", "website", "ip", "device_kind"}
    assert (alert.victim.sex, alert.victim.age_band) == ("female", "30-44")


def test_a_log_line_by_mistake_tells_nothing() -> None:
    """Whoever prints an alert by mistake prints nobody's phone, name or number."""
    alert = accepted(FULL)
    for shown in (repr(alert), str(alert), repr(alert.victim), str(alert.suspect), f"{alert.victim}"):
        for secret in ("138", "郭", "1990", "6222", "shop", "迎春", "12345"):
            assert secret not in shown


SECRET = "Zq7泄露"


@given(
    st.sampled_from(FIELDS),
    st.sampled_from(
        [SECRET, SECRET + "\x00", SECRET * 600, [SECRET], {SECRET: SECRET}, {"name": SECRET, "phone": SECRET}, [[]]]
    ),
)
def test_no_fault_repeats_a_value(path: str, value: object) -> None:
    """Whatever a person's data is put where it does not belong, no fault, and so no log, repeats it."""
    judged = check(with_(path, value), now=NOON, rules=RULES)
    if isinstance(judged, Refused):
        assert all(SECRET not in fault.message for fault in judged.faults)
        assert all(fault.field == "$" or fault.field.startswith(path) for fault in judged.faults)
    else:
        assert SECRET not in repr(judged) or path in ("source_ref", "batch")


@given(JSON)
def test_any_json_is_judged(value: object) -> None:
    """Whatever JSON comes, it gets an answer with at least one reason, none twice for one field's kind."""
    for judged in (check(value, now=NOON, rules=RULES), read(sent(value), now=NOON, rules=RULES)):
        assert isinstance(judged, Refused)
        assert judged.faults


@given(st.sampled_from(FIELDS), JSON)
def test_any_value_in_any_field_is_judged(path: str, value: object) -> None:
    """Whatever stands in a field, the alert is taken or the field is named."""
    judged = check(with_(path, value), now=NOON, rules=RULES)
    if isinstance(judged, Refused):
        assert all(fault.field == "$" or fault.field.startswith(path.split(".")[0]) for fault in judged.faults)
    else:
        assert judged.canonical()
        assert orjson.dumps(judged.personal())


@given(st.binary(max_size=300) | st.binary(max_size=40).map(lambda tail: sent(LEAST)[:-1] + tail))
def test_any_bytes_are_judged(raw: bytes) -> None:
    """Whatever bytes come from the queue, the reader lives on."""
    judged = read(raw, now=NOON, rules=RULES)
    assert isinstance(judged, Alert) or judged.faults


@given(
    st.datetimes(),
    st.sampled_from(["", "Z", "z", "+14:00", "-12:00", "+0800"]),
)
def test_any_time_is_judged(wall: datetime, offset: str) -> None:
    """Whatever the calendar, a time is taken within its window or refused, never a crash."""
    for name in ("occurred_at", "pushed_at"):
        judged = check(LEAST | {name: wall.isoformat() + offset}, now=NOON, rules=RULES)
        if isinstance(judged, Refused):
            assert [fault.field for fault in judged.faults] == [name]
        else:
            when = getattr(judged, name)
            assert when.tzinfo is UTC
            assert NOON - timedelta(days=366) <= when <= NOON + timedelta(minutes=5)
