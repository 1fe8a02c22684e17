"""What is refused: each wrong field by its name, all of them at once, and bytes that are no alert at all."""

import pytest
from test_alert_reading import FULL, LEAST, NOON, RULES, faults, sent, with_

from dispatcher.alert import Alert, Refused, check, read


def raw_faults(raw: bytes) -> dict[str, str]:
    judged = read(raw, now=NOON, rules=RULES)
    assert isinstance(judged, Refused)
    return {fault.field: fault.message for fault in judged.faults}


@pytest.mark.parametrize(
    ("path", "wrong", "right"),
    [
        ("source", "stranger", "upstream known here"),
        ("source_ref", "", "must not be empty"),
        ("source_ref", 7, "must be text"),
        ("source_ref", "x" * 129, "at most 128 characters"),
        ("risk", "L9", "one of L1"),
        ("risk", ["L1"], "one of L1"),
        ("fraud_type", "lottery", "one of brush_rebate"),
        ("region", "140999", "six digits"),
        ("region", 140105, "six digits"),
        ("test", "false", "true or false"),
        ("pushed_at", "2026-11-22T11:35:00", "offset"),
        ("pushed_at", 1_763_000_000, "must be a time"),
        ("pushed_at", "2026-02-30T11:35:00+08:00", "that exists"),
        ("pushed_at", "0001-01-01T00:00:00+08:00", "that exists"),
        ("pushed_at", "2025-11-01T00:00:00Z", "366 days"),
        ("occurred_at", "2026-11-22T04:06:00Z", "future"),
        ("victim", [], "object"),
        ("victim.phone", "110", "mainland number"),
        ("victim.phone", 13800138000, "mainland number"),
        ("victim.phone", None, "mainland number"),
        ("victim.name", "郭\x00梅", "NUL"),
        ("victim.name", "郭\u202e梅", "control"),
        ("victim.name", "郭\n", "control"),
        ("victim.name", "郭" * 65, "at most 64"),
        ("victim.id_number", "140105199003070021", "check character"),
        ("victim.bank_card", "1234", "12 to 19 digits"),
        ("victim.accounts", "a", "must be a list"),
        ("victim.accounts", ["a"] * 21, "at most 20 items"),
        ("victim.sex", "m", "one of female"),
        ("victim.age_band", "30", "one of 0-17"),
        ("victim.address", "x" * 257, "at most 256"),
        ("suspect.ip", "10.0.0.1:80", "IPv4 or IPv6"),
        ("suspect.device_kind", "phone", "one of goip"),
        ("suspect.website", "a" * 2049, "at most 2048"),
        ("signal.call_count", -1, "at least 0"),
        ("signal.call_count", 1.5, "whole number"),
        ("signal.call_count", True, "whole number"),
        ("signal.call_seconds", 10**400, "at most 100000000"),
        ("signal.amount_yuan", 0.001, "two decimals"),
        ("signal.amount_yuan", -1, "from 0"),
        ("signal.amount_yuan", True, "from 0"),
        ("signal.amount_yuan", "12", "from 0"),
        ("signal.amount_yuan", 10**400, "from 0"),
        ("colour", "red", "no field of schema v1"),
        ("victim.nickname", "x", "no field of schema v1"),
    ],
    ids=lambda part: part if isinstance(part, str) and 0 < len(part) < 30 and part.isprintable() else "…",
)
def test_each_wrong_field_is_named_with_what_would_be_right(path: str, wrong: object, right: str) -> None:
    """An upstream that sends one wrong field learns which one and what is wanted there, and only that."""
    told = faults(with_(path, wrong))
    assert list(told) == [path]
    assert right in told[path]


def test_a_list_names_the_place() -> None:
    """One wrong account among several is told by its place."""
    assert list(faults(with_("victim.accounts", ["a", "", "b\x07"]))) == ["victim.accounts[1]", "victim.accounts[2]"]


def test_everything_wrong_is_told_at_once() -> None:
    """An upstream that gets all wrong learns all of it in one answer, the order of times included."""
    told = faults(
        {
            "source_ref": "B-1",
            "risk": "?",
            "fraud_type": "?",
            "occurred_at": "2026-11-22T04:00:00Z",
            "pushed_at": "2026-11-22T03:00:00Z",
            "region": "?",
            "victim": {"name": "\x00", "x": 1},
            "y": 2,
        }
    )
    assert set(told) == {
        *("source", "risk", "fraud_type", "region", "victim.phone", "victim.name", "victim.x", "y", "pushed_at")
    }


