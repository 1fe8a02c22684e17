"""Wrong lines for a sample, one kind after another: what a door must refuse, and name the reason of."""

import json
from collections.abc import Callable
from random import Random
from typing import Any

Spoiler = Callable[[dict[str, Any]], str]


def malformed_line(place: int, source_ref: str, pushed: str, chance: Random) -> str:
    """The wrong line number `place`; the kinds of FAULTS take turns. One line, without its end."""
    alert: dict[str, Any] = {
        "source": "manual",
        "source_ref": source_ref,
        "risk": "L4",
        "fraud_type": "other",
        "pushed_at": pushed,
        "region": "140105",
        "victim": {"phone": f"139{chance.randrange(9_900):04d}{chance.randrange(9_900):04d}"},
    }
    return list(FAULTS.values())[place % len(FAULTS)](alert)


def _line(alert: dict[str, Any]) -> str:
    return json.dumps(alert, ensure_ascii=False, separators=(",", ":"))


def _with(**fields: object) -> Spoiler:
    return lambda alert: _line(alert | fields)


def _with_victim(**fields: object) -> Spoiler:
    return lambda alert: _line(alert | {"victim": alert["victim"] | fields})


FAULTS: dict[str, Spoiler] = {
    "no phone": _with(victim={"age_band": "30-44"}),
    "unknown level": _with(risk="L9"),
    "cut short": lambda alert: _line(alert)[:-20],
    "unknown region": _with(region="149999"),
    "time without offset": lambda alert: _line(alert | {"pushed_at": alert["pushed_at"][:19]}),
    "NUL": _with_victim(name="无\x00名"),
    "unknown type": _with(fraud_type="lottery"),
    "field twice": lambda alert: _line(alert)[:-1] + ',"risk":"L1"}',
    "unknown field": _with(priority="high"),
    "wrong type": _with(signal={"call_count": "three"}),
    "not a number": lambda alert: _line(alert | {"signal": {"amount_yuan": float("nan")}}),
    "no mainland phone": _with_victim(phone="12345"),
    "identity number's check": _with_victim(id_number="140105199003070000"),
    "long ago": _with(pushed_at="1999-01-01T00:00:00+08:00"),
    "a list": lambda alert: f"[{_line(alert)}]",
}
