"""From bytes or parsed JSON to an alert, or to every reason why not. Never raises for what was sent.

size -> UTF-8 -> JSON (no field twice) -> schema and rules -> times in order -> Alert
"""

import json
from datetime import UTC, datetime
from typing import Any

from pydantic import ValidationError

from dispatcher.alert.alert import Alert, Withdrawal, understood
from dispatcher.alert.checks import Bench
from dispatcher.alert.doubles import Doubled, doubles_of, parsed_with_doubles, unique
from dispatcher.alert.faults import WHOLE, Fault, Refused, bounded, path_of, said
from dispatcher.alert.message import Message, Withdraw
from dispatcher.alert.rules import Rules
from dispatcher.alert.unencrypted import is_persons_number

BOM = b"\xef\xbb\xbf"
LONGEST_SOURCE = 64
LONGEST_REFERENCE = 128
OUT_OF_ORDER = Fault("pushed_at", "must not lie before occurred_at")

_decode = json.JSONDecoder(object_pairs_hook=unique).decode


def read(raw: bytes, *, now: datetime, rules: Rules) -> Alert | Withdrawal | Refused:
    """One JSON text, with or without a byte order mark, judged at the instant `now` (aware)."""
    if len(raw) > rules.max_bytes:
        return _refused(Fault(WHOLE, f"must be at most {rules.max_bytes} bytes long"))
    try:
        text = raw.removeprefix(BOM).decode("utf-8")
    except UnicodeDecodeError as fault:
        return _refused(Fault(WHOLE, f"must be UTF-8, and is not from byte {fault.start} on"))
    doubles: list[Fault] = []
    try:
        try:
            value = _decode(text)
        except (Doubled, ValueError):
            # slower, and tells where; also takes integers that have no end
            value = parsed_with_doubles(text)
            doubles = doubles_of(value)
    except json.JSONDecodeError as fault:
        where = f"line {fault.lineno}, column {fault.colno}"
        return _refused(Fault(WHOLE, f"must be JSON, and is not at {where}"))
    except RecursionError:
        return _refused(Fault(WHOLE, "must not be nested so deeply"))
    judged = check(value, now=now, rules=rules)
    if not doubles:
        return judged
    if isinstance(judged, Refused):
        return Refused(bounded([*doubles, *judged.faults]), judged.source, judged.source_ref)
    return Refused(bounded(doubles), judged.source, judged.source_ref)


def check(value: object, *, now: datetime, rules: Rules) -> Alert | Withdrawal | Refused:
    """One JSON value that was parsed elsewhere, judged at the instant `now` (aware)."""
    if not isinstance(value, dict):
        what = "must be one alert, an object" + (", not a list" if isinstance(value, list) else "")
        return _refused(Fault(WHOLE, what))
    bench = Bench(now.astimezone(UTC), rules)
    if value.get("withdraw") is True:
        return _withdrawal(value, bench)
    try:
        message = Message.model_validate(value, context=bench)
    except ValidationError as error:
        faults = _faults_of(error)
        if _times_out_of_order(value, bench) and not {"occurred_at", "pushed_at"} & {f.field for f in faults}:
            faults.append(OUT_OF_ORDER)
        return _refused_from(value, faults)
    if message.pushed_at and message.occurred_at and message.occurred_at > message.pushed_at + rules.ahead:
        return _refused_from(value, [OUT_OF_ORDER])
    return understood(message, now=bench.now, rules=rules)


def _withdrawal(value: dict[Any, Any], bench: Bench) -> Withdrawal | Refused:
    try:
        told = Withdraw.model_validate(value, context=bench)
    except ValidationError as error:
        return _refused_from(value, _faults_of(error))
    return Withdrawal(told.source, told.source_ref, told.reason)


def _faults_of(error: ValidationError) -> list[Fault]:
    return [_worded(detail) for detail in error.errors(include_url=False, include_input=False)]


def _worded(detail: Any) -> Fault:
    context = detail.get("ctx", {})
    return Fault(path_of(detail["loc"]), said(detail["type"], context, context.get("sentence", "")))


def _times_out_of_order(value: dict[Any, Any], bench: Bench) -> bool:
    """The one check between two fields, made whether or not the others failed."""
    pushed, occurred = _when(value.get("pushed_at")), _when(value.get("occurred_at"))
    return pushed is not None and occurred is not None and occurred > pushed + bench.rules.ahead


def _when(value: object) -> datetime | None:
    try:
        when = datetime.fromisoformat(value.upper()) if isinstance(value, str) else None
        return when.astimezone(UTC) if when is not None and when.tzinfo is not None else None
    except (ValueError, OverflowError):
        return None


def _refused(*faults: Fault) -> Refused:
    return Refused(faults, None, None)


def _refused_from(value: dict[Any, Any], faults: list[Fault]) -> Refused:
    source = _told(value.get("source"), LONGEST_SOURCE)
    return Refused(bounded(faults), source, _told(value.get("source_ref"), LONGEST_REFERENCE))


def _told(value: object, longest: int) -> str | None:
    """A name of the upstream's that can be kept and answered with, or None."""
    if not isinstance(value, str):
        return None
    trimmed = value.strip()
    keepable = 0 < len(trimmed) <= longest and trimmed.isprintable() and not is_persons_number(trimmed)
    return trimmed if keepable else None