@pytest.mark.parametrize(
    ("raw", "field", "right"),
    [
        (b"", "$", "JSON"),
        (b'{"risk":\n  L1}', "$", "line 2, column 3"),
        (b"\xff\xfe{}", "$", "UTF-8"),
        (b"[]", "$", "not a list"),
        (b'"L1"', "$", "object"),
        (b"NaN", "$", "object"),
        (b"[" * 60_000, "$", "nested"),
        (b'{"a":' * 10_000, "$", "nested"),
        (b"1" * 60_000, "$", "object"),
        (b"x" * 65_537, "$", "at most 65536 bytes"),
        (b"x" * 10_000_000, "$", "at most 65536 bytes"),
        (b'{"victim":{"phone":"1\x00"}}', "$", "JSON"),
        (b'{"\\ud800":1}', "$", "surrogates"),
    ],
)
def test_what_is_no_alert_at_all(raw: bytes, field: str, right: str) -> None:
    """Rubbish on the queue is told what it is not, and the reader lives on."""
    assert right in raw_faults(raw)[field]


def test_a_mark_at_the_beginning() -> None:
    """An upstream on Windows, whose files begin with a byte order mark, is understood."""
    assert isinstance(read(b"\xef\xbb\xbf" + sent(FULL), now=NOON, rules=RULES), Alert)


def test_a_field_twice() -> None:
    """Two phones for one person are refused by name rather than one of them silently dropped."""
    raw = sent(LEAST).replace(b'"risk"', b'"source":"bank","risk"').replace(b'"phone"', b'"phone":"1","phone"')
    assert raw_faults(raw) == {"source": "must stand only once", "victim.phone": "must stand only once"}
    raw = raw.replace(b"13800138000", b"12").replace(b'{"source"', b'{"accounts":[{"a":1,"a":2}],"source"')
    told = raw_faults(raw)
    assert "must stand only once" in told["accounts[0].a"]
    assert "victim.phone" in told


def test_numbers_without_end_are_told_by_their_field() -> None:
    """A count of five thousand digits is too high, not a crash."""
    raw = sent(FULL).replace(b'"call_count": 2', b'"call_count": ' + b"9" * 5000)
    raw = raw.replace(b"1234.5", b"NaN").replace(b'"call_seconds": 300', b'"call_seconds": 1e999')
    assert set(raw_faults(raw)) == {"signal.call_count", "signal.call_seconds", "signal.amount_yuan"}


def test_a_thousand_strange_fields() -> None:
    """An answer stays short enough to read, and says how much more there is."""
    judged = check({f"a{'b' * at}": 1 for at in range(1000)}, now=NOON, rules=RULES)
    assert isinstance(judged, Refused)
    assert len(judged.faults) == 101
    assert "905 more" in judged.faults[-1].message


def test_a_field_whose_name_is_a_phone_number() -> None:
    """A person's number put in a name's place is not repeated either."""
    told = faults(LEAST | {"13800138000": 1, "x" * 300: 2, "备注": 3})
    assert set(told) == {"(unnameable field)", "备注"}


@pytest.mark.parametrize(
    "number", ["13800138000", "+8613800138000", "008613800138000", "86 138-0013-8000", "11010119900307451x"]
)
def test_a_name_is_nobodys_number(number: str) -> None:
    """An upstream used the person's own number as reference and batch: refused, and kept and told nowhere in clear."""
    judged = check(LEAST | {"source_ref": number, "batch": number}, now=NOON, rules=RULES)
    assert isinstance(judged, Refused)
    assert {fault.field for fault in judged.faults} == {"source_ref", "batch"}
    assert all("unencrypted" in fault.message and number not in fault.message for fault in judged.faults)
    assert judged.source_ref is None


@pytest.mark.parametrize("number", ["1380013800", "138001380001", "845678901234567890", "B-13800138000"])
def test_a_counter_is_a_good_reference(number: str) -> None:
    """An upstream counts its alerts: a number that is no person's is taken."""
    assert isinstance(check(LEAST | {"source_ref": number}, now=NOON, rules=RULES), Alert)
