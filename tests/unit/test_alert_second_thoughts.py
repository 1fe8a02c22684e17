"""What an upstream may say of an alert afterwards: take it back, or say it anew."""

from __future__ import annotations

from typing import Any

import jsonschema
import pytest
from test_alert_reading import FULL, LEAST, NOON, RULES, accepted

from dispatcher.alert import Refused, Withdrawal, alert_json_schema, check

SCHEMA = jsonschema.Draft202012Validator(alert_json_schema())
NAME = {"source": "bank", "source_ref": "B-1"}


@pytest.mark.parametrize("more", [{}, {"reason": "wrong customer"}, {"risk": "L1", "batch": "B17"}])
def test_a_withdrawal_needs_only_a_name(more: dict[str, Any]) -> None:
    """The upstream says which alert, and that it is withdrawn; what else it says of it is not looked at."""
    told = NAME | {"withdraw": True} | more
    assert check(told, now=NOON, rules=RULES) == Withdrawal("bank", "B-1", more.get("reason"))
    assert SCHEMA.is_valid(told)


def test_a_whole_alert_may_be_withdrawn_as_it_was_sent() -> None:
    """An upstream that resends its record with one field more is understood, whatever is wrong with the record."""
    broken = FULL | {"withdraw": True, "victim": {"phone": "nonsense"}}
    assert isinstance(check(broken, now=NOON, rules=RULES), Withdrawal)


@pytest.mark.parametrize(
    ("told", "field"),
    [
        ({"source": "bank", "withdraw": True}, "source_ref"),
        (NAME | {"withdraw": True, "source": "nobody"}, "source"),
        (NAME | {"withdraw": True, "colour": "red"}, "colour"),
        (NAME | {"withdraw": True, "reason": "x" * 129}, "reason"),
        (NAME | {"withdraw": True, "reason": "1380013 8000 is wrong"}, "reason"),
        (NAME | {"withdraw": 1}, "withdraw"),
        (LEAST | {"reason": "stray"}, "reason"),
        (LEAST | {"revision": 0}, "revision"),
        (LEAST | {"revision": "2"}, "revision"),
    ],
)
def test_what_is_wrong_is_named(told: dict[str, Any], field: str) -> None:
    """Each field that is not right is named; the schema that upstreams are given refuses shapes too."""
    judged = check(told, now=NOON, rules=RULES)
    assert isinstance(judged, Refused)
    assert field in {fault.field for fault in judged.faults}
    if "is wrong" not in str(told) and "nobody" not in str(told):
        assert not SCHEMA.is_valid(told)


def test_the_revision_is_no_part_of_what_an_alert_means() -> None:
    """The same contents under a higher revision are a repeat."""
    assert accepted(FULL | {"revision": 7}).canonical() == accepted(FULL).canonical()
    assert (accepted(FULL | {"revision": 7}).revision, accepted(FULL).revision) == (7, 1)
    assert SCHEMA.is_valid(FULL | {"revision": 7, "withdraw": False})
